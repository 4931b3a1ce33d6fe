/**
 * What would have allowed a denied request, when one change would: another of
 * the caller's teams, another model, a missing role or scope, a missing row.
 *
 * Every change is tried on the decision itself, on the same rows and without
 * writing, so a hint never promises what would not come true; a missing row is
 * named without a promise. Only worked out when somebody listens to the steps
 * and has asked for it, bounded, and never part of the answer to the caller (RULES D28).
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Allowed } from "../Decision.ts"
import type { Code, Denial } from "../Errors.ts"
import { type Identity, nameOf } from "../Identity.ts"
import { namesOf, noModel } from "../Request.ts"
import type { Policy } from "../rules/Policy.ts"
import { isUnknown } from "../rules/UnknownModel.ts"
import type { Change } from "../Step.ts"
import type { Noted, Now } from "../Trace.ts"
import type { Caller } from "./Caller.ts"
import * as ToolHint from "./ToolHint.ts"

/** The decision of a caller who is known; a dry run when nobody listens. */
export type Judged = (caller: Caller, now: Now) => Effect.Effect<Allowed, Denial>

/** How many changes of each kind are tried, and how many teams or models are named. */
const TRIED = 8
const NAMED = 5

const quoted = (names: ReadonlyArray<string>): string => names.map((it) => JSON.stringify(it)).join(", ")

/** The row that a 404 misses. */
const missingRow = (code: Code, { header, identity }: Caller): Change | undefined => {
  const change = (kind: string, name: string | undefined): Change | undefined =>
    name === undefined ? undefined : {
      change: "row",
      kind,
      name,
      text: `There is no row for the ${kind} ${JSON.stringify(name)}.`
    }
  switch (code) {
    case "user_not_found":
      return change("user", identity.user === undefined ? undefined : nameOf(identity, identity.user))
    case "organization_not_found":
      return change("organization", identity.organization ?? identity.organizationAlias)
    case "team_not_found":
      return change("team", header ?? identity.team ?? identity.teamAlias ?? identity.teams[0])
    default:
      return undefined
  }
}

/** Denials of one team that another team may not meet. */
const teamCodes: ReadonlySet<Code> = new Set([
  "team_denied",
  "team_not_found",
  "team_blocked",
  "team_model_denied",
  "team_route_denied",
  "member_model_denied",
  "organization_mismatch",
  "tool_denied"
])

/** Whether each team of the token was tried already: the choice among groups does so for model and route. */
const allTried = ({ header, identity }: Caller, { code }: Denial): boolean =>
  header === undefined && identity.team === undefined && identity.teamAlias === undefined &&
  (code === "team_model_denied" || code === "team_route_denied" || code === "team_not_found")

/** Denials that being an admin could lift. */
const adminCodes: ReadonlySet<Code> = new Set(["admin_route_denied", "user_route_denied", "team_route_denied"])

/** The decision with its hints, when somebody listens; without a listener it is the decision itself. */
export const make = (policy: Policy, judged: Judged): Judged => {
  const { allowedUserRoles, requireScope, roleMappings, scopes } = policy.settings.policy
  const [teamHeader] = policy.teamHeaders

  const supposed = (caller: Caller, change: Partial<Identity>): Caller => {
    const identity: Identity = { ...caller.identity, ...change }
    return { ...caller, identity, standing: policy.token.standing(identity) }
  }

  const outcome = (caller: Caller, now: Now): Effect.Effect<Allowed | undefined> =>
    Effect.catchEager(judged(caller, now), () => Exit.succeed(undefined))

  /** The teams of the token that a header could ask for. */
  const byTeam = Effect.fnUntracedEager(function*(caller: Caller, now: Now) {
    const { header, identity } = caller
    const own = new Set([...identity.teams, ...(identity.team === undefined ? [] : [identity.team])])
    const fitting: Array<string> = []
    for (const team of [...own].filter((it) => it !== header).slice(0, TRIED)) {
      if (fitting.length < NAMED && (yield* outcome({ ...caller, header: team }, now)) !== undefined) fitting.push(team)
    }
    const bare = header === undefined ? undefined : yield* outcome({ ...caller, header: undefined }, now)
    const changes: Array<Change> = []
    if (fitting.length > 0 && teamHeader !== undefined) {
      changes.push({
        change: "team",
        header: teamHeader,
        teams: fitting,
        text: `It would be allowed for ${quoted(fitting)}: ask with the header ${teamHeader}.`
      })
    } else if (bare !== undefined) {
      changes.push({ change: "team", header: null, text: "It would be allowed without the team header." })
    }
    return changes
  })

  /** The models that the same call could name. */
  const byModel = Effect.fnUntracedEager(function*(caller: Caller, now: Now) {
    const { model } = caller.asked
    if (namesOf(model).length === 0 && !isUnknown(model)) return []
    const other = yield* outcome({ ...caller, asked: { ...caller.asked, model: noModel, listsModels: true } }, now)
    const models = other?.reach.models() ?? []
    const change: Change = {
      change: "model",
      models: models.slice(0, NAMED * 4),
      text: `It would be allowed with a model among ${quoted(models.slice(0, NAMED * 4))}.`
    }
    return models.length === 0 ? [] : [change]
  })

  /** The first role that the token lacks. */
  const byRole = Effect.fnUntracedEager(function*(caller: Caller, now: Now) {
    const { roles, userRoles } = caller.identity
    for (const { claim, role } of roleMappings.filter((it) => !roles.includes(it.claim)).slice(0, TRIED)) {
      if ((yield* outcome(supposed(caller, { roles: [...roles, claim] }), now)) === undefined) continue
      const text = `It would be allowed with ${JSON.stringify(claim)} among the token's roles (${role}).`
      return [{ change: "role", role, value: claim, text } satisfies Change]
    }
    const [value] = allowedUserRoles
    if (value === undefined || userRoles.includes(value)) return []
    if ((yield* outcome(supposed(caller, { userRoles: [...userRoles, value] }), now)) === undefined) return []
    const text = `It would be allowed with ${JSON.stringify(value)} among the user's roles.`
    return [{ change: "role", role: "internal_user", value, text } satisfies Change]
  })

  /** The scopes that could matter: those that are mapped, and for a denied route the one that makes an admin. */
  const scopesFor = ({ identity }: Caller, { code }: Denial): ReadonlyArray<string> => {
    const admin = policy.settings.issuers.find((it) => it.id === identity.issuer)?.adminScope ?? undefined
    return [
      ...(requireScope ? scopes.map((it) => it.scope) : []),
      ...(admin === undefined || !adminCodes.has(code) ? [] : [admin])
    ]
  }

  /** The first scope that the token lacks. */
  const byScope = Effect.fnUntracedEager(function*(caller: Caller, denial: Denial, now: Now) {
    const held = caller.identity.scopes
    const missing = [...new Set(scopesFor(caller, denial))].filter((it) => !held.includes(it))
    for (const scope of missing.slice(0, TRIED)) {
      if ((yield* outcome(supposed(caller, { scopes: [...held, scope] }), now)) === undefined) continue
      const text = `It would be allowed with the scope ${JSON.stringify(scope)}.`
      return [{ change: "scope", scope, text } satisfies Change]
    }
    return []
  })

  const byToolOrAgent = ToolHint.make(outcome, (caller, scopes) => supposed(caller, { scopes }))

  const changesFor = Effect.fnUntracedEager(function*(
    caller: Caller,
    denial: Denial,
    steps: ReadonlyArray<Noted>,
    now: Now
  ) {
    const { code } = denial
    const row = missingRow(code, caller)
    const changes: Array<Change> = []
    if (teamCodes.has(code) && !allTried(caller, denial)) changes.push(...(yield* byTeam(caller, now)))
    if (code.endsWith("_model_denied") || isUnknown(caller.asked.model)) changes.push(...(yield* byModel(caller, now)))
    changes.push(...(yield* byToolOrAgent(caller, denial, steps, now)))
    if (code.startsWith("role_")) changes.push(...(yield* byRole(caller, now)))
    if (code.startsWith("scope_") || adminCodes.has(code)) changes.push(...(yield* byScope(caller, denial, now)))
    return row === undefined ? changes : [...changes, row]
  })

  const explained = (caller: Caller, now: Now): Effect.Effect<Allowed, Denial> => {
    const steps: Array<Noted> = []
    const note = (step: Noted): void => {
      steps.push(step)
      now.note?.(step)
    }
    return Effect.catchEager(
      judged(caller, { ...now, note }),
      (denial) =>
        Effect.flatMapEager(
          changesFor(caller, denial, steps, { ...now, note: undefined }),
          (changes): Exit.Exit<never, Denial> => {
            if (changes.length > 0) now.note?.({ step: "hint", outcome: "note", facts: { changes } })
            return Exit.fail(denial)
          }
        )
    )
  }

  return (caller, now) => now.note === undefined || now.brief === true ? judged(caller, now) : explained(caller, now)
}
