/**
 * Token introspection (RFC 7662).
 *
 * `active: true` is not enough: the token must be meant for us, by an accepted
 * client or audience, or any other client's token would do (threat D05). An
 * issuer that refuses our own credentials is an operator's mistake, hence 503
 * and a log line, never a refusal of the caller's token.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { make as makeCredentials } from "../issuer/ClientAuthentication.ts"
import type { IssuerProfile } from "../issuer/Issuer.ts"
import type { IssuerClient } from "../issuer/IssuerClient.ts"
import type { OutboundAnswer } from "../issuer/Outbound.ts"
import type { JsonObject } from "../Json.ts"
import * as Json from "../Json.ts"
import type { Introspection as Settings } from "../Settings.ts"
import type { Secrets } from "../settings/Secrets.ts"
import type { Claims } from "../token/Claims.ts"
import { shown } from "../token/Refusal.ts"
import { believe, noAnswer, refuse, retryAfterOf, unavailable, type Verdict } from "./OpaqueAnswer.ts"

/** Error codes by which an issuer refuses a token and not us. */
const tokenErrors: ReadonlySet<unknown> = new Set(["invalid_token", "unsupported_token_type"])

/** Kinds of tokens that are bearer access tokens (RFC 6749 §7.1, RFC 8693 §3). */
const bearerTypes = new Set(["bearer", "access_token", "urn:ietf:params:oauth:token-type:access_token"])

const objectOf = (text: string): JsonObject | undefined => {
  const json = Json.parse(text)
  return Result.isSuccess(json) && Json.isObject(json.success) ? json.success : undefined
}

const textsOf = (value: unknown): ReadonlyArray<unknown> =>
  typeof value === "string" ? [value] : Array.isArray(value) ? value : []

/**
 * Whether the token is for us: by `accept`, and when that is empty by the audience of the issuer; or for one of these
 * resources.
 */
export const isAccepted = (
  { accept }: Settings,
  { audiences }: IssuerProfile,
  { aud, client_id }: JsonObject,
  resources: Iterable<string>
): boolean => {
  const found = textsOf(aud)
  const named = (accepted: Iterable<string>) => {
    for (const one of accepted) if (found.includes(one)) return true
    return false
  }
  if (named(resources)) return true
  return accept.clients.length === 0 && accept.audiences.length === 0
    ? audiences === undefined || named(audiences)
    : (typeof client_id === "string" && accept.clients.includes(client_id)) || named(accept.audiences)
}

/** Judges a complete answer with status 200. */
const judge = (settings: Settings, profile: IssuerProfile, payload: JsonObject, time: number): Verdict<Claims> => {
  const { active, token_type } = payload
  if (active === false) return refuse("inactive", {})
  if (active !== true) return refuse("opaque_refused", { cause: "the answer says neither active nor inactive" })
  if (typeof token_type === "string" && !bearerTypes.has(token_type.toLowerCase())) {
    const bound = token_type.toLowerCase() === "dpop"
    if (!bound || profile.refusesConfirmation) {
      return refuse(bound ? "confirmation" : "token_kind", { expected: "Bearer", found: shown(token_type) })
    }
  }
  if (!isAccepted(settings, profile, payload, profile.resources)) {
    return refuse("opaque_client", { aud: shown(payload["aud"]), client_id: shown(payload["client_id"]) })
  }
  return Effect.fromResult(believe(profile, payload, time, { _tag: "Introspection" }))
}

const isOurFault = ({ status }: OutboundAnswer, error: unknown): boolean =>
  status === 401 || status === 403 || error === "invalid_client" || error === "unauthorized_client"

/** Asks the introspection endpoint about one token. */
export const make = (
  settings: Settings,
  profile: IssuerProfile,
  client: IssuerClient,
  secrets: Secrets["Service"]
): (token: string) => Verdict<Claims> => {
  const audience = profile.iss ?? settings.url

  /** What is no 200: a refusal of the token, of ourselves, or no answer. */
  const unusual = (answer: OutboundAnswer): Verdict<never> => {
    const error = objectOf(answer.text)?.["error"]
    if (isOurFault(answer, error)) {
      return Effect.andThen(
        Effect.logError("the issuer refuses our client credentials", { issuer: profile.id, status: answer.status }),
        unavailable(profile, "introspection refuses our client credentials", 30)
      )
    }
    return answer.status === 400 && tokenErrors.has(error)
      ? refuse("opaque_refused", { error: shown(error) })
      : unavailable(profile, `introspection status ${answer.status}`, retryAfterOf(answer.header("retry-after")))
  }

  return Effect.fnUntraced(function*(token) {
    const credentials = yield* makeCredentials(settings, audience, secrets).pipe(
      Effect.tapErrorTag(
        "CredentialsUnusable",
        ({ detail }) => Effect.logError("our client credentials cannot be used", { issuer: profile.id, detail })
      ),
      Effect.catch(() => unavailable(profile, "our client credentials cannot be used", 30))
    )
    const form = new URLSearchParams({ token, token_type_hint: "access_token", ...credentials.form })
    const answer = yield* Effect.mapError(
      client.ask({
        url: settings.url,
        reach: { _tag: "Configured" },
        accept: "application/json",
        form: Redacted.make(form.toString()),
        ...(credentials.authorization === undefined ? {} : { authorization: credentials.authorization })
      }),
      noAnswer(profile, "introspection")
    )
    if (answer.status !== 200) return yield* unusual(answer)
    const payload = objectOf(answer.text)
    return payload === undefined
      ? yield* refuse("opaque_refused", { cause: "the answer is no JSON object" })
      : yield* judge(settings, profile, payload, yield* Clock.currentTimeMillis)
  })
}
