/**
 * An identity provider for one machine and one afternoon: discovery, a key set
 * with ES256 and RS256, and a token endpoint where one picks a person.
 *
 * Whoever can reach it is whoever they say, so it exists inside `jotgate dev`
 * alone, on loopback, with keys made at the start and kept nowhere.
 */
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect } from "effect"
import * as DevWorld from "./DevWorld.ts"
import * as LocalServer from "./LocalServer.ts"

export interface DevIssuer {
  readonly url: string
  /** A fresh token; `undefined` when nobody has this id. `life`: seconds, negative for one that has expired. */
  readonly token: (
    person: string,
    options?: { readonly life?: number; readonly algorithm?: "ES256" | "RS256" }
  ) => Effect.Effect<string | undefined>
}

/** How long a token lives, in seconds. */
const life = 3_600

/** Starts the issuer; it ends with the scope. */
export const make = Effect.gen(function*() {
  const [elliptic, rsa] = yield* Effect.all([Issuer.makeKey("ES256", "dev-1"), Issuer.makeKey("RS256", "dev-2")], {
    concurrency: 2
  })
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())

  const sign = (iss: string): DevIssuer["token"] => (person, options = {}) =>
    Effect.suspend(() => {
      const [id, agent] = person.split("+")
      const found = DevWorld.people.find((it) => it.id === id)
      if (found === undefined) return Effect.succeed(undefined)
      const now = Math.floor(clock.currentTimeMillisUnsafe() / 1000)
      const lasts = options.life ?? life
      const key = options.algorithm === "RS256" ? rsa : elliptic
      return Issuer.signAnything(key, Issuer.headerOf(key), {
        iss,
        ...DevWorld.claimsOf(found),
        ...(agent === undefined ? {} : { act: { sub: agent } }),
        iat: Math.min(now, now + lasts - 1),
        exp: now + lasts
      })
    })

  const url = yield* LocalServer.serve((issuer): LocalServer.Handler => {
    const token = sign(issuer)
    return (request, body, response) => {
      const path = (request.url ?? "/").split("?", 1)[0]
      if (path === "/.well-known/openid-configuration") {
        return LocalServer.json(response, 200, {
          issuer,
          jwks_uri: `${issuer}/jwks`,
          token_endpoint: `${issuer}/token`,
          grant_types_supported: ["client_credentials"],
          response_types_supported: ["token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256", "RS256"]
        })
      }
      if (path === "/jwks") return LocalServer.json(response, 200, { keys: [elliptic.publicJwk, rsa.publicJwk] })
      if (path !== "/token" || request.method !== "POST") return LocalServer.json(response, 404, { error: "not_found" })
      const form = new URLSearchParams(body)
      if ((form.get("grant_type") ?? "client_credentials") !== "client_credentials") {
        return LocalServer.json(response, 400, { error: "unsupported_grant_type" })
      }
      const lasts = Number(form.get("expires_in") ?? life)
      const algorithm = form.get("alg") === "RS256" ? "RS256" : "ES256"
      run(token(form.get("client_id") ?? "", { life: Number.isFinite(lasts) ? lasts : life, algorithm })).addObserver(
        (exit) => {
          const made = exit._tag === "Success" ? exit.value : undefined
          if (made === undefined) {
            LocalServer.json(response, 400, {
              error: "invalid_client",
              error_description: `client_id must be one of ${DevWorld.people.map((it) => it.id).join(", ")}`
            })
          } else {
            LocalServer.json(response, 200, { access_token: made, token_type: "Bearer", expires_in: lasts })
          }
        }
      )
    }
  })
  return { url, token: sign(url) } satisfies DevIssuer
})
