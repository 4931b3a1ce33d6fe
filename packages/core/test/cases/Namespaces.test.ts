/** A person is (namespace, subject) (RULES D61): every way to a row, tried from another namespace. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { membership, team, user } = CoreTest
const CORP = "https://corp.test"
const made = "u_01ARZ3NDEKTSV4RRFFQ69G5FAV"
const corp = (claims: Record<string, unknown>): CoreTest.Ask => ({ claims: { iss: CORP, ...claims } })
const own = (claims: Record<string, unknown>): CoreTest.Ask => ({ claims })

const world: CoreTest.World = {
  issuers: [{}, { id: "corp", issuer: CORP, identities: { namespace: "corp" } }],
  rows: {
    users: [
      user("alice"),
      user("corp|bob", { subjects: [{ namespace: "corp", subject: "bob" }] }),
      user(made, { subjects: [{ namespace: "corp", subject: "carol" }] }),
      user("dora", { subjects: [{ namespace: "corp", subject: "d" }, { namespace: "", subject: "d" }] }),
      user("corp|eve")
    ],
    teams: [team("red")]
  }
}

describe("a token finds rows of its own namespace alone", () => {
  decides("by id and by linked subject", world, {
    "its own row by id": [own({ uid: "alice" }), "allow user=alice"],
    "its own subject": [own({ uid: "d" }), "allow user=dora"],
    "a row that has subjects too, by id": [own({ uid: "dora" }), "allow user=dora"],
    "the other's subject": [own({ uid: "bob" }), "404 user_not_found"],
    "a made id": [own({ uid: made }), "404 user_not_found"],
    "its own subject in a namespace": [corp({ uid: "bob" }), "allow user=corp|bob"],
    "whose row has a made id": [corp({ uid: "carol" }), `allow user=(made)`],
    "an id in a namespace": [corp({ uid: "alice" }), "404 user_not_found"],
    "a made id in a namespace": [corp({ uid: made }), "404 user_not_found"],
    "its own name as a subject": [corp({ uid: "corp|bob" }), "404 user_not_found"]
  })

  decides("a row of a namespace that no issuer has any more is found by nobody who says its id", {
    rows: { users: [user("corp|bob", { subjects: [{ namespace: "corp", subject: "bob" }] })] }
  }, {
    "its id": [own({ uid: "corp|bob" }), "404 user_not_found"]
  })

  decides("an id that looks made finds a row that is linked to nobody", { rows: { users: [user(made)] } }, {
    "in the empty namespace": [own({ uid: made }), "allow user=(made)"]
  })

  decides("a subject of the empty namespace that reads like a person of another is 401", {
    ...world,
    issuer: {},
    directory: { users: { unknown: "allow" } }
  }, {
    "with a row": [own({ uid: "corp|bob" }), "401 invalid_token"],
    "with a row that nobody is linked to": [own({ uid: "corp|eve" }), "401 invalid_token"],
    "without one": [own({ uid: "corp|nobody" }), "401 invalid_token"],
    "as the object": [own({ uid: "alice", oid: "corp|bob" }), "401 invalid_token"],
    "another namespace, which there is not": [own({ uid: "other|x" }), "allow user=other|x"],
    "only the beginning": [own({ uid: "corp" }), "allow user=corp"],
    "in the namespace it is a subject like any": [corp({ uid: "corp|x" }), "allow user=corp|corp|x"]
  })

  decides("who has no row is told by namespace and subject, and never by the name of another's row", {
    ...world,
    directory: { users: { unknown: "allow" } }
  }, {
    "empty": [own({ uid: "zoe" }), "allow user=zoe"],
    "named": [corp({ uid: "zoe" }), "allow user=corp|zoe"],
    "named, whose name is a row": [corp({ uid: "eve" }), "404 user_not_found"],
    "empty, whose name is a made id": [own({ uid: made }), "404 user_not_found"]
  })

  decides("an admin by scope is told so too, and has no limits of another's", {
    issuers: [{ adminScope: "admin" }, {
      id: "corp",
      issuer: CORP,
      identities: { namespace: "corp" },
      adminScope: "admin"
    }],
    policy: { adminRoutes: ["*"] },
    rows: {
      users: [user("alice"), user("row", { subjects: [{ namespace: "corp", subject: "bob" }] })],
      teams: [team("red")],
      memberships: [membership("alice", "red", { models: ["a"] }), membership("row", "red", { models: ["b"] })]
    }
  }, {
    "told": [corp({ uid: "alice", scope: "admin" }), "allow admin user=corp|alice"],
    "not another's": [
      { ...corp({ uid: "alice", scope: "admin" }), headers: { "x-team-id": "red" }, model: "c" },
      "allow admin user=corp|alice team=red"
    ],
    "its own": [
      { ...corp({ uid: "bob", scope: "admin" }), headers: { "x-team-id": "red" }, model: "c" },
      "403 member_model_denied"
    ],
    "its own by id": [
      { ...own({ uid: "alice", scope: "admin" }), headers: { "x-team-id": "red" }, model: "c" },
      "403 member_model_denied"
    ]
  })
})

describe("created rows", () => {
  const creating = { ...world, directory: { users: { create: true } } }

  it.effect("have an id that says nothing, and the subject linked", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      for (const [ask, namespace] of [[own({ uid: "zoe" }), ""], [corp({ uid: "zoe" }), "corp"]] as const) {
        const first = yield* core.ask(ask)
        const row = first.decision?.principal.user
        assert.match(row?.id ?? "", /^u_[0-9A-HJKMNP-TV-Z]{26}$/)
        assert.deepStrictEqual(row?.subjects, [{ namespace, subject: "zoe" }])
        const second = yield* core.ask(ask)
        assert.strictEqual(second.decision?.principal.userId, row?.id)
        assert.deepStrictEqual(second.writes, [])
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(creating))))

  it.effect("an address without a proof is not kept in one, so nobody is linked to it later", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const thief = yield* core.ask(own({ uid: "thief", email: "ada@acme.test", email_verified: false }))
      assert.isNull(thief.decision?.principal.user?.email)
      const owner = yield* core.ask(own({ uid: "owner", email: "ada@acme.test", email_verified: true }))
      assert.notStrictEqual(owner.decision?.principal.userId, thief.decision?.principal.userId)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(creating))))

  it.effect("one person who asks many times at once is one row", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const asks = yield* Effect.forEach(Array.from({ length: 20 }), () => core.ask(own({ uid: "zoe" })), {
        concurrency: "unbounded"
      })
      assert.strictEqual(new Set(asks.map((it) => it.decision?.principal.userId)).size, 1)
      assert.strictEqual(core.tables.users.all().length, 6)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(creating))))
})
