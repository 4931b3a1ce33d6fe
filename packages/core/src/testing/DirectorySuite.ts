/**
 * The contract of `UserRepo`, `TeamRepo`, `OrganizationRepo` and `Provisioner`:
 * the same cases for every store.
 *
 * A case is an effect that fails when the store breaks the contract, so that
 * any test runner can run it; reading, writing and outages of both are apart
 * (`reads`, `writes`, `outages`, `writeOutages`), and so is what a directory may leave out (`agents`,
 * `servers`):
 *
 *     for (const { title, run } of DirectorySuite.reads(layerOfRows)) it.live(title, () => run)
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type * as Layer from "effect/Layer"
import { AgentRepo } from "../directory/AgentRepo.ts"
import { AgentId, type DirectoryWrite, EndUserId, makeTeam, makeUser, type User } from "../directory/Directory.ts"
import type { Rows } from "../directory/MemoryRows.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import { Provisioner } from "../directory/Provisioner.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import { ToolRepo } from "../directory/ToolRepo.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import { namesOf, type ToolLists } from "../rules/patterns/ToolPattern.ts"
import { type Case, type Cases, over, same, show, tagOf } from "./Contract.ts"
import { group, hostile, organization, rows, team, user } from "./DirectoryRows.ts"

export type { Rows } from "../directory/MemoryRows.ts"
export type { Case } from "./Contract.ts"
export { rows } from "./DirectoryRows.ts"

/** What a store provides. */
export type Repos = UserRepo | TeamRepo | OrganizationRepo | Provisioner

const rowOf = <A extends { readonly id: string }>(list: ReadonlyArray<A> | undefined, id: string): A | undefined =>
  list?.find((it) => it.id === id)

const ids = (list: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<string> => list.map((it) => it.id).toSorted()

const pause = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 5)))

/** Waits in real time until a condition holds: writes after the answer take a moment. */
const eventually = Effect.fnUntraced(function*<E, R>(what: string, holds: Effect.Effect<boolean, E, R>) {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (yield* holds) return
    yield* pause
  }
  return yield* Effect.die(new Error(`never came true: ${what}`))
})

const write = (...writes: ReadonlyArray<DirectoryWrite>) => Provisioner.use((it) => it.run(writes))

const found = (id: string) => UserRepo.use((users) => users.byId(user(id)))

const has = (id: string, holds: (row: User) => boolean) =>
  eventually(
    `user ${id}`,
    Effect.match(found(id), { onSuccess: holds, onFailure: () => false })
  )

/** What rows say of tools, prompts and resources. */
const listed = (row: ToolLists | undefined) => [row?.tools ?? null, row?.prompts ?? null, row?.resources ?? null]

const readCases = (rows: Rows): Cases<Repos> => ({
  "a user comes back as it was put": Effect.gen(function*() {
    for (const id of ["u-1", "u-2", "u-3", "é"]) yield* same(yield* found(id), rowOf(rows.users, id), id)
  }),
  "a user is found by a subject of its namespace only": Effect.gen(function*() {
    const users = yield* UserRepo
    yield* same((yield* users.bySubject("", "okta|1")).id, "u-1", "empty namespace")
    yield* same((yield* users.bySubject("okta", "00u1")).id, "u-1", "okta")
    yield* same((yield* users.bySubject("azure", "00u1")).id, "u-3", "azure")
    for (
      const [namespace, subject] of [["", "00u1"], ["okta", "okta|1"], ["Okta", "00u1"], ["okta", "00U1"]] as const
    ) {
      yield* same(yield* tagOf(users.bySubject(namespace, subject)), "RowNotFound", `${namespace} ${subject}`)
    }
  }),
  "RULES D6: an address is found without the case of A to Z, oldest first, and nothing else is folded": Effect.gen(
    function*() {
      const users = yield* UserRepo
      for (const email of ["Alice@Acme.com", "ALICE@ACME.COM", "alice@acme.com"]) {
        yield* same((yield* users.byEmail(email)).map((it) => it.id), ["u-1", "u-2"], email)
      }
      // KELVIN SIGN, dotless i, full-width a, a trailing space, a wildcard.
      for (
        const email of [
          "\u212aim@acme.com",
          "al\u0131ce@acme.com",
          "\uff41lice@acme.com",
          "alice@acme.com ",
          "%@acme.com"
        ]
      ) {
        yield* same((yield* users.byEmail(email)).length, 0, email)
      }
    }
  ),
  "RULES D23: the limits of a membership, one or many": Effect.gen(function*() {
    const users = yield* UserRepo
    yield* same(yield* users.membership(user("u-1"), team("red")), rows.memberships?.[0], "red")
    yield* same(yield* tagOf(users.membership(user("u-2"), team("red"))), "RowNotFound", "not a member")
    yield* same(yield* tagOf(users.membership(user("u-1"), team("nowhere"))), "RowNotFound", "no such team")
    const many = yield* users.memberships(user("u-1"), [team("red"), team("nowhere"), team("blue"), team("red")])
    yield* same(many.map((it) => it.team).toSorted(), ["blue", "red"], "many")
    yield* same(yield* users.memberships(user("u-1"), []), [], "none")
  }),
  "threat E13: text that a database refuses, folds or interprets finds nobody": Effect.gen(function*() {
    const users = yield* UserRepo
    const teams = yield* TeamRepo
    const organizations = yield* OrganizationRepo
    for (const text of [...hostile, "e\u0301"]) {
      yield* same(yield* tagOf(users.byId(user(text))), "RowNotFound", `user ${show(text)}`)
      yield* same(yield* tagOf(users.bySubject("", text)), "RowNotFound", `subject ${show(text)}`)
      yield* same(yield* tagOf(users.bySubject(text, "00u1")), "RowNotFound", `namespace ${show(text)}`)
      yield* same((yield* users.byEmail(text)).length, 0, `e-mail ${show(text)}`)
      yield* same(yield* tagOf(users.membership(user(text), team("red"))), "RowNotFound", `member ${show(text)}`)
      yield* same(yield* tagOf(teams.byId(team(text))), "RowNotFound", `team ${show(text)}`)
      yield* same(yield* tagOf(teams.byAlias(text)), "RowNotFound", `alias ${show(text)}`)
      yield* same(yield* teams.byIds([team(text)]), [], `teams ${show(text)}`)
      yield* same(yield* tagOf(organizations.byId(organization(text))), "RowNotFound", `organization ${show(text)}`)
      yield* same(yield* tagOf(organizations.endUser(EndUserId.make(text))), "RowNotFound", `end user ${show(text)}`)
    }
    yield* same((yield* found("u-1")).id, "u-1", "the table is still there")
    yield* same(ids(yield* teams.byIds([...hostile, "red"].map(team))), ["red"], "among many")
  }),
  "a team comes back as it was put, whatever its name": Effect.gen(function*() {
    const teams = yield* TeamRepo
    for (const row of rows.teams ?? []) yield* same(yield* teams.byId(row.id), row, row.id)
  }),
  "many teams are one question: those that exist": Effect.gen(function*() {
    const teams = yield* TeamRepo
    const asked = ["blue", "nowhere", "red", "日本 😀"].map(team)
    yield* same(ids(yield* teams.byIds(asked)), ["blue", "red", "日本 😀"], "some")
    yield* same(yield* teams.byIds([]), [], "none")
    const crowd = Array.from({ length: 2_000 }, (_, index) => team(`group-${index}`))
    yield* same(ids(yield* teams.byIds([...crowd, team("red")])), ["red"], "a crowd")
  }),
  "RULES D26: an alias is compared byte for byte, and one that names several teams is ambiguous": Effect.gen(
    function*() {
      const teams = yield* TeamRepo
      yield* same((yield* teams.byAlias("Red")).id, "red", "Red")
      yield* same((yield* teams.byAlias("\u00e9")).id, "日本 😀", "é")
      yield* same(yield* tagOf(teams.byAlias("red")), "RowNotFound", "red")
      yield* same(yield* tagOf(teams.byAlias("e\u0301")), "RowNotFound", "é, decomposed")
      yield* same(yield* tagOf(teams.byAlias("Twin")), "RowAmbiguous", "Twin")
    }
  ),
  "RULES D56: many aliases are one question, and an alias of several teams gives them all": Effect.gen(function*() {
    const teams = yield* TeamRepo
    const aliases = ["Red", "Twin", "red", "nobody's", "\u00e9"]
    yield* same(ids(yield* teams.byAliases(aliases)), ["red", "twin-a", "twin-b", "日本 😀"], "some")
    yield* same(yield* teams.byAliases([]), [], "none")
    yield* same(yield* teams.byAliases(hostile), [], "hostile")
  }),
  "the model groups that exist among these": Effect.gen(function*() {
    const teams = yield* TeamRepo
    const asked = [group("cheap"), group("nowhere"), group("none"), group("cheap")]
    yield* same(
      (yield* teams.modelGroups(asked)).toSorted((a, b) => a.id < b.id ? -1 : 1),
      rows.modelGroups,
      "groups"
    )
    yield* same(yield* teams.modelGroups([]), [], "none")
  }),
  "organizations by id and alias, end users by id": Effect.gen(function*() {
    const organizations = yield* OrganizationRepo
    yield* same(yield* organizations.byId(organization("acme")), rows.organizations?.[0], "acme")
    yield* same((yield* organizations.byAlias("Acme")).id, "acme", "Acme")
    yield* same(yield* tagOf(organizations.byAlias("Twin")), "RowAmbiguous", "Twin")
    yield* same(yield* tagOf(organizations.byAlias("acme")), "RowNotFound", "alias")
    yield* same(yield* organizations.endUser(EndUserId.make("c-1")), rows.endUsers?.[0], "c-1")
    yield* same(yield* tagOf(organizations.endUser(EndUserId.make("c-2"))), "RowNotFound", "c-2")
  }),
  "what rows say of tools, prompts and resources: a list, an empty one, nothing, each on its own": Effect.gen(
    function*() {
      const [teams, organizations] = [yield* TeamRepo, yield* OrganizationRepo]
      yield* same(listed(yield* teams.byId(team("red"))), listed(rowOf(rows.teams, "red")), "team")
      const acme = rowOf(rows.organizations, "acme")
      yield* same(listed(yield* organizations.byId(organization("acme"))), listed(acme), "organization")
      yield* same(listed(yield* found("u-1")), listed(rowOf(rows.users, "u-1")), "user")
      const member = yield* UserRepo.use((users) => users.membership(user("u-1"), team("red")))
      yield* same(listed(member), listed(rows.memberships?.[0]), "membership")
    }
  )
})

const agentCases = (rows: Rows): Cases<Repos> => ({
  "agents by id and by name": Effect.gen(function*() {
    const agents = yield* AgentRepo
    const { agents: [scout, plain] = [] } = rows
    if (scout === undefined || plain === undefined) return
    yield* same(yield* agents.byId(scout.id), scout, "scout")
    yield* same(yield* agents.byId(plain.id), plain, "plain")
    yield* same(yield* agents.byName(scout.name ?? ""), scout, "scout by name")
    for (const text of [...hostile, "scout 日本 😀", "Scout"]) {
      yield* same(yield* tagOf(agents.byName(text)), "RowNotFound", `agent ${show(text)}`)
      if (text !== "") yield* same(yield* tagOf(agents.byId(AgentId.make(text))), "RowNotFound", show(text))
    }
  }),
  "what agents say of tools, prompts and resources": Effect.gen(function*() {
    const agents = yield* AgentRepo
    for (const agent of rows.agents ?? []) yield* same(listed(yield* agents.byId(agent.id)), listed(agent), agent.id)
  })
})

const serverCases = (rows: Rows): Cases<Repos> => ({
  "the servers that rows name, for each kind apart": Effect.gen(function*() {
    const { agents = [], memberships = [], organizations = [], teams = [], users = [] } = rows
    const all: ReadonlyArray<ToolLists> = [...organizations, ...teams, ...users, ...memberships, ...agents]
    const names = namesOf(all)
    const told = yield* Effect.flatMap(ToolRepo, (it) => it.servers())
    for (const kind of ["tool", "prompt", "resource"] as const) {
      yield* same(told[kind].toSorted(), names[kind].toSorted(), kind)
    }
  })
})

const writeCases: Cases<Repos> = {
  "RULES D33: a person whom the decision rests on is there when the answer is": Effect.gen(function*() {
    const made = makeUser({
      id: user("new"),
      email: "new@acme.com",
      subjects: [{ namespace: "okta", subject: "new" }],
      role: "internal_user",
      models: ["no-default-models"]
    })
    yield* same(yield* tagOf(found("new")), "RowNotFound", "before")
    yield* write({ _tag: "CreateUser", user: made })
    yield* same({ ...yield* found("new"), roleOrigin: "api" }, made, "after")
    yield* write({ _tag: "CreateUser", user: { ...made, role: "proxy_admin" } })
    yield* same((yield* found("new")).role, "internal_user", "a second time changes nothing")
    const users = yield* UserRepo
    yield* same((yield* users.bySubject("okta", "new")).id, "new", "by subject")
    yield* same((yield* users.byEmail("NEW@acme.com")).length, 1, "by e-mail")
  }),
  "RULES D5: a new person takes no subject from another": Effect.gen(function*() {
    const users = yield* UserRepo
    yield* write({
      _tag: "CreateUser",
      user: makeUser({ id: user("thief"), subjects: [{ namespace: "okta", subject: "00u1" }] })
    })
    yield* same(yield* tagOf(found("thief")), "RowNotFound", "the row")
    yield* same((yield* users.bySubject("okta", "00u1")).id, "u-1", "the subject")
  }),
  "concurrent first logins of one person make one row": Effect.gen(function*() {
    const users = yield* UserRepo
    const row = makeUser({
      id: user("crowd"),
      email: "crowd@acme.com",
      subjects: [{ namespace: "okta", subject: "crowd" }]
    })
    const logins = Array.from({ length: 20 }, () => write({ _tag: "CreateUser", user: row }))
    yield* Effect.all(logins, { concurrency: "unbounded", discard: true })
    yield* same((yield* users.byEmail("crowd@acme.com")).map((it) => it.id), ["crowd"], "rows")
    yield* same((yield* users.bySubject("okta", "crowd")).id, "crowd", "subject")
  }),
  "RULES D30: a created team has what the template says, and an existing one is left alone": Effect.gen(function*() {
    const teams = yield* TeamRepo
    const made = makeTeam({ id: team("green"), models: ["no-default-models"] })
    yield* write({ _tag: "CreateTeam", team: made }, { _tag: "CreateTeam", team: makeTeam({ id: team("blue") }) })
    yield* same(yield* teams.byId(team("green")), made, "green")
    yield* same((yield* teams.byId(team("blue"))).blocked, true, "blue")
  }),
  "RULES D6: a subject is linked once and stays with whom it is linked to": Effect.gen(function*() {
    const users = yield* UserRepo
    yield* write(
      { _tag: "LinkSubject", user: user("u-2"), namespace: "okta", subject: "linked" },
      { _tag: "LinkSubject", user: user("u-2"), namespace: "okta", subject: "00u1" },
      { _tag: "LinkSubject", user: user("nobody"), namespace: "okta", subject: "ghost" }
    )
    yield* has("u-2", (row) => row.subjects.length === 1)
    yield* same((yield* users.bySubject("okta", "linked")).id, "u-2", "linked")
    yield* same((yield* users.bySubject("okta", "00u1")).id, "u-1", "not taken")
    yield* same(yield* tagOf(users.bySubject("okta", "ghost")), "RowNotFound", "nobody")
  }),
  "a role that a token granted is marked as such": Effect.gen(function*() {
    yield* write({ _tag: "SetRole", user: user("u-1"), role: "proxy_admin", origin: "token" })
    yield* has("u-1", (row) => row.role === "proxy_admin" && row.roleOrigin === "token")
    yield* write({ _tag: "SetRole", user: user("u-1"), role: null, origin: "token" })
    yield* has("u-1", (row) => row.role === null)
  }),
  "RULES D31: joining adds the team at the end, once, and only a team that exists": Effect.gen(function*() {
    const users = yield* UserRepo
    const joins = ["nowhere", "twin-a", "red", "twin-a"].map((it) => ({
      _tag: "JoinTeam" as const,
      user: user("u-1"),
      team: team(it),
      role: "user"
    }))
    yield* write(...joins)
    yield* has("u-1", (row) => Equal.equals(row.teams, ["red", "blue", "twin-a"]))
    yield* same((yield* found("u-1")).tokenTeams, ["blue", "twin-a"], "token teams")
    yield* same((yield* users.membership(user("u-1"), team("red"))).role, "admin", "limits are kept")
  }),
  "RULES D32: only a membership that a token made is left": Effect.gen(function*() {
    const users = yield* UserRepo
    yield* write(
      { _tag: "LeaveTeam", user: user("u-1"), team: team("red") },
      { _tag: "LeaveTeam", user: user("u-1"), team: team("blue") },
      { _tag: "LeaveTeam", user: user("u-1"), team: team("nowhere") }
    )
    yield* has("u-1", (row) => Equal.equals(row.teams, ["red"]) && row.tokenTeams.length === 0)
    yield* same((yield* users.membership(user("u-1"), team("red"))).maxBudget, 5, "red")
  })
}

/** What every look-up answers while the store is away. */
const outageCases: Cases<Repos> = {
  "RULES D27: a look-up that is not answered is an outage, never an absence": Effect.gen(function*() {
    const users = yield* UserRepo
    const teams = yield* TeamRepo
    const organizations = yield* OrganizationRepo
    const looks: Readonly<Record<string, Effect.Effect<unknown, { readonly _tag: string }>>> = {
      "user": users.byId(user("u-1")),
      "subject": users.bySubject("", "okta|1"),
      "e-mail": users.byEmail("alice@acme.com"),
      "membership": users.membership(user("u-1"), team("red")),
      "memberships": users.memberships(user("u-1"), [team("red")]),
      "team": teams.byId(team("red")),
      "teams": teams.byIds([team("red"), team("nowhere")]),
      "alias": teams.byAlias("Red"),
      "aliases": teams.byAliases(["Red", "Twin"]),
      "model groups": teams.modelGroups([group("cheap")]),
      "organization": organizations.byId(organization("acme")),
      "alias of an organization": organizations.byAlias("Acme"),
      "end user": organizations.endUser(EndUserId.make("c-1"))
    }
    for (const [name, look] of Object.entries(looks)) yield* same(yield* tagOf(look), "DirectoryUnavailable", name)
  })
}

const writeOutageCases: Cases<Repos> = {
  "RULES D33: a row that the decision rests on and cannot be made is an outage": Effect.gen(function*() {
    const made = write({ _tag: "CreateUser", user: makeUser({ id: user("u-new") }) })
    yield* same(yield* tagOf(made), "DirectoryUnavailable", "CreateUser")
  }),
  "RULES D33: what is written after the answer and cannot be is no denial": Effect.gen(function*() {
    const writes: ReadonlyArray<DirectoryWrite> = [
      { _tag: "LinkSubject", user: user("u-1"), namespace: "okta", subject: "linked" },
      { _tag: "SetRole", user: user("u-1"), role: "proxy_admin", origin: "token" },
      { _tag: "JoinTeam", user: user("u-1"), team: team("red"), role: "user" },
      { _tag: "LeaveTeam", user: user("u-1"), team: team("blue") }
    ]
    for (const one of writes) yield* same(yield* tagOf(write(one)), "found", one._tag)
  })
}

/** The cases that only read; a store that may not be written passes them. */
export const reads = <E>(layerOf: (rows: Rows) => Layer.Layer<Repos, E>, given: Rows = rows): ReadonlyArray<Case> =>
  over(readCases(given), () => layerOf(given))

/** The cases that write through `Provisioner`. */
export const writes = <E>(layerOf: (rows: Rows) => Layer.Layer<Repos, E>, given: Rows = rows): ReadonlyArray<Case> =>
  over(writeCases, () => layerOf(given))

/** The cases of a store that is away: `layer` builds without it, and nothing of it answers. */
export const outages = <E>(layer: Layer.Layer<Repos, E>): ReadonlyArray<Case> => over(outageCases, () => layer)

/** What `Provisioner` does of a store that is away; a directory that only reads has nothing that could fail. */
export const writeOutages = <E>(layer: Layer.Layer<Repos, E>): ReadonlyArray<Case> =>
  over(writeOutageCases, () => layer)

/** The cases of a layer that also provides `AgentRepo`; without one nobody is an agent. */
export const agents = <E>(layerOf: (rows: Rows) => Layer.Layer<Repos, E>, given: Rows = rows): ReadonlyArray<Case> =>
  over(agentCases(given), () => layerOf(given))

/** The cases of a layer that also provides `ToolRepo`; without one every MCP server counts as named. */
export const servers = <E>(layerOf: (rows: Rows) => Layer.Layer<Repos, E>, given: Rows = rows): ReadonlyArray<Case> =>
  over(serverCases(given), () => layerOf(given))

/**
 * Everything that reads and writes, over a store that leaves nothing out; `layerOf` builds a store that holds exactly these
 * rows, anew for each case. A store that cannot say everything that the rows say brings rows of its own with the same ids.
 */
export const suite = <E>(
  layerOf: (rows: Rows) => Layer.Layer<Repos, E>,
  given: Rows = rows
): ReadonlyArray<Case> => [reads, agents, servers, writes].flatMap((cases) => cases(layerOf, given))
