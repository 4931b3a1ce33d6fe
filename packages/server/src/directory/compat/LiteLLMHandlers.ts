/**
 * The handlers of the routes that are shaped like LiteLLM's: each is one
 * transaction on the same rows as `/admin/v1`, with the same checks and audit.
 */
import type { Nouns } from "@jotgate/core/DirectoryPlan"
import { compound } from "@jotgate/core/MemoryRows"
import { type DirectoryAdmin, everyRow, refused, type Written } from "@jotgate/store/DirectoryAdmin"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import * as Change from "../Change.ts"
import { Caller, type Who } from "../DirectoryAccess.ts"
import * as Problem from "../DirectoryProblem.ts"
import type { Managed } from "../Management.ts"
import * as Row from "../RowSchema.ts"
import type { Member, MemberAdd, MemberDelete, TeamNew, TeamUpdate, UserNew } from "./LiteLLMApi.ts"
import { teamMembership, teamTable, type TeamWithMembers, userTable } from "./LiteLLMRows.ts"

type Admin = DirectoryAdmin["Service"]

const withMembers = Effect.fnUntraced(function*(directory: Admin, team: Nouns["teams"]) {
  const memberships = yield* everyRow(directory, "memberships", { team: team.id })
  const users = new Map((yield* everyRow(directory, "users", { team: team.id })).map((it) => [it.id, it]))
  const members = memberships.map((membership) => ({ membership, email: users.get(membership.user)?.email ?? null }))
  return { team, members } satisfies TeamWithMembers
})

/** What a body says of a team, in our words; what it does not say is left out. */
const teamOf = (it: Omit<TeamUpdate, "team_id">) => ({
  ...(it.team_alias === undefined ? {} : { alias: it.team_alias }),
  ...(it.organization_id === undefined ? {} : { organization: it.organization_id }),
  ...(it.models === undefined || it.models === null ? {} : { models: it.models }),
  ...(it.max_budget === undefined ? {} : { maxBudget: it.max_budget }),
  ...(it.blocked === undefined || it.blocked === null ? {} : { blocked: it.blocked }),
  ...(it.model_aliases === undefined || it.model_aliases === null ? {} : { modelAliases: it.model_aliases }),
  ...(it.access_group_ids === undefined || it.access_group_ids === null ? {} : { modelGroups: it.access_group_ids }),
  ...(it.allowed_passthrough_routes === undefined || it.allowed_passthrough_routes === null
    ? {}
    : { passThroughRoutes: it.allowed_passthrough_routes })
})

/** The person that a member names; one that is not there yet is made, as LiteLLM does. */
const person = Effect.fnUntraced(function*(directory: Admin, who: Who, { user_email, user_id }: Member) {
  if (typeof user_id === "string") {
    const known = yield* Effect.catchTag(
      directory.get("users", user_id),
      "RowNotFound",
      () => Effect.succeed(undefined)
    )
    if (known !== undefined) return known.id
  } else if (typeof user_email === "string") {
    const { rows } = yield* directory.list("users", { limit: 2, filter: { email: user_email } })
    if (rows.length > 1) return yield* Problem.unprocessable("email_ambiguous", "Several users have this address")
    if (rows[0] !== undefined) return rows[0].id
  }
  const row = { id: user_id ?? randomUUID(), email: user_email ?? null }
  return (yield* directory.put("users", row, { actor: who.name, expect: "absent" })).after.id
})

/** A row that must not be there and is: there is such a one already. */
const orTaken = (noun: string) => (it: Change.Failure): Change.Failure =>
  it._tag === "ChangeRefused" && it.reason === "stale" ? Problem.taken(noun) : it

const join = Effect.fnUntraced(function*(
  directory: Admin,
  who: Who,
  team: string,
  member: Member,
  maxBudget: number | null = null
) {
  const user = yield* person(directory, who, member)
  const row = { user, team, role: member.role ?? "user", maxBudget }
  const put = directory.put("memberships", row, { actor: who.name, expect: "absent" })
  return (yield* Effect.mapError(put, orTaken("member of this team"))).after
})

/** The handlers; every one gets what it may do from whoever asks. */
export const handlers = (managed: Managed["Service"]) => {
  const changing = <A>(change: (directory: Admin, who: Who) => Effect.Effect<A, Change.Failure>) =>
    managed.use(({ directory }) =>
      Effect.flatMap(Caller, (who) => Effect.mapError(directory.together(change(directory, who)), Change.worded))
    )
  const reading = <A>(read: (directory: Admin) => Effect.Effect<A, Change.Failure>) =>
    managed.use(({ directory }) => Effect.mapError(read(directory), Change.worded))

  const shown = Effect.fnUntraced(function*(directory: Admin, id: string) {
    return teamTable(yield* withMembers(directory, yield* directory.get("teams", id)))
  })

  return {
    teamNew: (body: TeamNew) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        const id = body.team_id ?? randomUUID()
        yield* Effect.mapError(
          directory.put("teams", { id, ...teamOf(body) }, { actor: who.name, expect: "absent" }),
          orTaken("team")
        )
        yield* Effect.forEach(body.members_with_roles ?? [], (it) => join(directory, who, id, it))
        return yield* shown(directory, id)
      })),

    teamUpdate: (body: TeamUpdate) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        const row = Row.written.teams(yield* directory.get("teams", body.team_id))
        yield* directory.put("teams", { ...row, ...teamOf(body) }, { actor: who.name })
        return { team_id: body.team_id, data: yield* shown(directory, body.team_id) }
      })),

    teamInfo: (id: string) =>
      reading(Effect.fnUntraced(function*(directory) {
        const it = yield* withMembers(directory, yield* directory.get("teams", id))
        return {
          team_id: id,
          team_info: teamTable(it),
          keys: [],
          team_memberships: it.members.map(({ membership }) => teamMembership(membership))
        }
      })),

    teamList: ({ organization_id, user_id }: { readonly organization_id?: string; readonly user_id?: string }) =>
      reading(Effect.fnUntraced(function*(directory) {
        const filter = organization_id === undefined ? undefined : { organization: organization_id }
        const teams = yield* everyRow(directory, "teams", filter)
        const mine = user_id === undefined ? undefined : new Set<string>((yield* directory.get("users", user_id)).teams)
        return yield* Effect.forEach(
          teams.filter((it) => mine === undefined || mine.has(it.id)),
          (it) => Effect.map(withMembers(directory, it), (team) => ({ ...teamTable(team), keys: [] }))
        )
      })),

    teamDelete: (ids: ReadonlyArray<string>) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        yield* Effect.forEach(ids, (id) => directory.remove("teams", id, { actor: who.name }))
        return { deleted_teams: ids }
      })),

    userNew: (body: UserNew) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        const id = body.user_id ?? randomUUID()
        const row: Written["users"] = {
          id,
          email: body.user_email ?? null,
          role: body.user_role ?? null,
          subjects: typeof body.sso_user_id === "string" ? [{ namespace: "", subject: body.sso_user_id }] : [],
          models: body.models ?? [],
          blocked: body.blocked ?? false,
          maxBudget: body.max_budget ?? null,
          spend: body.spend ?? 0
        }
        yield* Effect.mapError(
          directory.put("users", row, { actor: who.name, expect: "absent" }),
          orTaken("user")
        )
        for (const team of body.teams ?? []) {
          yield* join(directory, who, typeof team === "string" ? team : team.team_id, { user_id: id })
        }
        // No key is made here: virtual keys are no credential (RULES D45).
        return {
          ...userTable(yield* directory.get("users", id)),
          key: null,
          key_name: null,
          expires: null,
          token: null
        }
      })),

    userInfo: (id: string) =>
      reading(Effect.fnUntraced(function*(directory) {
        const user = yield* directory.get("users", id)
        const teams = yield* Effect.forEach(user.teams, (team) =>
          Effect.flatMap(directory.get("teams", team), (it) => withMembers(directory, it)))
        return { user_id: id, user_info: userTable(user), keys: [], teams: teams.map(teamTable) }
      })),

    memberAdd: ({ max_budget_in_team, member, team_id }: MemberAdd) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        yield* directory.get("teams", team_id)
        const members = "length" in member ? member : [member]
        const joined = yield* Effect.forEach(
          members,
          (it) => join(directory, who, team_id, it, max_budget_in_team ?? null)
        )
        return {
          ...yield* shown(directory, team_id),
          updated_users: yield* Effect.forEach(joined, (it) => Effect.map(directory.get("users", it.user), userTable)),
          updated_team_memberships: joined.map(teamMembership)
        }
      })),

    memberDelete: ({ team_id, user_email, user_id }: MemberDelete) =>
      changing(Effect.fnUntraced(function*(directory, who) {
        yield* directory.get("teams", team_id)
        const filter = { team: team_id, ...(typeof user_email === "string" ? { email: user_email } : {}) }
        const users = typeof user_id === "string"
          ? [user_id]
          : typeof user_email === "string"
          ? (yield* directory.list("users", { limit: 2, filter })).rows.map((it) => it.id)
          : []
        if (users.length !== 1) return yield* Effect.fail(refused("missing", []))
        yield* directory.remove("memberships", compound(users[0] ?? "", team_id), { actor: who.name })
        return yield* shown(directory, team_id)
      }))
  }
}
