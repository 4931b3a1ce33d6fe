/** The contract of `DirectoryAdmin`: the same cases for every store that keeps rows. */
import { assert } from "@effect/vitest"
import { makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import * as DirectoryFileModule from "@jotgate/core/DirectoryFile"
import type * as DirectoryPlan from "@jotgate/core/DirectoryPlan"
import { compareText } from "@jotgate/core/Ids"
import type { Rows } from "@jotgate/core/MemoryRows"
import { Provisioner } from "@jotgate/core/Provisioner"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit } from "effect"
import { type Action, type Applied, DirectoryAdmin, etag } from "../../src/manage/DirectoryAdmin.ts"
import * as People from "../../src/manage/People.ts"

type Needs = DirectoryAdmin | UserRepo | Provisioner

const by = { actor: "ada" }

const file: DirectoryFile = {
  organizations: [{ id: "acme", alias: "Acme" }],
  modelGroups: [{ id: "cheap", models: ["gpt-4o-mini"] }],
  teams: [{ id: "red", organization: "acme", modelGroups: ["cheap"] }, { id: "blue", models: ["gpt-4o"] }],
  users: [{ id: "u-1", email: "A@acme.com", subjects: [{ namespace: "", subject: "s-1" }] }, { id: "u-2" }],
  endUsers: [{ id: "c-1", maxBudget: 1 }],
  memberships: [{ user: "u-1", team: "red", role: "admin", maxBudget: 5 }, { user: "u-1", team: "blue" }]
}

const summary = ({ counts, steps }: Applied) => {
  const of = (action: Action) => steps.flatMap((it) => it.action === action ? [`${it.kind} ${it.id}`] : [])
  const told = { create: of("create"), change: of("change"), remove: of("remove") }
  assert.deepStrictEqual(counts, {
    create: told.create.length,
    change: told.change.length,
    remove: told.remove.length
  })
  return told
}

const nothing = { create: [], change: [], remove: [] }

/** Every row, page by page. */
const everything = Effect.gen(function*() {
  const admin = yield* DirectoryAdmin
  const all = Effect.fnUntraced(function*<K extends keyof DirectoryPlan.Nouns>(kind: K) {
    const rows: Array<DirectoryPlan.Nouns[K]> = []
    let after: string | undefined
    do {
      const page = yield* admin.list(kind, { limit: 2, ...(after === undefined ? {} : { after }) })
      rows.push(...page.rows)
      after = page.next
    } while (after !== undefined)
    return rows
  })
  const rows: Rows = {
    organizations: yield* all("organizations"),
    modelGroups: yield* all("modelGroups"),
    teams: yield* all("teams"),
    users: yield* all("users"),
    endUsers: yield* all("endUsers"),
    memberships: yield* all("memberships")
  }
  return rows
})

const exported = Effect.map(everything, DirectoryFileModule.fromRows)

const reasonOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(
    Effect.flip(self),
    (error) => typeof error === "object" && error !== null && "reason" in error ? error.reason : error
  )

/** Every person as rules see one, page by page. */
const people = Effect.gen(function*() {
  const admin = yield* DirectoryAdmin
  const found: Array<People.Person> = []
  let after: string | undefined
  do {
    const page = yield* admin.people({ limit: 2, ...(after === undefined ? {} : { after }) })
    found.push(...page.rows)
    after = page.next
  } while (after !== undefined)
  return found
})

/** People who differ in one thing each, beside two who are alike. */
const kinds: DirectoryFile = {
  teams: [{ id: "red" }, { id: "blue" }],
  users: [
    { id: "alike-1", email: "a@acme.com", subjects: [{ namespace: "", subject: "s-1" }] },
    { id: "alike-2", email: "b@acme.com" },
    { id: "blocked", blocked: true },
    { id: "left", active: false },
    { id: "listed", models: ["gpt-4o", "o1"], tools: ["a/b"], prompts: [], resources: ["!a/*"] },
    { id: "over", maxBudget: 1.5, spend: 2 },
    { id: "over more", maxBudget: 3, spend: 700.25 },
    { id: "spent", maxBudget: 2, spend: 2 },
    { id: "under", maxBudget: 3, spend: 2 },
    { id: "unlimited", spend: 2 },
    { id: "viewer", role: "internal_user_viewer" },
    { id: "odd 'name' \u00e9 \u{1f600}" }
  ],
  memberships: [
    { user: "alike-1", team: "red" },
    { user: "alike-2", team: "red" },
    { user: "listed", team: "red", models: ["gpt-4o"], tools: [] },
    { user: "listed", team: "blue", role: "admin", maxBudget: 1, spend: 2 },
    { user: "over", team: "blue", maxBudget: 5, spend: 4 }
  ]
}

export const cases: Readonly<Record<string, Effect.Effect<void, unknown, Needs>>> = {
  "people are told as the lists tell them, and those who are alike share what can be told of them": Effect.gen(
    function*() {
      const admin = yield* DirectoryAdmin
      yield* admin.apply(kinds, { ...by, prune: "file" })
      yield* (yield* Provisioner).run([
        { _tag: "JoinTeam", user: UserId.make("viewer"), team: TeamId.make("blue"), role: "user" }
      ])
      while ((yield* admin.list("memberships", { limit: 10, filter: { user: "viewer" } })).rows.length === 0) {
        yield* Effect.sleep("5 millis")
      }
      const { memberships = [], users = [] } = yield* everything
      const { person } = People.make()
      const told = yield* people
      assert.deepStrictEqual(told, users.map((row) => person(row, memberships.filter((it) => it.user === row.id))))
      const one = (id: string) => told.find((it) => it.id === id)
      const [first, second] = [one("alike-1"), one("alike-2")]
      assert.strictEqual(first?.traits, second?.traits)
      assert.strictEqual(first?.places[0], second?.places[0])
      // Of a budget only whether it is used up.
      assert.strictEqual(one("over")?.traits, one("over more")?.traits)
      const kindsOfTraits = new Set(told.map((it) => it.traits))
      assert.strictEqual(kindsOfTraits.size, told.length - ["alike-2", "over more", "odd", "unlimited"].length)
      assert.deepStrictEqual(one("viewer")?.places.map(({ isByToken, team }) => [team as string, isByToken]), [
        ["blue", true]
      ])
    }
  ),
  "a file is planned, applied once, and changes nothing the second time": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const planned = summary(yield* admin.apply(file, { ...by, prune: "file", dryRun: true }))
    assert.strictEqual(planned.create.length, 9)
    assert.deepStrictEqual(yield* exported, DirectoryFileModule.fromRows({}))
    assert.deepStrictEqual(summary(yield* admin.apply(file, { ...by, prune: "file" })), planned)
    assert.deepStrictEqual(summary(yield* admin.apply(file, { ...by, prune: "file" })), nothing)
    const users = yield* UserRepo
    const alice = yield* users.byId(UserId.make("u-1"))
    assert.deepStrictEqual(alice.teams, [TeamId.make("red"), TeamId.make("blue")])
    assert.strictEqual((yield* users.bySubject("", "s-1")).id, alice.id)
  }),
  "export, apply, export is identical, and the apply changes nothing": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    yield* admin.apply(file, { ...by, prune: "none" })
    const first = yield* exported
    const parsed = yield* Effect.fromResult(DirectoryFileModule.parse(JSON.parse(JSON.stringify(first))))
    assert.deepStrictEqual(summary(yield* admin.apply(parsed, { ...by, prune: "all" })), nothing)
    assert.deepStrictEqual(yield* exported, first)
  }),
  "who made a row and who gave a role is in an export, and in what is made of it": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const provisioner = yield* Provisioner
    const person = UserId.make("u-9")
    yield* admin.put("teams", { id: "own" }, by)
    yield* admin.apply(file, { ...by, prune: "file" })
    yield* provisioner.run([
      {
        _tag: "CreateUser",
        user: makeUser({ id: person, role: "internal_user", roleOrigin: "token", teams: [TeamId.make("blue")] })
      },
      { _tag: "JoinTeam", user: UserId.make("u-2"), team: TeamId.make("blue"), role: "user" }
    ])
    while ((yield* admin.list("memberships", { limit: 10, filter: { user: "u-2" } })).rows.length === 0) {
      yield* Effect.sleep("5 millis")
    }
    const origins = Effect.gen(function*() {
      const made = new Map<string, ReadonlySet<string>>()
      for (const kind of ["users", "teams", "organizations", "endUsers", "modelGroups"] as const) {
        made.set(kind, yield* admin.ofFile(kind))
      }
      return DirectoryFileModule.fromRows(yield* everything, (kind, id) => made.get(kind)?.has(id) === true)
    })
    const first = yield* origins
    assert.deepStrictEqual(first["users"]?.slice(1), [
      { id: "u-2", origin: "file" },
      { id: "u-9", role: "internal_user", roleOrigin: "token" }
    ])
    assert.deepStrictEqual(first["teams"]?.at(1), { id: "own" })
    assert.deepStrictEqual(first["memberships"]?.at(2), { user: "u-2", team: "blue", origin: "token" })
    yield* admin.apply({}, { ...by, prune: "all" })
    const parsed = yield* Effect.fromResult(DirectoryFileModule.parse(JSON.parse(JSON.stringify(first))))
    yield* admin.apply(parsed, { ...by, prune: "none", origin: "api" })
    assert.deepStrictEqual(yield* origins, first)
    assert.deepStrictEqual((yield* (yield* UserRepo).byId(UserId.make("u-2"))).tokenTeams, [TeamId.make("blue")])
    // What a file made still goes with its file, wherever it was moved to.
    yield* admin.apply({}, { ...by, prune: "file" })
    assert.deepStrictEqual((yield* everything).teams?.map((it) => it.id as string), ["own"])
  }),
  "a row that the file made and no longer holds goes; rows made elsewhere stay, unless all go": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    yield* admin.put("teams", { id: "own" }, by)
    yield* admin.apply(file, { ...by, prune: "file" })
    const { users, teams, ...rest } = file
    const less = { ...rest, memberships: [], users: [{ id: "u-2" }], teams: [{ id: "blue", models: ["gpt-4o"] }] }
    const plan = summary(yield* admin.apply(less, { ...by, prune: "file" }))
    assert.deepStrictEqual(plan.remove, [
      "memberships [\"u-1\",\"red\"]",
      "memberships [\"u-1\",\"blue\"]",
      "users u-1",
      "teams red"
    ])
    assert.deepStrictEqual((yield* everything).teams?.map((it) => it.id as string), ["blue", "own"])
    const all = summary(yield* admin.apply({}, { ...by, prune: "all" }))
    assert.include(all.remove, "teams own")
    assert.deepStrictEqual(yield* exported, DirectoryFileModule.fromRows({}))
  }),
  "what a token granted survives a reload of the file, unless the file says otherwise": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const provisioner = yield* Provisioner
    const users = yield* UserRepo
    yield* admin.apply(file, { ...by, prune: "file" })
    yield* provisioner.run([
      { _tag: "SetRole", user: UserId.make("u-2"), role: "proxy_admin", origin: "token" },
      { _tag: "LinkSubject", user: UserId.make("u-2"), namespace: "okta", subject: "linked" },
      { _tag: "JoinTeam", user: UserId.make("u-2"), team: TeamId.make("blue"), role: "user" }
    ])
    const second = Effect.suspend(() => users.byId(UserId.make("u-2")))
    while ((yield* second).teams.length === 0) yield* Effect.sleep("5 millis")
    assert.deepStrictEqual(summary(yield* admin.apply(file, { ...by, prune: "file" })), nothing)
    assert.deepStrictEqual((yield* second).role, "proxy_admin")
    assert.deepStrictEqual((yield* second).tokenTeams, [TeamId.make("blue")])
    const set = { ...file, users: [file.users?.[0] ?? { id: "" }, { id: "u-2", role: "internal_user" as const }] }
    yield* admin.apply(set, { ...by, prune: "file" })
    assert.deepStrictEqual([(yield* second).role, (yield* second).roleOrigin], ["internal_user", "file"])
  }),
  "a file that names what is not there changes nothing": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const bad: DirectoryFile = {
      teams: [{ id: "red", organization: "gone", modelGroups: ["lost"] }],
      memberships: [{ user: "nobody", team: "red" }]
    }
    const error = yield* Effect.flip(admin.apply(bad, { ...by, prune: "none" }))
    assert.deepStrictEqual(
      error._tag === "ChangeRefused" ? error.findings.map((it) => it.path.join(".")) : error,
      ["memberships.0.user", "teams.0.organization", "teams.0.modelGroups.0"]
    )
    assert.deepStrictEqual((yield* everything).teams, [])
    assert.deepStrictEqual(yield* admin.audits({ limit: 10 }), [])
  }),
  "a subject that somebody else has is refused, and half of nothing is written": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    yield* admin.apply(file, { ...by, prune: "none" })
    const before = yield* exported
    const thief = { id: "thief", subjects: [{ namespace: "", subject: "s-1" }] }
    assert.strictEqual(yield* reasonOf(admin.put("users", thief, by)), "taken")
    assert.strictEqual(
      yield* reasonOf(admin.apply({ teams: [{ id: "new" }], users: [thief] }, { ...by, prune: "none" })),
      "taken"
    )
    assert.deepStrictEqual(yield* exported, before)
    const moved: DirectoryFile = { users: [{ id: "u-1", subjects: [] }, thief] }
    yield* admin.apply(moved, { ...by, prune: "none" })
    assert.strictEqual((yield* (yield* UserRepo).bySubject("", "s-1")).id, "thief", "moving is one change")
  }),
  "a row is put under a condition: absent, or as it was seen": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const { after, before } = yield* admin.put("teams", { id: "red" }, { ...by, expect: "absent" })
    assert.strictEqual(before, undefined)
    assert.strictEqual(yield* reasonOf(admin.put("teams", { id: "red" }, { ...by, expect: "absent" })), "stale")
    const seen = etag(after)
    const changed = yield* admin.put("teams", { id: "red", blocked: true }, { ...by, expect: seen })
    assert.deepStrictEqual([changed.before?.blocked, changed.after.blocked], [false, true])
    assert.strictEqual(yield* reasonOf(admin.put("teams", { id: "red" }, { ...by, expect: seen })), "stale")
    assert.strictEqual(yield* reasonOf(admin.remove("teams", "red", { ...by, expect: seen })), "stale")
    yield* admin.remove("teams", "red", { ...by, expect: etag(changed.after) })
    assert.strictEqual((yield* Effect.flip(admin.get("teams", "red")))._tag, "RowNotFound")
    assert.strictEqual((yield* Effect.flip(admin.remove("teams", "red", by)))._tag, "RowNotFound")
  }),
  "a row takes its memberships along, and one that is named by another stays": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const users = yield* UserRepo
    yield* admin.apply(file, { ...by, prune: "none" })
    assert.strictEqual(yield* reasonOf(admin.remove("organizations", "acme", by)), "referenced")
    assert.strictEqual(yield* reasonOf(admin.remove("modelGroups", "cheap", by)), "referenced")
    yield* admin.remove("teams", "red", by)
    assert.deepStrictEqual((yield* users.byId(UserId.make("u-1"))).teams, [TeamId.make("blue")])
    yield* admin.remove("organizations", "acme", by)
    yield* admin.remove("users", "u-1", by)
    assert.deepStrictEqual((yield* everything).memberships, [])
    assert.strictEqual((yield* Effect.flip(users.bySubject("", "s-1")))._tag, "RowNotFound")
    assert.strictEqual(yield* reasonOf(admin.put("memberships", { user: "u-1", team: "blue" }, by)), "missing")
  }),
  "lists come in the order of their ids, page by page, and narrowed by filters": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const ids = ["a", "B", "aa", "é", "z", "日本", "😀", "\uffee"]
    yield* admin.apply({ teams: ids.map((id) => ({ id, blocked: id === "B" })) }, { ...by, prune: "none" })
    const ordered = ids.toSorted(compareText)
    assert.deepStrictEqual((yield* everything).teams?.map((it) => it.id as string), ordered)
    const blocked = yield* admin.list("teams", { limit: 10, filter: { blocked: true } })
    assert.deepStrictEqual(blocked.rows.map((it) => it.id as string), ["B"])
    yield* admin.apply(file, { ...by, prune: "none" })
    const found = yield* admin.list("users", { limit: 10, filter: { email: "a@ACME.com" } })
    assert.deepStrictEqual(found.rows.map((it) => it.id as string), ["u-1"])
    const members = yield* admin.list("users", { limit: 10, filter: { team: "red" } })
    assert.deepStrictEqual(members.rows.map((it) => it.id as string), ["u-1"])
    const own = yield* admin.list("memberships", { limit: 1, filter: { user: "u-1" } })
    assert.deepStrictEqual([own.rows.length, own.next], [1, "[\"u-1\",\"blue\"]"])
    const rest = yield* admin.list("memberships", { limit: 1, after: own.next ?? "", filter: { user: "u-1" } })
    assert.deepStrictEqual([rest.rows[0]?.team as string, rest.next], ["red", undefined])
  }),
  "threat E13: SQL in an id or a filter is data": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    for (const id of ["' OR 1=1--", "x'; DROP TABLE users;--", "%", "\\", "?", "$1", "\"", "null"]) {
      yield* admin.put("users", { id, email: `${id.length}@acme.com` }, by)
      assert.strictEqual((yield* admin.get("users", id)).id, id)
      assert.deepStrictEqual((yield* admin.list("users", { limit: 10, filter: { email: id } })).rows, [])
      assert.deepStrictEqual((yield* admin.list("teams", { limit: 10, filter: { alias: id } })).rows, [])
      yield* admin.remove("users", id, by)
    }
    assert.deepStrictEqual((yield* admin.list("users", { limit: 10, after: "\0" })).rows.length, 0)
  }),
  "every change has an audit row: who, what before, what after": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    yield* admin.put("teams", { id: "red" }, by)
    yield* admin.put("teams", { id: "red", blocked: true }, { actor: "bob" })
    yield* admin.put("teams", { id: "red", blocked: true }, by)
    yield* admin.remove("teams", "red", by)
    const audits = yield* admin.audits({ limit: 10 })
    assert.deepStrictEqual(audits.map((it) => `${it.actor} ${it.action} ${it.kind} ${it.id}`), [
      "ada remove teams red",
      "bob change teams red",
      "ada create teams red"
    ])
    const [last, middle] = audits
    assert.deepInclude(middle?.before, { blocked: false })
    assert.deepInclude(middle?.after, { blocked: true })
    assert.isNull(last?.after)
    const older = yield* admin.audits({ limit: 10, before: middle?.seq ?? 0 })
    assert.deepStrictEqual(older.map((it) => it.action), ["create"])
  }),
  "an idempotency key does a thing once, also when many ask at once": Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    let done = 0
    const change = Effect.map(admin.put("teams", { id: "red" }, by), () => `answer ${++done}`)
    const asked = yield* Effect.all(Array.from({ length: 5 }, () => Effect.exit(admin.once("key", "body", change))), {
      concurrency: "unbounded"
    })
    assert.deepStrictEqual(asked, Array.from(asked, () => Exit.succeed("answer 1")))
    assert.strictEqual(yield* admin.once("key", "body", change), "answer 1")
    assert.strictEqual(done, 1)
    assert.strictEqual(yield* reasonOf(admin.once("key", "another body", change)), "reused")
    yield* Effect.exit(admin.once("failing", "body", Effect.fail("no")))
    assert.strictEqual(yield* admin.once("failing", "body", Effect.succeed("yes")), "yes", "a failure is not kept")
  })
}
