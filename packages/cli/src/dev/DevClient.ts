/**
 * Asks a running `jotgate dev` for a token of one of its people.
 *
 * The gate says who its issuer is (RFC 9728), the issuer where its token
 * endpoint is. Only an issuer on loopback is asked: no other one hands out
 * tokens to whoever asks.
 */
import { isLoopback } from "@jotgate/server/GatewaySettings"
import { Effect, Schema } from "effect"
import { silence } from "../Address.ts"
import { failure } from "../Outcome.ts"

const Metadata = Schema.Struct({ authorization_servers: Schema.Array(Schema.String) })
const Discovery = Schema.Struct({ token_endpoint: Schema.String })
const Answer = Schema.Union([
  Schema.Struct({ access_token: Schema.String }),
  Schema.Struct({ error: Schema.String, error_description: Schema.optionalKey(Schema.String) })
])

/** What a token should be like. */
export interface TokenOptions {
  /** Seconds; negative for a token that has expired. */
  readonly life?: number
  readonly algorithm?: "ES256" | "RS256"
}

const patience = "5 seconds"

const ask = <A>(schema: Schema.Codec<A, unknown>, url: string, init: RequestInit = {}) =>
  Effect.tryPromise({
    try: async (signal): Promise<unknown> => (await fetch(url, { ...init, signal })).json(),
    catch: (error) => failure(silence(url, error, ": is jotgate dev running?"))
  }).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => failure(`${url} does not answer in time`) }),
    Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    Effect.catchTag("SchemaError", () => failure(`${url} does not answer as jotgate dev does`))
  )

/** A token of `person` from this issuer. */
export const tokenFrom = Effect.fnUntraced(function*(issuer: string, person: string, options: TokenOptions = {}) {
  const host = URL.canParse(issuer) ? new URL(issuer).hostname : ""
  if (!isLoopback(host)) return yield* failure(`${issuer} is no dev issuer: it has no people to pick`)
  const { token_endpoint } = yield* ask(Discovery, `${issuer}/.well-known/openid-configuration`)
  const answer = yield* ask(Answer, token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: person,
      ...(options.life === undefined ? {} : { expires_in: String(options.life) }),
      ...(options.algorithm === undefined ? {} : { alg: options.algorithm })
    })
  })
  return "access_token" in answer
    ? answer.access_token
    : yield* failure(`there is no person ${person}: ${answer.error_description ?? answer.error}`)
})

/** The issuer of a running gate. */
export const issuerOf = Effect.fnUntraced(function*(gate: string) {
  const { authorization_servers: [issuer] } = yield* ask(
    Metadata,
    `${gate.replace(/\/$/, "")}/.well-known/oauth-protected-resource`
  )
  return issuer ?? (yield* failure(`${gate} trusts no issuer`))
})
