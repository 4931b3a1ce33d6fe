/** Puts rows into a store as they are, past every rule: what a test begins with. */
import type { Origin } from "@jotgate/core/Directory"
import { makeMembership } from "@jotgate/core/Directory"
import * as DirectoryPlan from "@jotgate/core/DirectoryPlan"
import { compound, type Rows } from "@jotgate/core/MemoryRows"
import { Effect } from "effect"
import * as SqlRowStore from "../../src/sql/SqlRowStore.ts"

/** Every user is a member of the teams of its list, in their order. */
const membershipsOf = (rows: Rows) => {
  const given = new Map((rows.memberships ?? []).map((it) => [compound(it.user, it.team), it]))
  for (const { id, teams, tokenTeams } of rows.users ?? []) {
    for (const team of teams) {
      const key = compound(id, team)
      const origin: Origin = tokenTeams.includes(team) ? "token" : "api"
      if (!given.has(key)) given.set(key, makeMembership({ user: id, team, origin }))
    }
  }
  return Array.from(given.values())
}

export const seed = (rows: Rows, origin: Origin = "api") =>
  Effect.gen(function*() {
    const store = yield* SqlRowStore.make
    const put = <K extends keyof DirectoryPlan.Nouns>(kind: K, nouns: ReadonlyArray<DirectoryPlan.Nouns[K]> = []) =>
      store.put(
        kind,
        nouns.map((after) => ({ kind, id: DirectoryPlan.idOf(after), before: undefined, after })),
        origin
      )
    yield* put("organizations", rows.organizations)
    yield* put("modelGroups", rows.modelGroups)
    yield* put("teams", rows.teams)
    yield* put("users", rows.users)
    yield* put("endUsers", rows.endUsers)
    yield* put("agents", rows.agents)
    yield* put("memberships", membershipsOf(rows))
  })
