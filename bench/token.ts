/**
 * Cold verification of one token against the bare signature check, on the same tokens.
 *
 * `pairs` is what a harness runs; alone (`node --conditions=source bench/token.ts`) this file interleaves the two in
 * short rounds, counts CPU time and prints the ratio's minimum, median and maximum. jose and fast-jwt stand beside it.
 */
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import { Issuer } from "@jotgate/core/testing"
import { Token } from "@jotgate/core/Token"
import { Effect, Exit, Layer, ManagedRuntime } from "effect"
import { createVerifier } from "fast-jwt"
import { importJWK, jwtVerify } from "jose"
import { createPublicKey, verify } from "node:crypto"

/** Two ways of doing one thing; `ratio` is how much of the baseline's speed the candidate must reach. */
export interface Pair {
  readonly name: string
  readonly ratio: number
  readonly candidate: () => unknown
  readonly baseline: () => unknown
}

const now = 1_781_823_070
const iss = "https://a.idp.test"
const algorithms = ["RS256", "ES256", "EdDSA"] as const
const targets = { RS256: 0.7, ES256: 0.85, EdDSA: 0.85 }

/** About 1 kB, as an identity provider fills it. */
const profile = {
  email: "ada@acme.test",
  email_verified: true,
  name: "Ada Lovelace",
  groups: ["llm-red", "llm-blue", "everyone"],
  realm_access: { roles: ["internal_user", "offline_access"] },
  customer: { id: "c-1" },
  sid: "tIRh41sfgvRa",
  acr: "1",
  "allowed-origins": ["http://127.0.0.1"],
  given_name: "Ada",
  preferred_username: "ada"
}
const groups = Array.from({ length: 300 }, (_, i) => `llm-group-name-number-${i}`)

const noOpaque = Layer.succeed(OpaqueToken, {
  verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
})

const prepare = Effect.gen(function*() {
  const issuer = yield* Issuer.make(iss, algorithms)
  const settings = [issuer.settings()]
  const layer = Token.layer.pipe(
    Layer.provide([KeyStore.layerMemory({ "a.idp.test": issuer.jwks }), noOpaque]),
    Layer.provide([Issuers.layer(settings), NodeSignature.layer])
  )
  const token = yield* Effect.promise(() => ManagedRuntime.make(layer).runPromise(Token))
  const time = { time: now * 1000, ticks: 0, note: undefined }
  const pairs: Array<Pair> = []
  const promises: Array<{ readonly name: string; readonly run: () => Promise<unknown> }> = []
  for (const key of issuer.keys) {
    const small = yield* issuer.token({ now, kid: key.kid, claims: profile })
    const large = yield* issuer.token({ now, kid: key.kid, claims: { ...profile, groups } })
    const judge = (text: string) => () => {
      if (!Exit.isSuccess(token.verify(text, time) as Exit.Exit<unknown, unknown>)) throw new Error("not verified")
    }
    const [signed = "", signature = ""] = [
      small.slice(0, small.lastIndexOf(".")),
      small.slice(small.lastIndexOf(".") + 1)
    ]
    const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: "jwk" })
    const data = Buffer.from(signed)
    const bytes = Buffer.from(signature, "base64url")
    const options = key.algorithm === "ES256" ? { key: publicKey, dsaEncoding: "ieee-p1363" as const } : publicKey
    const digest = key.algorithm === "EdDSA" ? null : "sha256"
    const ratio = targets[key.algorithm as keyof typeof targets]
    const raw = () => verify(digest, data, options, bytes)
    const fast = createVerifier({
      key: publicKey.export({ type: "spki", format: "pem" }).toString(),
      clockTimestamp: now * 1000
    })
    pairs.push({
      name: `${key.algorithm}, ${small.length} characters, of raw crypto.verify`,
      ratio,
      candidate: judge(small),
      baseline: raw
    })
    pairs.push({
      name: `${key.algorithm}, raw crypto.verify of itself (noise)`,
      ratio: 0,
      candidate: raw,
      baseline: raw
    })
    pairs.push({
      name: `${key.algorithm}, fast-jwt of raw crypto.verify`,
      ratio: 0,
      candidate: () => fast(small),
      baseline: raw
    })
    pairs.push({
      name: `${key.algorithm}, ${large.length} characters of ${small.length}`,
      ratio: 0.25,
      candidate: judge(large),
      baseline: judge(small)
    })
    const imported = yield* Effect.promise(() => importJWK({ ...key.publicJwk }, key.algorithm))
    promises.push({
      name: `${key.algorithm}, jose`,
      run: () => jwtVerify(small, imported, { currentDate: new Date(now * 1000) })
    })
  }
  return { pairs, promises }
})

/** What a harness runs. */
export const { pairs, promises } = await Effect.runPromise(prepare)

const cpuMicros = (run: () => unknown, times: number): number => {
  const start = process.cpuUsage()
  for (let i = 0; i < times; i++) run()
  const { system, user } = process.cpuUsage(start)
  return user + system
}

/** The ratio of the candidate's speed to the baseline's: minimum, median, maximum of `rounds`. */
export const measure = (
  { baseline, candidate }: Pair,
  rounds = 15,
  times = 1000
): readonly [number, number, number] => {
  const ratios: Array<number> = []
  for (let round = -2; round < rounds; round++) {
    let [slow, fast] = [0, 0]
    for (let slice = 0; slice < 10; slice++) {
      slow += cpuMicros(candidate, times / 10)
      fast += cpuMicros(baseline, times / 10)
    }
    if (round >= 0) ratios.push(fast / slow)
  }
  ratios.sort((left, right) => left - right)
  return [ratios[0] ?? 0, ratios[ratios.length >> 1] ?? 0, ratios.at(-1) ?? 0]
}

if (import.meta.main) {
  for (const pair of pairs) {
    const [low, median, high] = measure(pair)
    const verdict = pair.ratio === 0 ? "" : median >= pair.ratio ? `  at least ${pair.ratio}` : `  BELOW ${pair.ratio}`
    console.log(`${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})  ${pair.name}${verdict}`)
  }
  for (const { name, run } of promises) {
    for (let i = 0; i < 500; i++) await run()
    const start = process.cpuUsage()
    for (let i = 0; i < 2000; i++) await run()
    const { system, user } = process.cpuUsage(start)
    console.log(`${((user + system) / 2000).toFixed(1)} µs CPU  ${name}`)
  }
}
