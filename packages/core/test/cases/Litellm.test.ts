/** The reference's own test cases, by the number of our list: what they assert, decided here. The rest is in `LitellmBuilder` and `LitellmRest`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { endUser, membership, organization, team, user } = CoreTest
const uid = "u-1"
const rows = {
  users: [user("u-1"), user("one", { teams: ["team-1"] }), user("two", { teams: ["team-1", "team-2"] })],
  teams: [team("team-1", { alias: "One", models: ["gpt-4o"] }), team("team-2", { alias: "Two" })]
}
const header = (id: string) => ({ "x-litellm-team-id": id })

describe("A1. membership on sight", () => {
  const joins = (row: Parameters<typeof user>[1], claims: Record<string, unknown>) =>
    Effect.map(
      CoreTest.ask({ directory: { memberships: "join" }, rows: { ...rows, users: [user("u-1", row)] } }, { claims }),
      (it) => it.writes
    )
  it.effect("case 1: a user who is in the team is not added", () =>
    Effect.map(joins({ teams: ["team-1"] }, { uid, team_id: "team-1" }), (it) => assert.deepStrictEqual(it, [])))
  it.effect("case 2: a user who is not is added once, with the role user", () =>
    Effect.map(
      joins({}, { uid, team_id: "team-1" }),
      (it) =>
        assert.deepStrictEqual(
          JSON.stringify(it),
          JSON.stringify([{ _tag: "JoinTeam", user: "u-1", team: "team-1", role: "user" }])
        )
    ))
  it.effect("case 5: without user or team nothing is added", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* joins({}, { uid }), [])
      assert.deepStrictEqual(yield* joins({}, { team_id: "team-1" }), [])
    }))
  it.effect("case 3, case 4: who is added already, or cannot be, is no denial (RULES D33)", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { directory: { memberships: "join" }, rows, failing: ["memberships.write"] }
      assert.isTrue((yield* CoreTest.ask(world, { claims: { uid, team_id: "team-1" } })).allowed)
    }))
})

describe("A2. pass-through and group choice", () => {
  const world = (granted: ReadonlyArray<string>): CoreTest.World => ({
    policy: {
      teamRoutes: ["openai_routes"],
      userRoutes: ["openai_routes"],
      passThroughRoutes: [{ path: "/host/*", methods: ["post"] }],
      roleMappings: [{ claim: "svc", role: "team" }]
    },
    rows: { teams: [team("team-1", { passThroughRoutes: granted })] }
  })
  const way = (claims: Record<string, unknown>, more: CoreTest.Ask = {}): CoreTest.Ask => ({
    claims,
    path: "/host/x",
    ...more
  })
  decides(
    "case 6, case 34, case 35, case 37: without an allow list the route is denied, whatever the source",
    world([]),
    {
      "groups": [way({ groups: ["team-1"] }, { model: "m" }), "403 team_route_denied"],
      "header": [way({ groups: ["team-1"] }, { headers: header("team-1") }), "403 team_route_denied"],
      "singular": [way({ team_id: "team-1" }), "403 team_route_denied"],
      "object": [way({ roles: ["svc"], oid: "team-1" }), "403 team_route_denied"]
    }
  )
  decides("case 7: only the registered method is gated, and the others are not granted (RULES D59)", world([]), {
    "GET": [way({ groups: ["team-1"] }, { method: "GET" }), "403 team_route_denied"],
    "POST": [way({ groups: ["team-1"] }), "403 team_route_denied"]
  })
  decides("case 36: a team that lists the route passes", world(["/host"]), {
    "object": [way({ roles: ["svc"], oid: "team-1" }), "allow team=team-1"]
  })
  decides("case 10: an access group's name in the team's list holds its models", {
    policy: { modelGroups: { beta: ["gpt-4o"] } },
    rows: { teams: [team("team-1", { models: ["beta"] })] }
  }, { "group": [{ claims: { groups: ["team-1"] }, model: "gpt-4o" }, "allow team=team-1"] })
  decides(
    "case 11, case 12, case 13: aliases of a team count; the messages routes are a team's by default, skills as well",
    {
      rows: { teams: [team("team-1", { models: ["gpt-4o"], modelAliases: { fast: "gpt-4o" } })] }
    },
    {
      "alias": [{ claims: { groups: ["team-1"] }, model: "fast" }, "allow team=team-1"],
      "messages": [{ claims: { groups: ["team-1"] }, path: "/v1/messages", model: "gpt-4o" }, "allow team=team-1"],
      "skills (RULES D15)": [{ claims: { groups: ["team-1"] }, path: "/v1/skills" }, "allow team=team-1"]
    }
  )
})

describe("A3. what an allowed decision holds", () => {
  decides("case 14, case 15: a row that is a proxy admin makes an admin, a lower one does not", {
    rows: { users: [user("boss", { role: "proxy_admin" }), user("u-1", { role: "internal_user" })] }
  }, {
    "admin": [{ claims: { uid: "boss" } }, "allow admin user=boss"],
    "lower": [{ claims: { uid } }, "allow user=u-1"]
  })
  it.effect("case 16, case 17: the e-mail is the row's, else the claim's, an admin's too", () =>
    Effect.gen(function*() {
      const email = (row: string | null, claims: Record<string, unknown>) =>
        Effect.map(
          CoreTest.ask({
            issuer: { adminScope: "admin" },
            policy: { adminRoutes: ["*"] },
            rows: { users: [user("u-1", { email: row })] }
          }, { claims }),
          (it) => it.decision?.principal.email
        )
      assert.strictEqual(yield* email("row@x.test", { uid, email: "claim@x.test" }), "row@x.test")
      const proven = { email: "claim@x.test", email_verified: true }
      assert.strictEqual(yield* email(null, { uid, ...proven }), "claim@x.test")
      assert.strictEqual(yield* email(null, { scope: "admin", ...proven }), "claim@x.test")
      assert.isUndefined(yield* email(null, { uid, email: "claim@x.test" }), "without a proof (RULES D57)")
    }))
  it.effect("case 18, case 131, case 132: the membership row comes unchanged, and a missing one is no error", () =>
    Effect.gen(function*() {
      const limits = membership("one", "team-1", { maxBudget: 5, spend: 1 })
      const world = { rows: { ...rows, memberships: [limits] } }
      const { decision } = yield* CoreTest.ask(world, { claims: { uid: "one" } })
      assert.deepStrictEqual(decision?.principal.membership, limits)
      assert.isUndefined((yield* CoreTest.ask({ rows }, { claims: { uid: "one" } })).decision?.principal.membership)
    }))
})

describe("A4. sync", () => {
  const userRoles = [{ claim: "ADMIN", role: "proxy_admin" as const }]
  it.effect("case 19, case 20, case 21, case 22: only what differs is written, and it counts at once", () =>
    Effect.gen(function*() {
      const writes = (row: Parameters<typeof user>[1], claims: Record<string, unknown>) =>
        Effect.map(
          CoreTest.ask({
            directory: { memberships: "replace", userRoles },
            rows: { ...rows, users: [user("u-1", row)] }
          }, { claims: { uid, ...claims } }),
          (it) => `${it.line}: ${it.writes.map((one) => one._tag).join()}`
        )
      const groups = ["team-2", "team-1"]
      assert.strictEqual(
        yield* writes({ role: "internal_user", teams: ["team-2"] }, { roles: ["ADMIN"], groups }),
        "allow admin user=u-1 team=team-2: SetRole,JoinTeam"
      )
      assert.strictEqual(
        yield* writes({ teams: groups }, { roles: ["ADMIN"], groups }),
        "allow admin user=u-1 team=team-2: SetRole"
      )
      assert.strictEqual(yield* writes({ teams: ["team-2"] }, { groups }), "allow user=u-1 team=team-2: JoinTeam")
      assert.strictEqual(yield* writes({ teams: groups }, { groups }), "allow user=u-1 team=team-2: ")
    }))
  it.effect("case 23, case 24, case 142, case 143: the target is every named team together, and never the default", () =>
    Effect.gen(function*() {
      const target = (claims: Record<string, unknown>, byDefault: string | null = null) =>
        Effect.map(
          CoreTest.ask({
            directory: { memberships: "replace", teams: { default: byDefault } },
            rows: {
              ...rows,
              users: [user("u-1", { teams: ["old"], tokenTeams: ["old"] })],
              teams: [...rows.teams, team("old")]
            }
          }, { claims: { uid, ...claims } }),
          (it) => it.decision?.principal.user?.teams.join()
        )
      assert.strictEqual(yield* target({ team_id: "team-1" }), "team-1")
      assert.strictEqual(yield* target({ groups: ["team-2"] }), "team-2")
      assert.strictEqual(yield* target({ team_id: "team-1", groups: ["team-2"] }), "team-2,team-1")
      assert.strictEqual(yield* target({ team_id: ["team-1", "team-2"] }), "team-1")
      assert.strictEqual(yield* target({}), "old")
      assert.strictEqual(yield* target({}, "team-2"), "old")
    }))
})

describe("A5. claim paths", () => {
  const claims = {
    user: "a.uid",
    email: "a.mail",
    teams: "a.groups",
    organization: "a.org",
    object: "a.oid",
    endUser: "a.customer",
    team: "a.team",
    roles: "a.roles",
    userRoles: "a.user_roles"
  }
  const world: CoreTest.World = {
    issuer: { claims },
    rows: { ...rows, organizations: [organization("org", { alias: "Org" })], endUsers: [endUser("c")] }
  }
  decides("case 26: every claim can be nested", world, {
    "nested": [
      { claims: { a: { uid, groups: ["team-2"], org: "org", customer: "c" } } },
      "allow user=u-1 team=team-2 organization=org endUser=c"
    ],
    "single": [{ claims: { a: { uid, team: "team-1" } } }, "allow user=u-1 team=team-1"],
    "object": [{ claims: { a: { uid: "ghost", oid: "u-1" } } }, "allow user=u-1"]
  })
  decides("case 27: a missing or partial path is an absent claim", world, {
    "missing": [{ claims: { uid } }, "403 principal_required"],
    "partial": [{ claims: { a: "text" } }, "403 principal_required"]
  })
  decides("case 28: one leading `metadata.` is dropped", { ...world, issuer: { claims: { user: "metadata.a.uid" } } }, {
    "prefix": [{ claims: { a: { uid } } }, "allow user=u-1"]
  })
  decides("case 110: an escaped dot", { ...world, issuer: { claims: { user: "kubernetes\\.io.namespace" } } }, {
    "namespace": [{ claims: { "kubernetes.io": { namespace: uid } } }, "allow user=u-1"]
  })
})

describe("A7. the team header", () => {
  decides(
    "case 32, case 33, case 128, case 130, case 145: one of the token's teams, or 403; a claimed one that is missing is 404",
    { rows, policy: { roleMappings: [{ claim: "svc", role: "team" }] } },
    {
      "allowed": [{ claims: { groups: ["team-1", "team-2"] }, headers: header("team-2") }, "allow team=team-2"],
      "none": [{ claims: { groups: ["team-1", "team-2"] } }, "allow team=team-1"],
      "another": [{ claims: { groups: ["team-1"] }, headers: header("team-2") }, "403 team_denied"],
      "missing": [{ claims: { groups: ["ghost"] }, headers: header("ghost") }, "404 team_not_found"],
      "object": [{ claims: { roles: ["svc"], oid: "team-1" }, headers: header("team-2") }, "403 team_denied"]
    }
  )
  const admin: CoreTest.World = {
    issuer: { adminScope: "admin" },
    policy: { adminRoutes: ["llm_api_routes", "management_routes"] },
    directory: { teams: { create: "always" } },
    rows
  }
  decides("case 38, case 39, case 40: an admin's header counts on LLM routes alone", admin, {
    "LLM": [{ claims: { scope: "admin" }, headers: header("team-1") }, "allow admin team=team-1"],
    "management": [{ claims: { scope: "admin" }, path: "/team/new", headers: header("invented") }, "allow admin"],
    "none": [{ claims: { scope: "admin" } }, "allow admin"]
  })
})

describe("A8, A10. singular team and alias", () => {
  decides("case 41, case 43, case 44, case 45, case 136, case 137, case 138: by id, else by alias, else the default", {
    issuers: [{}, { id: "b", issuer: "https://b.test", claims: { user: null, teamAlias: "deep.name" } }],
    sharedIdentities: true,
    policy: { requireTeamClaim: true },
    rows
  }, {
    "alias": [{ claims: { team_name: "Two" } }, "allow team=team-2"],
    "nested alias": [{ claims: { iss: "https://b.test", deep: { name: "Two" } } }, "allow team=team-2"],
    "both": [{ claims: { team_id: "team-1", team_name: "Two" } }, "allow team=team-1"],
    "neither": [{ claims: { uid } }, "403 team_required"]
  })
  decides("case 42: a required claim is met by id or by alias", {
    policy: { requireTeamClaim: true },
    directory: { teams: { default: "team-2" } },
    rows
  }, {
    "alias over default": [{ claims: { team_name: "One" } }, "allow team=team-1"],
    "default": [{ claims: { uid } }, "allow user=u-1 team=team-2"]
  })
  decides("case 46, case 47: organizations are found by alias too", {
    rows: { ...rows, organizations: [organization("o", { alias: "Org" })] }
  }, {
    "alias": [{ claims: { uid, org_name: "Org" } }, "allow user=u-1 organization=o"]
  })
  decides("case 52, case 53, case 54, case 55, case 56: a list is its first entry", { rows }, {
    "one": [{ claims: { team_id: ["team-2"] } }, "allow team=team-2"],
    "several": [{ claims: { team_id: ["team-2", "team-1"] } }, "allow team=team-2"],
    "empty": [{ claims: { uid, team_id: [] } }, "allow user=u-1"],
    "text": [{ claims: { team_id: "team-2" } }, "allow team=team-2"]
  })
  it.effect("case 57, case 58, case 59: a path that indexes a list is told, and another is not", () =>
    Effect.gen(function*() {
      const notes = (path: string) =>
        Effect.map(
          CoreTest.ask({ issuer: { claims: { user: "uid", team: path } }, rows }, { claims: { uid, roles: ["x"] } }),
          (it) => JSON.stringify(it.steps.find((one) => one.step === "claims")?.facts["notes"] ?? null)
        )
      assert.include(yield* notes("roles.0"), "name the list itself")
      assert.include(yield* notes("roles[0]"), "name the list itself")
      assert.strictEqual(yield* notes("plain"), "null")
    }))
})

describe("A11, A13, A14. fallbacks and ids", () => {
  decides("case 60, case 124, case 135: a single membership is the team; two, none or a missing one are none", {
    rows: { ...rows, users: [...rows.users, user("lost", { teams: ["ghost"] })] }
  }, {
    "one": [{ claims: { uid: "one" } }, "allow user=one team=team-1"],
    "two": [{ claims: { uid: "two" } }, "allow user=two"],
    "none": [{ claims: { uid } }, "allow user=u-1"],
    "missing": [{ claims: { uid: "lost" } }, "allow user=lost"]
  })
  decides("case 61, case 70, case 71: an outage is no missing row (RULES D27)", { rows, failing: ["memberships"] }, {
    "membership": [{ claims: { uid: "one" } }, "503 directory_unavailable"]
  })
  const next: CoreTest.World = { directory: { teams: { whenUnknown: "next" } }, rows }
  decides(
    "case 68, case 69, case 73: with the fallback unknown teams are no team; known ones without the model deny",
    next,
    {
      "single": [{ claims: { uid, team_id: "ghost" } }, "allow user=u-1"],
      "groups": [{ claims: { uid, groups: ["ghost"] }, model: "m" }, "allow user=u-1"],
      "known": [{ claims: { uid, groups: ["team-1"] }, model: "m" }, "403 team_model_denied"]
    }
  )
  decides("case 72: without any group a required team is missing, fallback or not", {
    ...next,
    policy: { requireTeam: true }
  }, {
    "none": [{ claims: { uid } }, "403 team_required"]
  })
  decides("case 74, case 75: without the fallback an unknown team is 404 (groups: RULES D17)", { rows }, {
    "single": [{ claims: { uid, team_id: "ghost" } }, "404 team_not_found"],
    "groups": [{ claims: { uid, groups: ["ghost"] }, model: "m" }, "404 team_not_found"]
  })
  decides("case 76, case 77, case 78, case 79, case 106: the row's id is the user's, and memberships go by it", {
    directory: { users: { unknown: "allow" } },
    policy: { requirePrincipal: false },
    issuer: { identities: { linkByEmail: "always" } },
    rows: {
      ...rows,
      users: [user("legacy", { email: "ada@acme.test" }), user("u-1")],
      memberships: [membership("legacy", "team-1", { models: ["x"] })]
    }
  }, {
    "by e-mail": [{ claims: { uid: "new", email: "ada@acme.test" } }, "allow user=legacy"],
    "same": [{ claims: { uid } }, "allow user=u-1"],
    "no row": [{ claims: { uid: "ghost" } }, "allow user=ghost"],
    "nothing": [{ claims: {} }, "allow"],
    "membership of the row": [
      { claims: { uid: "new", email: "ada@acme.test", team_id: "team-1" }, model: "gpt-4o" },
      "403 member_model_denied"
    ]
  })
})
