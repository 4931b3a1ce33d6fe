/** The resolver of people alone: what it asks, in which order, and what it wants to be written. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { DirectoryUnavailable, RowNotFound, type User, UserId } from "../../src/directory/Directory.ts"
import { UserRepo } from "../../src/directory/UserRepo.ts"
import type { Identity } from "../../src/Identity.ts"
import { Rules } from "../../src/principal/Rules.ts"
import { UserResolver } from "../../src/principal/UserResolver.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import type { Now } from "../../src/Trace.ts"

const now: Now = { time: 0, ticks: 0, note: undefined }
const noUser = Exit.fail(new RowNotFound({ kind: "user" }))

const said = (row: User | DirectoryUnavailable | undefined) =>
  row === undefined ? noUser : row instanceof DirectoryUnavailable ? Exit.fail(row) : Exit.succeed(row)

/** What `find` answers and asks for an identity, with some rows found by some way. */
const find = Effect.fnUntraced(function*(
  who: Partial<Identity>,
  rows: {
    readonly id?: User | DirectoryUnavailable
    readonly subject?: User | DirectoryUnavailable
    readonly email?: ReadonlyArray<User>
  } = {},
  directory: CoreTest.World["directory"] = {},
  role: "internal_user" | "team" | null = "internal_user"
) {
  const asked: Array<string> = []
  const repo = Layer.mock(UserRepo, {
    byId: (id) => {
      asked.push(`id ${id}`)
      return said(rows.id)
    },
    bySubject: (namespace, subject) => {
      asked.push(`subject ${namespace}|${subject}`)
      return said(rows.subject)
    },
    byEmail: (email) => {
      asked.push(`email ${email}`)
      return Exit.succeed(rows.email ?? [])
    }
  })
  const identity: Identity = {
    issuer: "idp",
    namespace: "",
    user: UserId.make("u-1"),
    userIsEmail: false,
    email: "ada@acme.test",
    userIsAddress: false,
    userIsUnproven: false,
    teamsBy: "id",
    tenant: undefined,
    severalOrganizations: false,
    linkByEmail: "verified",
    service: false,
    team: undefined,
    teamAlias: undefined,
    teams: [],
    namesTeams: false,
    withheld: false,
    overage: false,
    organization: undefined,
    organizationAlias: undefined,
    endUser: undefined,
    object: undefined,
    roles: [],
    userRoles: [],
    scopes: [],
    facts: {},
    ...who
  }
  const resolver = UserResolver.layer.pipe(
    Layer.provide([repo, Rules.layer(CoreTest.settingsOf({ directory: directory ?? {} }))])
  )
  const answer = yield* UserResolver.use((it) =>
    it.find(identity, { role: role ?? undefined, admin: false, because: "nothing" }, now)
  )
    .pipe(
      Effect.map((it) =>
        `${it.id ?? "nobody"} ${it.row?.id ?? "no row"} ${it.writes.map((one) => one._tag).join()}`.trim()
          .replaceAll(/u_[0-9A-Z]{26}/g, "(made)")
      ),
      Effect.catch((denial) => Effect.succeed(`${denial.status} ${denial.code}`)),
      Effect.provide(resolver)
    )
  return { answer, asked: asked.join("; ") }
})

const row = CoreTest.user("row")
const admin = CoreTest.user("boss", { role: "proxy_admin" })

describe("UserResolver", () => {
  it.effect("by id, then by linked subject, then by e-mail, and no further than needed (RULES D5, D6)", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* find({}, { id: row }), { answer: "row row", asked: "id u-1" })
      assert.deepStrictEqual(yield* find({}, { subject: row }), { answer: "row row", asked: "id u-1; subject |u-1" })
      assert.deepStrictEqual(yield* find({}, { email: [row] }), {
        answer: "row row LinkSubject",
        asked: "id u-1; subject |u-1; email ada@acme.test"
      })
      assert.strictEqual((yield* find({})).answer, "404 user_not_found")
    }))

  it.effect("in a namespace the id of a row is never asked for (RULES D5)", () =>
    Effect.gen(function*() {
      const found = yield* find({ namespace: "okta" }, { id: row })
      assert.deepStrictEqual(found, { answer: "404 user_not_found", asked: "subject okta|u-1; email ada@acme.test" })
    }))

  it.effect("the address is not even asked for unless it may link (RULES D6)", () =>
    Effect.gen(function*() {
      for (
        const who of [
          { linkByEmail: "never" as const },
          { email: undefined },
          { email: "a@b@acme.test" },
          { email: "acme.test" }
        ]
      ) assert.notInclude((yield* find(who, { email: [row] })).asked, "email")
      assert.include((yield* find({ linkByEmail: "always" }, { email: [row] })).asked, "email")
    }))

  it.effect("of several rows with one address the oldest that is no proxy admin is taken (RULES D6)", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* find({}, { email: [admin, row] })).answer, "row row LinkSubject")
      assert.strictEqual((yield* find({}, { email: [admin] })).answer, "404 user_not_found")
      assert.strictEqual((yield* find({}, { id: admin })).answer, "boss boss")
    }))

  it.effect("whoever is found by subject goes on while the directory is away, if nobody had the id a moment ago", () =>
    Effect.gen(function*() {
      const away = new DirectoryUnavailable({ operation: "user by id" })
      const doubted = new DirectoryUnavailable({ operation: "user by id", wasAbsent: true })
      assert.strictEqual((yield* find({}, { id: doubted, subject: row })).answer, "row row")
      const refused = "503 directory_unavailable"
      assert.strictEqual((yield* find({}, { id: away, subject: row })).answer, refused)
      // Whether there is anybody is not known: nobody is made, linked or taken at their word.
      const lax = { users: { create: true, unknown: "allow" as const } }
      for (const subject of [undefined, away]) {
        const it = yield* find({}, { id: doubted, email: [row], ...(subject === undefined ? {} : { subject }) }, lax)
        assert.deepStrictEqual(it, { answer: refused, asked: "id u-1; subject |u-1" })
      }
      // By an address no proxy admin is found (RULES D57).
      assert.strictEqual((yield* find({ userIsAddress: true }, { id: doubted, subject: admin })).answer, refused)
    }))

  it.effect("a person whom nobody knows is created, taken at their word, or refused (RULES D50)", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* find({}, {}, { users: { create: true } })).answer, "(made) (made) CreateUser")
      assert.strictEqual((yield* find({}, {}, { users: { unknown: "allow" } })).answer, "u-1 no row")
      assert.strictEqual(
        (yield* find({}, {}, { users: { unknown: "allow", create: true } })).answer,
        "(made) (made) CreateUser"
      )
    }))

  it.effect("the object id is the person's in the role internal_user alone, and never a service's (RULES D18, D37)", () =>
    Effect.gen(function*() {
      const object = { object: "o-1" }
      assert.include((yield* find(object)).asked, "id o-1")
      assert.include((yield* find(object, {}, {}, "team")).asked, "id u-1")
      assert.include((yield* find(object, {}, {}, null)).asked, "id u-1")
      assert.strictEqual((yield* find({ ...object, service: true, user: undefined })).answer, "nobody no row")
    }))

  it.effect("nobody is asked for when the token names nobody", () =>
    Effect.map(find({ user: undefined }), (it) => assert.deepStrictEqual(it, { answer: "nobody no row", asked: "" })))

  it.effect("a row whose role nobody knows is refused however it was found (RULES D42)", () =>
    Effect.gen(function*() {
      const odd = CoreTest.user("odd", { role: "wizard" })
      for (const rows of [{ id: odd }, { subject: odd }, { email: [odd] }]) {
        assert.strictEqual((yield* find({}, rows)).answer, "403 user_role_unknown")
      }
    }))
})
