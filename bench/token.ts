/**
 * Cold verification of one token against the bare signature check, on the same tokens.
 *
 * `pairs` is what a harness runs; alone (`node --conditions=source bench/token.ts`) this file prints them, with jose and
 * fast-jwt beside them. The bare check is handed what costs Node least: a bare key, and an ECDSA signature in DER too.
 */
import { ClaimExtractor } from "@jotgate/core/ClaimExtractor"
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
import { measureAgainstPromise, type Pair, type PromisePair, report, row } from "./Measure.ts"
import { publicKeyOf, rawCheck, rawCheckAsCarried } from "./RawCheck.ts"

const now = 1_781_823_070
const iss = "https://a.idp.test"
const algorithms = ["RS256", "ES256", "EdDSA"] as const
/** ES256 is held against the check as a token carries it, which is what other libraries do. */
const targets = { RS256: 0.7, ES256: 0, EdDSA: 0.85 }

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
  const extractor = yield* Effect.promise(() => ManagedRuntime.make(ClaimExtractor.layer).runPromise(ClaimExtractor))
  const time = { time: now * 1000, ticks: 0, note: undefined }
  const pairs: Array<Pair> = []
  const promises: Array<PromisePair> = []
  for (const key of issuer.keys) {
    const small = yield* issuer.token({ now, kid: key.kid, claims: profile })
    const large = yield* issuer.token({ now, kid: key.kid, claims: { ...profile, groups } })
    // Strict parse, check and the reading of the claims, as a decision does it on a token it has not seen.
    const judge = (text: string) => () => {
      const verified = Effect.runSyncExit(token.verify(text, time))
      if (!Exit.isSuccess(verified)) throw new Error("not verified")
      return extractor.extract(verified.value)
    }
    const publicKey = publicKeyOf(key)
    const raw = rawCheck(small, key)
    const fast = createVerifier({
      key: publicKey.export({ type: "spki", format: "pem" }).toString(),
      clockTimestamp: now * 1000
    })
    pairs.push({
      name: `${key.algorithm}, ${small.length} characters, of raw crypto.verify`,
      ratio: targets[key.algorithm as keyof typeof targets],
      candidate: judge(small),
      baseline: raw
    })
    if (key.algorithm === "ES256") {
      pairs.push({
        name: `${key.algorithm}, of raw crypto.verify with r and s side by side`,
        ratio: 0.85,
        candidate: judge(small),
        baseline: rawCheckAsCarried(small, key)
      })
    }
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
      name: `${key.algorithm}, ${small.length} characters, of jose`,
      candidate: judge(small),
      baseline: () => jwtVerify(small, imported, { currentDate: new Date(now * 1000) })
    })
  }
  return { pairs, promises }
})

/** What a harness runs. */
export const { pairs, promises } = await Effect.runPromise(prepare)

if (import.meta.main) {
  for (const pair of pairs) report(pair)
  for (const pair of promises) row(pair.name, await measureAgainstPromise(pair), 0)
}
