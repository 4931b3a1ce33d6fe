/**
 * The first half of a decision: what the request carries and what the token
 * says, before anything is looked up in the directory.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Denial, deny, unavailable } from "../Errors.ts"
import { claimedBy } from "../Identity.ts"
import { mapped } from "../identity/MappedClaims.ts"
import * as McpClients from "../identity/McpClients.ts"
import { isAtHand, raise } from "../principal/Ruled.ts"
import type { Asked, RequestedModel } from "../Request.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Claims } from "../token/Claims.ts"
import { type ClaimsCheck, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import * as Credential from "../token/Credential.ts"
import type { Checks } from "../token/Given.ts"
import { codeOf, type IssuerUnavailable, type TokenRefused } from "../token/Refusal.ts"
import type { Now } from "../Trace.ts"
import * as Audience from "./Audience.ts"
import { objections } from "./Custom.ts"
import type { VerifiedToken } from "./VerifiedTokens.ts"

/** What the headers of a request carry. */
interface Carried {
  readonly token: string
  /** The team that is asked for. */
  readonly header: string | undefined
}

/** What was ambiguous: the places that do not agree, or in words, where the door has told them. */
const conflictOf = ({ at, why }: Extract<RequestedModel, { readonly _tag: "Conflict" }>) => {
  const reason = why ?? (at === undefined ? undefined : `${at.join(" and ")} name different models`)
  return {
    model: "ambiguous",
    ...(at === undefined ? {} : { at }),
    ...(reason === undefined ? {} : { reason })
  }
}

/** Stands for a module that settings name and that whoever composed the pipeline has not loaded: never no module. */
const unloaded: ReadonlyArray<ClaimsCheck> = [
  () => Exit.fail(new CustomUnavailable({ reason: "policy.custom names a module, and no hook was given" }))
]

/** The steps of one policy; `given` are the host's own hooks. */
export const make = (policy: Policy, given: Checks<ClaimsCheck>) => {
  const hooks = policy.settings.policy.custom === null
    ? given
    : () => {
      const own = given()
      return own.length === 0 ? unloaded : own
    }
  const audience = Audience.compile(policy.settings.policy)
  const lengths = new Set([...policy.teamHeaders].map((name) => name.length))

  /** The value of the team headers; `undefined` without one, a cause when two differ. */
  const teamHeader = ({ rawHeaders }: Asked): string | { readonly cause: string } | undefined => {
    let value: string | undefined
    let from = ""
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? ""
      if (!lengths.has(name.length) || !policy.teamHeaders.has(name.toLowerCase())) continue
      const one = (rawHeaders[i + 1] ?? "").trim()
      if (one === "" || one === value) continue
      const header = name.toLowerCase()
      if (value !== undefined) {
        return { cause: from === header ? `two values of ${header}` : `${from} and ${header} differ` }
      }
      value = one
      from = header
    }
    return value
  }

  const differing = (cause: string, now: Now): Exit.Exit<never, Denial> =>
    raise({ step: "request", code: "request_ambiguous", facts: { cause } }, now)

  /** The team that the headers ask for. */
  const headerOf = (asked: Asked, now: Now): Exit.Exit<string | undefined, Denial> => {
    const header = teamHeader(asked)
    return typeof header === "object" ? differing(header.cause, now) : Exit.succeed(header)
  }

  const teamAskedFor = (asked: Asked): string | undefined => {
    const header = teamHeader(asked)
    return typeof header === "object" ? undefined : header
  }

  const clientHeader = policy.settings.policy.mcpClients?.claim === null
    ? policy.settings.policy.mcpClients.header
    : null

  /** The header that names the application, with its value. */
  const clientAskedFor = (asked: Asked): readonly [name: string, value: string] | undefined => {
    const value = clientHeader === null ? undefined : McpClients.headerOf(clientHeader, asked)
    return clientHeader === null || value === undefined ? undefined : [clientHeader, value]
  }

  /** The token and the team that the headers carry; absent, bad and conflicting are different answers. */
  const read = (asked: Asked, now: Now): Exit.Exit<Carried, Denial> => {
    const found = Credential.read(asked, policy.credentials)
    const header = teamHeader(asked)
    if (typeof header === "object") return differing(header.cause, now)
    if (found._tag === "Token") return Exit.succeed({ token: found.token, header })
    const code = found._tag === "Absent"
      ? "token_missing"
      : found._tag === "Bad"
      ? "invalid_token"
      : "credential_conflict"
    const facts = found._tag === "Conflicting" ? { cause: found.cause } : {}
    return raise({ step: "credential", code, facts: { looked: policy.credentials, ...facts } }, now)
  }

  const noteToken = ({ claims, identity, standing }: VerifiedToken, now: Now): void => {
    const { expiresAt, issuer, verifiedBy } = claims
    now.note?.({
      step: "token",
      outcome: "ok",
      facts: {
        issuer: issuer.id,
        ...(verifiedBy._tag === "Signature"
          ? { algorithm: verifiedBy.algorithm, kid: verifiedBy.kid ?? null }
          : { verifiedBy: verifiedBy._tag }),
        audience: issuer.settings.audience,
        secondsLeft: expiresAt === undefined ? null : Math.round((expiresAt - now.time) / 1000)
      },
      resolved: { issuer: issuer.id, claimed: claimedBy(identity), claims: () => mapped(claims) }
    })
    now.note?.({ step: "claims", outcome: "ok", facts: identity.facts })
    now.note?.({ step: "role", outcome: "ok", facts: policy.token.factsOfRole(identity, standing) })
  }

  const refused = (error: TokenRefused | IssuerUnavailable, now: Now): Exit.Exit<never, Denial> => {
    const { facts } = error
    if (error._tag === "TokenRefused") {
      now.note?.({ step: "token", outcome: "denied", facts: { reason: error.reason, ...facts } })
      return deny(codeOf(error))
    }
    now.note?.({ step: "token", outcome: "unavailable", facts: { issuer: error.issuer, ...facts } })
    return unavailable("issuer_unavailable", error.retryAfter)
  }

  /** The verified token; what was wrong with it is for the trace, the caller sees one 401 (threat E12). */
  const verified = (
    answer: Effect.Effect<VerifiedToken, TokenRefused | IssuerUnavailable>,
    now: Now
  ): Effect.Effect<VerifiedToken, Denial> => {
    const verified = isAtHand(answer) ? answer : Effect.catchEager(answer, (error) => refused(error, now))
    return now.note === undefined ? verified : Effect.mapEager(verified, (it) => {
      noteToken(it, now)
      return it
    })
  }

  /** Whether something can object between token and role. */
  const objects = ({ model }: Asked): boolean =>
    audience !== undefined || hooks().length > 0 || model._tag === "Conflict"

  /** A token that is for something else is no token here. */
  const meant = (claims: Claims, asked: Asked, now: Now): Exit.Exit<void, Denial> => {
    const foreign = audience?.(claims, asked.path)
    return foreign === undefined ? Exit.void : refused(foreign, now)
  }

  /**
   * A token that is for something else is no token here; two different models in one request are 400 (RULES D19); the
   * custom hook can only take rights away.
   */
  const objection = (claims: Claims, asked: Asked, now: Now): Effect.Effect<void, Denial> => {
    const foreign = meant(claims, asked, now)
    if (Exit.isFailure(foreign)) return foreign
    return asked.model._tag === "Conflict"
      ? raise({ step: "model", code: "request_ambiguous", facts: conflictOf(asked.model) }, now)
      : objections(hooks(), claims, "custom", now)
  }

  return { headerOf, teamAskedFor, clientAskedFor, read, verified, meant, objects, objection }
}
