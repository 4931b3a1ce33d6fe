/**
 * The rows of the teams that a token's groups name, by id or by alias (RULES
 * D56): one query each way, however many groups there are. An alias of several
 * teams is a denial (RULES D26), never a choice.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Team } from "../directory/Directory.ts"
import type { TeamRepo } from "../directory/TeamRepo.ts"
import type { Denial } from "../Errors.ts"
import type { Identity } from "../Identity.ts"
import type { TeamId } from "../Ids.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Now } from "../Trace.ts"
import { orOutage, raise } from "./Ruled.ts"

/** Whose groups they are, and what they hold. */
export type Naming = Pick<Identity, "issuer" | "teamsBy">

/** The rows in the order of the claim, as most directories answer them. */
const inOrder = (names: ReadonlyArray<string>, rows: ReadonlyArray<Team>): ReadonlyArray<Team> => {
  let at = -1
  for (const row of rows) {
    at = names.indexOf(row.id, at + 1)
    if (at === -1) {
      const byName = new Map<string, Team>(rows.flatMap((it) => it.alias === null ? [] : [[it.alias, it]]))
      for (const it of rows) byName.set(it.id, it)
      return [...new Set(names.flatMap((name) => byName.get(name) ?? []))]
    }
  }
  return rows
}

/** The rows that exist among some names, in their order. */
export type NamedTeams = (
  naming: Naming,
  names: ReadonlyArray<TeamId>,
  now: Now
) => Effect.Effect<ReadonlyArray<Team>, Denial>

export const make = (policy: Policy, teams: TeamRepo["Service"]): NamedTeams => {
  const aliased = (naming: Naming, aliases: ReadonlyArray<string>, now: Now) =>
    aliases.length === 0
      ? Exit.succeed<ReadonlyArray<Team>>([])
      : Effect.flatMapEager(
        orOutage(teams.byAliases(aliases, now), now),
        (rows): Exit.Exit<ReadonlyArray<Team>, Denial> => {
          const seen = new Set<string | null>()
          const twice = rows.find(({ alias }) => seen.size === seen.add(alias).size)
          if (twice !== undefined) {
            return raise({ step: "team", code: "team_ambiguous", facts: { alias: twice.alias } }, now)
          }
          // An alias is no id: what the issuer may name is known with the row (RULES D51).
          const granted = rows.filter((row) => policy.token.grants(naming.issuer).teams(row.id))
          return rows.length > 0 && granted.length === 0
            ? raise({
              step: "team",
              code: "team_denied",
              facts: { aliases, rule: policy.token.ofIssuer(naming.issuer, "grants.teams") }
            }, now)
            : Exit.succeed(granted)
        }
      )

  const eitherWay = Effect.fnUntracedEager(function*(naming: Naming, names: ReadonlyArray<TeamId>, now: Now) {
    const byId = (yield* orOutage(teams.byIds(names, now), now)).filter((it) =>
      policy.token.grants(naming.issuer).teams(it.id)
    )
    const rest = names.filter((name) => !byId.some((it) => it.id === name))
    return inOrder(names, [...byId, ...yield* aliased(naming, rest, now)])
  })

  return (naming, names, now) =>
    naming.teamsBy === "id"
      ? Effect.mapEager(orOutage(teams.byIds(names, now), now), (rows) => inOrder(names, rows))
      : naming.teamsBy === "alias"
      ? Effect.mapEager(aliased(naming, names, now), (rows) => inOrder(names, rows))
      : eitherWay(naming, names, now)
}
