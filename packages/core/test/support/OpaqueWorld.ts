/** What the tests of opaque tokens share: issuers that answer about them, and how a token ends. */
import { Effect, Layer, Redacted } from "effect"
import { Cache } from "../../src/cache/Cache.ts"
import { Issuers } from "../../src/issuer/Issuer.ts"
import type { OutboundRequest } from "../../src/issuer/Outbound.ts"
import { KeyStore } from "../../src/keys/KeyStore.ts"
import { SavedKeys } from "../../src/keys/SavedKeys.ts"
import { OpaqueToken } from "../../src/opaque/OpaqueToken.ts"
import type { Issuer } from "../../src/Settings.ts"
import { Secrets } from "../../src/settings/Secrets.ts"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { now, settings } from "./KeyStoreWorld.ts"

export const A = "https://a.idp.test"
export const B = "https://b.idp.test"

/** Settings that enable introspection at an origin. */
export const introspecting = (more: object = {}, origin = A, prefix = "") => ({
  opaque: {
    introspection: { url: `${origin}/introspect`, clientId: "gate", clientSecret: "env:SECRET", ...more },
    prefix
  }
})

/** Opaque tokens, keys and issuers over hostile ones. */
export const over = (
  issuers: ReadonlyArray<Issuer>,
  hostile: ReadonlyArray<Hostile.HostileIssuer>,
  secrets: Readonly<Record<string, string>> = { "env:SECRET": "hush" }
) =>
  OpaqueToken.layer.pipe(
    Layer.provideMerge(KeyStore.layer),
    Layer.provideMerge(Issuers.layer(issuers)),
    Layer.provide([
      Cache.layer,
      Hostile.layer(...hostile),
      NodeSignature.layer,
      SavedKeys.layerMemory,
      Secrets.layerTest(secrets)
    ])
  )

/** One issuer A with more settings, whose endpoints for opaque tokens behave as told. */
export const world = (
  more: object,
  behaviour: Hostile.Behaviour,
  secrets: Readonly<Record<string, string>> = { "env:SECRET": "hush" }
) => {
  const issuer = Hostile.HostileIssuer.make(A, []).on("/introspect", behaviour).on("/userinfo", behaviour)
  return { issuer, live: over([settings(A, more)], [issuer], secrets) }
}

/** How a token ends: `allowed`, the reason of a refusal, or `503`. */
export const outcome = Effect.fnUntraced(function*(token: string) {
  const opaque = yield* OpaqueToken
  return yield* opaque.verify(token, yield* now).pipe(
    Effect.as("allowed"),
    Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed(reason)),
    Effect.catchTag("IssuerUnavailable", () => Effect.succeed("503"))
  )
})

/** The members of the form of a request. */
export const formOf = (request: OutboundRequest | undefined): Record<string, string> =>
  request?.form === undefined ? {} : Object.fromEntries(new URLSearchParams(Redacted.value(request.form)))

/** The token that a request asks about. */
export const tokenOf = (request: OutboundRequest | undefined): string =>
  formOf(request)["token"] ??
    (request?.authorization === undefined ? "" : Redacted.value(request.authorization).replace("Bearer ", ""))

/** The forms that the introspection endpoint of an issuer received. */
export const asked = (issuer: Hostile.HostileIssuer): ReadonlyArray<Record<string, string>> =>
  issuer.hits.filter(({ path }) => path === "/introspect").map(({ request }) => formOf(request))
