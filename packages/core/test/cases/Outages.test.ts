/** A directory that does not answer: 503 wherever it is read, never an allow with less than was known (RULES D23, D27, D43). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TableName } from "../../src/directory/MemoryRows.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { endUser, membership, modelGroup, organization, team, user } = CoreTest
const uid = "u-1"
const sharing = team("sharing", { models: ["gpt-4o"], modelGroups: ["g-1"] })

/** A world in which every fallback is open, so that a swallowed outage would end in an allow. */
const lenient: CoreTest.World = {
  issuer: {
    adminScope: "admin",
    claims: { ...CoreTest.mapping, user: { from: "uid", orEmail: true } },
    identities: { linkByEmail: "always" }
  },
  policy: {
    adminRoutes: ["*"],
    requirePrincipal: false,
    roleMappings: [{ claim: "svc", role: "team" }, { claim: "person", role: "internal_user" }]
  },
  directory: {
    users: { unknown: "allow" },
    teams: { whenUnknown: "next", default: "red" },
    memberships: "join"
  },
  rows: {
    users: [user("u-1", { email: "a@acme.test" }), user("one", { teams: ["red"] })],
    teams: [
      team("red", { alias: "Red" }),
      team("owned", { organization: "acme" }),
      sharing
    ],
    organizations: [organization("acme", { alias: "Acme" })],
    endUsers: [endUser("c-1")],
    memberships: [membership("u-1", "red")],
    modelGroups: [modelGroup("g-1", ["claude"])]
  }
}

const paths: ReadonlyArray<readonly [table: TableName, where: string, ask: CoreTest.Ask, world?: CoreTest.World]> = [
  ["teams", "header", { claims: { groups: ["red"] }, headers: { "x-team-id": "red" } }],
  ["teams", "object id", { claims: { roles: ["svc"], oid: "red" } }],
  ["teams", "single claim", { claims: { team_id: "red" } }],
  ["teams", "alias", { claims: { team_name: "Red" } }],
  ["teams", "group choice", { claims: { groups: ["red"] } }],
  ["teams", "group choice of many", { claims: { groups: ["ghost", "red", "owned"] }, model: "gpt-4o" }],
  ["teams", "single membership", { claims: { uid: "one" } }],
  ["teams", "default", { claims: { uid } }],
  ["teams", "the admin's header", { claims: { scope: "admin" }, headers: { "x-team-id": "red" } }],
  ["users", "row id", { claims: { uid } }],
  ["users", "linked subject", { claims: { uid: "stranger" } }],
  ["users", "e-mail", { claims: { email: "a@acme.test" } }],
  ["users", "object id", { claims: { roles: ["person"], oid: "u-1" } }],
  ["organizations", "id", { claims: { uid, org_id: "acme" } }],
  ["organizations", "alias", { claims: { uid, org_name: "Acme" } }],
  ["organizations", "the team's budget", { claims: { team_id: "owned" } }],
  ["endUsers", "end user", { claims: { uid, customer: "c-1" } }],
  ["memberships", "limits of the member", { claims: { uid, team_id: "red" } }],
  ["memberships", "limits of an admin in a team", { claims: { scope: "admin", uid }, headers: { "x-team-id": "red" } }],
  ["memberships", "limits in all teams, for the list", { claims: { uid, groups: ["red", "owned"] } }],
  ["modelGroups", "single team, its own list denied", { claims: { team_id: "sharing" }, model: "claude" }],
  ["modelGroups", "group choice", { claims: { groups: ["sharing"] }, model: "claude" }],
  ["modelGroups", "a list of models", { claims: { team_id: "sharing" }, listsModels: true }],
  ["modelGroups", "group choice behind a team that cannot take it", {
    claims: { groups: ["red", "sharing"] },
    model: "claude"
  }, {
    ...lenient,
    rows: { ...lenient.rows, teams: [team("red", { models: ["o1"] }), sharing] }
  }],
  ["modelGroups", "the admin's header", {
    claims: { scope: "admin" },
    headers: { "x-team-id": "sharing" },
    model: "claude"
  }],
  ["modelGroups", "membership", { claims: { uid: "sharer" }, model: "claude" }, {
    ...lenient,
    rows: { ...lenient.rows, users: [user("sharer", { teams: ["sharing"] })] }
  }],
  ["teams", "team sync beside a header", { claims: { uid, groups: ["red"] }, headers: { "x-team-id": "red" } }, {
    ...lenient,
    directory: { ...lenient.directory, memberships: "replace" }
  }]
]

describe("RULES D27: a look-up that fails is 503 and nothing else (the reference: passes over it in group choice)", () => {
  it.effect.each([...paths])("%s: %s", ([table, , ask, world = lenient]) =>
    Effect.gen(function*() {
      const well = yield* CoreTest.ask(world, ask)
      assert.isTrue(well.allowed, `without the outage: ${well.line}`)
      const ill = yield* CoreTest.ask({ ...world, failing: [table] }, ask)
      assert.strictEqual(ill.line, "503 directory_unavailable")
      assert.deepStrictEqual(ill.steps.at(-1)?.outcome, "unavailable")
    }))

  it.effect("a whole directory that fails denies everybody whom a row would be asked for", () =>
    Effect.gen(function*() {
      const failing: ReadonlyArray<TableName> = [
        "users",
        "teams",
        "organizations",
        "endUsers",
        "memberships",
        "modelGroups"
      ]
      for (const [, where, ask, world = lenient] of paths) {
        assert.strictEqual((yield* CoreTest.ask({ ...world, failing }, ask)).line, "503 directory_unavailable", where)
      }
    }))

  it.effect("the groups a team shares are not missed where its own list allows", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { ...lenient, failing: ["modelGroups"] }
      const verdict = yield* CoreTest.ask(world, { claims: { team_id: "sharing" }, model: "gpt-4o" })
      assert.strictEqual(verdict.line, "allow team=sharing")
    }))

  it.effect("the groups a team shares are not missed where no model is asked for, nor by an earlier team that fits", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { ...lenient, failing: ["modelGroups"] }
      const verdict = yield* CoreTest.ask(world, { claims: { team_id: "sharing" } })
      assert.strictEqual(verdict.line, "allow team=sharing")
      const chosen = yield* CoreTest.ask(world, { claims: { groups: ["red", "sharing"] }, model: "claude" })
      assert.strictEqual(chosen.line, "allow team=red")
    }))

  const earlierDenials: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, string]> = [
    ["an unknown person", { uid: "stranger" }, "404 user_not_found"],
    ["an unknown organization", { org_id: "ghost" }, "404 organization_not_found"],
    ["a strange domain", { email: "a@evil.test" }, "403 email_domain_denied"]
  ]
  it.effect.each(earlierDenials)(
    "%s is denied before the groups a team shares are missed (order of RULES)",
    ([, claims, line]) =>
      Effect.gen(function*() {
        const world: CoreTest.World = {
          ...lenient,
          policy: { emailDomains: ["acme.test"] },
          directory: {},
          failing: ["modelGroups"]
        }
        const verdict = yield* CoreTest.ask(world, {
          claims: { team_id: "sharing", email: "b@acme.test", ...claims },
          model: "claude"
        })
        assert.strictEqual(verdict.line, line)
      })
  )

  it.effect("RULES D27: an outage is not an answer to remember: the next request is decided anew", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      core.tables.failing.add("users")
      assert.strictEqual((yield* core.ask({ claims: { uid: "one" } })).line, "503 directory_unavailable")
      core.tables.failing.delete("users")
      assert.strictEqual((yield* core.ask({ claims: { uid: "one" } })).line, "allow user=one team=red")
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(lenient))))

  it.effect("a denial that stands before the look-up stays the denial (order of RULES)", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { ...lenient, policy: { emailDomains: ["acme.test"] }, failing: ["users"] }
      const verdict = yield* CoreTest.ask(world, { claims: { uid, email: "a@evil.test" } })
      assert.strictEqual(verdict.line, "403 email_domain_denied")
    }))
})
