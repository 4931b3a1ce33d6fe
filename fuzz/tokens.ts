/**
 * Mutates tokens and key sets against two oracles: the verifier never has a defect, and never accepts what jose refuses.
 *
 * Half of the mutated tokens are signed again by their rightful key, so that a strange header or payload is met behind
 * a good signature. Where one member of a set is bad, jose is asked about the members that are objects, one by one.
 */
import { Issuers } from "@jotgate/core/Issuer"
import * as KeySet from "@jotgate/core/KeySet"
import { KeyStore } from "@jotgate/core/KeyStore"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import { Algorithms } from "@jotgate/core/Settings"
import { Issuer } from "@jotgate/core/testing"
import { Token } from "@jotgate/core/Token"
import { Effect, Exit, Layer, ManagedRuntime, Result } from "effect"
import { importJWK, type JWK, jwtVerify } from "jose"
import { changed, damaged, type Draw, generator, pick } from "./Mutation.ts"

const now = 1_781_823_070
const iss = "https://a.idp.test"
const at = { time: now * 1000, ticks: 0, note: undefined }

/** What was done, and what was found. */
export interface Report {
  readonly seed: number
  readonly tokens: number
  readonly accepted: number
  readonly sets: number
  readonly usable: number
  readonly findings: ReadonlyArray<string>
}

const noOpaque = Layer.succeed(OpaqueToken, {
  verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
})

/** Whether jose, asked with one key, believes a token. */
const believes = async (token: string, jwk: Readonly<Record<string, unknown>>): Promise<boolean> => {
  try {
    const [head = ""] = token.split(".")
    const header: { readonly alg?: string; readonly kid?: string } = JSON.parse(
      Buffer.from(head, "base64url").toString()
    )
    if (header.kid !== undefined && header.kid !== jwk.kid) return false
    // Both names of one algorithm; jose takes a JWK's own name literally (RFC 9864).
    const alg = jwk.kty === "OKP" ? header.alg : jwk.alg ?? header.alg
    const key = await importJWK({ ...jwk, alg } as JWK, header.alg)
    await jwtVerify(token, key, {
      issuer: iss,
      audience: "https://api.test",
      algorithms: [...Algorithms],
      clockTolerance: 60,
      currentDate: new Date(now * 1000),
      requiredClaims: ["exp"]
    })
    return true
  } catch {
    return false
  }
}

const anyBelieves = async (token: string, members: ReadonlyArray<unknown>): Promise<boolean> => {
  for (const member of members) {
    if (typeof member === "object" && member !== null && await believes(token, { ...member })) return true
  }
  return false
}

const headerNames = ["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "x5u", "enc", "zip", "cty", "__proto__"]
const claimNames = [
  "iss",
  "aud",
  "sub",
  "exp",
  "nbf",
  "iat",
  "jti",
  "cnf",
  "scope",
  "nonce",
  "typ",
  "__proto__",
  "constructor"
]
const keyNames = ["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e", "d", "k", "x5c", "__proto__"]

/** A header or a payload: as it should be, with one member changed, or with its text damaged. */
const mutate = (draw: Draw, object: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>): string => {
  let text = draw(3) === 0 ? JSON.stringify(object) : changed(draw, object, names)
  for (let times = draw(3); times > 1; times--) text = damaged(draw, text)
  return text
}

const mutatedToken = (draw: Draw, issuer: Issuer.TestIssuer, good: ReadonlyArray<string>): Effect.Effect<string> => {
  if (draw(2) === 0) {
    let text = pick(draw, good)
    for (let times = 1 + draw(3); times > 0; times--) text = damaged(draw, text)
    return Effect.succeed(text)
  }
  const key = pick(draw, issuer.keys)
  const header = mutate(draw, Issuer.headerOf(key), headerNames)
  const payload = mutate(draw, Issuer.claimsOf(iss, now), claimNames)
  return Issuer.signAnything(key, header, payload)
}

const mutatedSet = (draw: Draw, members: ReadonlyArray<Readonly<Record<string, unknown>>>): string => {
  const texts = members.map((member) => draw(2) === 0 ? JSON.stringify(member) : changed(draw, member, keyNames))
  let text = `{"keys":[${texts.join(",")}]}`
  if (draw(3) === 0) text = damaged(draw, text)
  return text
}

/** Runs for so many seconds; the same seed mutates alike. */
export const run: (seconds: number, seed: number) => Effect.Effect<Report> = Effect.fnUntraced(
  function*(seconds, seed) {
    const draw = generator(seed)
    const issuer = yield* Issuer.make(iss, ["ES256", "RS256", "EdDSA", "ES384"])
    const layer = Token.layer.pipe(
      Layer.provide([KeyStore.layerMemory({ "a.idp.test": issuer.jwks }), noOpaque]),
      Layer.provide([Issuers.layer([issuer.settings()]), NodeSignature.layer])
    )
    const token = yield* Effect.promise(() => ManagedRuntime.make(layer).runPromise(Token))
    const good = yield* Effect.forEach(issuer.keys, ({ kid }) => issuer.token({ now, kid }))
    const findings: Array<string> = []
    let [tokens, accepted, sets, usable] = [0, 0, 0, 0]

    const tryToken = Effect.fnUntraced(function*(text: string) {
      tokens++
      const exit = Effect.runSyncExit(token.verify(text, at))
      if (Exit.isSuccess(exit)) {
        accepted++
        if (!(yield* Effect.promise(() => anyBelieves(text, issuer.jwks.keys)))) {
          findings.push(`jose refuses the token ${text}`)
        }
      } else if (Exit.hasDies(exit)) findings.push(`defect on the token ${JSON.stringify(text)}`)
    })

    const trySet = Effect.fnUntraced(function*(text: string) {
      sets++
      const exit = yield* Effect.exit(Effect.gen(function*() {
        const set = KeySet.parse(text)
        return Result.isFailure(set) ? undefined : yield* KeySet.prepare(set.success, NodeSignature.make, Algorithms)
      }))
      if (Exit.isFailure(exit)) return void findings.push(`defect on the set ${JSON.stringify(text)}`)
      const keys = exit.value
      if (keys === undefined) return
      const document: { readonly keys: ReadonlyArray<unknown> } = JSON.parse(text)
      for (const [i, key] of issuer.keys.entries()) {
        const text = good[i] ?? ""
        const signed = text.slice(0, text.lastIndexOf("."))
        for (const found of keys.select(key)) {
          usable++
          if (
            (yield* found.verify(signed, text.slice(signed.length + 1))) &&
            !(yield* Effect.promise(() => anyBelieves(text, document.keys)))
          ) {
            findings.push(`jose refuses the set ${JSON.stringify(document)}`)
          }
        }
      }
    })

    const end = performance.now() + seconds * 1000
    while (performance.now() < end && findings.length < 10) {
      for (let i = 0; i < 100; i++) yield* tryToken(yield* mutatedToken(draw, issuer, good))
      for (let i = 0; i < 10; i++) yield* trySet(mutatedSet(draw, issuer.jwks.keys))
    }
    return { seed, tokens, accepted, sets, usable, findings }
  }
)
