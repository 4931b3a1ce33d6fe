/** What the tests of tokens share: two issuers that both publish, a third that nobody lists, and a verifier on them. */
import { Effect, Exit, Layer } from "effect"
import { Issuers } from "../../src/issuer/Issuer.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { OpaqueToken } from "../../src/opaque/OpaqueToken.ts"
import type { Issuer as IssuerSettings } from "../../src/Settings.ts"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { Token } from "../../src/Token.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { TokenRefused } from "../../src/token/Refusal.ts"
import type { Signature } from "../../src/token/Signature.ts"
import type { Now } from "../../src/Trace.ts"

/** Unix seconds at which every token of these tests is judged. */
export const now = 1_781_823_070

export const at = (seconds: number): Now => ({ time: seconds * 1000, ticks: 0, note: undefined })

/** Takes the tokens that reach it and believes none. */
export const opaque = (seen: Array<string> = []) =>
  Layer.succeed(OpaqueToken, {
    verify: (token) => {
      seen.push(token)
      return Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
    }
  })

/** A verifier with the given issuers, each with its inline set. */
export const layer = (
  settings: ReadonlyArray<IssuerSettings>,
  options: { readonly seen?: Array<string>; readonly signature?: Layer.Layer<Signature>; readonly maxLength?: number } =
    {}
) => {
  const sets = Object.fromEntries(settings.map(({ id, jwks }) => [id, jwks]))
  const token = options.maxLength === undefined ? Token.layer : Token.layerWith({ maxLength: options.maxLength })
  return token.pipe(
    Layer.provide([KeyStore.layerMemory(sets), opaque(options.seen)]),
    Layer.provide([Issuers.layer(settings), options.signature ?? NodeSignature.layer])
  )
}

/** How a token fares: the reason of its refusal, `unavailable`, or `accepted`. */
export const verdict = (token: string, seconds = now) =>
  Token.use((it) => it.verify(token, at(seconds))).pipe(
    Effect.map(() => "accepted"),
    Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed<string>(reason)),
    Effect.catchTag("IssuerUnavailable", () => Effect.succeed("unavailable"))
  )

/** The verdicts of a table of tokens, by name. */
export const verdicts = Effect.fnUntraced(function*(tokens: Readonly<Record<string, Effect.Effect<string> | string>>) {
  const all: Record<string, string> = {}
  for (const [name, token] of Object.entries(tokens)) {
    all[name] = yield* verdict(typeof token === "string" ? token : yield* token)
  }
  return all
})

const iss = (letter: string) => `https://${letter}.idp.test`

/** Issuer A with one key of every family, and what stands beside it. Made once per test file. */
export const world = Effect.runPromise(Effect.gen(function*() {
  return {
    a: yield* TestIssuer.make(iss("a"), ["ES256", "RS256", "Ed25519", "PS384", "ES384", "ES512", "EdDSA"]),
    b: yield* TestIssuer.make(iss("b")),
    c: yield* TestIssuer.make(iss("c")),
    evil: yield* TestIssuer.make("https://evil.test", ["ES256", "RS256"])
  }
}))
