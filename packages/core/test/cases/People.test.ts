/** People, limits and writes (RULES D23, D26 to D33, D42, D50). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates } from "../support/Decides.ts"

const { endUser, membership, organization, team, user } = CoreTest
const uid = "u-1"
const over = { maxBudget: 1, spend: 1.5 }

describe("who is known", () => {
  deviates(
    "D50",
    "a verified person without a row is 404, unless unknown people are allowed",
    "an anonymous caller",
    {},
    {
      "deny": [{ claims: { uid } }, "404 user_not_found"]
    }
  )
  decides("RULES D50: `unknown: allow` takes the claim's id", { directory: { users: { unknown: "allow" } } }, {
    "allow": [{ claims: { uid } }, "allow user=u-1"]
  })
  it.effect("RULES D50: with the role internal_user, and nothing is written", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask({ directory: { users: { unknown: "allow" } } }, { claims: { uid } })
      assert.strictEqual(verdict.decision?.principal.role, "internal_user")
      assert.isUndefined(verdict.decision?.principal.user)
      assert.deepStrictEqual(verdict.writes, [])
    }))

  it.effect("a person is created from the template, with subject and address, once", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const claims = { uid, email: "ada@acme.test", email_verified: true }
      const first = yield* core.ask({ claims })
      assert.strictEqual(first.line, "allow user=(made)")
      assert.deepStrictEqual(
        first.decision?.principal.user,
        user(first.decision?.principal.userId ?? "", {
          email: "ada@acme.test",
          subjects: [{ namespace: "okta", subject: "u-1" }],
          role: "internal_user_viewer",
          models: ["gpt-4o"],
          maxBudget: 5
        })
      )
      const second = yield* core.ask({ claims })
      assert.strictEqual(second.line, "allow user=(made)")
      assert.deepStrictEqual(second.writes, [])
      assert.strictEqual(core.tables.users.all().length, 1)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({
      issuer: { identities: { namespace: "okta" } },
      directory: {
        users: { create: true, template: { role: "internal_user_viewer", models: ["gpt-4o"], maxBudget: 5 } }
      }
    }))))

  decides("RULES D61: in the empty namespace too the created row has a made id", {
    directory: { users: { create: true } }
  }, { "create": [{ claims: { uid } }, "allow user=(made)"] })

  deviates("D42", "a row whose role nobody knows is 403", "401", {
    rows: { users: [user("u-1", { role: "wizard" }), user("u-2", { role: null }), user("u-3", { role: "customer" })] }
  }, {
    "unknown": [{ claims: { uid } }, "403 user_role_unknown"],
    "none": [{ claims: { uid: "u-2" } }, "allow user=u-2"],
    "known": [{ claims: { uid: "u-3" } }, "allow user=u-3"]
  })

  decides("the row's id replaces the claim's", {
    rows: { users: [user("row", { subjects: [{ namespace: "", subject: "u-1" }] })] }
  }, { "linked": [{ claims: { uid } }, "allow user=row"] })

  decides("the e-mail domain gate stands before the user look-up, and takes exactly one at sign", {
    policy: { emailDomains: ["Acme.test", "corp.test"] },
    rows: { users: [user("u-1")] },
    issuer: { adminScope: "admin" }
  }, {
    "accepted": [{ claims: { uid, email: "a@acme.test", email_verified: true } }, "allow user=u-1"],
    "second domain, without case": [{ claims: { uid, email: "a@CORP.test", email_verified: true } }, "allow user=u-1"],
    "another": [{ claims: { uid: "ghost", email: "a@evil.test", email_verified: true } }, "403 email_domain_denied"],
    "a subdomain": [{ claims: { uid, email: "a@x.acme.test", email_verified: true } }, "403 email_domain_denied"],
    "behind another at sign": [
      { claims: { uid, email: "a@evil.test@acme.test", email_verified: true } },
      "403 email_domain_denied"
    ],
    "no local part": [{ claims: { uid, email: "@acme.test", email_verified: true } }, "403 email_domain_denied"],
    "without a proof (RULES D57)": [{ claims: { uid, email: "a@acme.test" } }, "403 email_domain_denied"],
    "none": [{ claims: { uid } }, "403 email_domain_denied"],
    "an admin by scope is not asked": [{ claims: { scope: "admin" }, path: "/user/info" }, "allow admin"]
  })

  decides("organizations are found by id, then alias; a missing end user is no error", {
    rows: {
      users: [user("u-1")],
      organizations: [
        organization("acme", { alias: "Acme" }),
        organization("x", { alias: "Two" }),
        organization("y", { alias: "Two" })
      ]
    }
  }, {
    "id": [{ claims: { uid, org_id: "acme" } }, "allow user=u-1 organization=acme"],
    "alias": [{ claims: { uid, org_name: "Acme" } }, "allow user=u-1 organization=acme"],
    "id wins": [{ claims: { uid, org_id: "x", org_name: "Acme" } }, "allow user=u-1 organization=x"],
    "unknown id": [{ claims: { uid, org_id: "ghost" } }, "404 organization_not_found"],
    "unknown alias": [{ claims: { uid, org_name: "Ghost" } }, "404 organization_not_found"],
    "several rows (RULES D26)": [{ claims: { uid, org_name: "Two" } }, "403 organization_ambiguous"],
    "end user": [{ claims: { uid, customer: "c-9" } }, "allow user=u-1 endUser=c-9"]
  })

  deviates("D26", "401 is for authentication alone", "401 for plain exceptions of any cause", {
    rows: { users: [user("u-1")], teams: [team("red", { alias: "T" }), team("blue", { alias: "T" })] }
  }, {
    "authentication": [{ token: "x.y.z" }, "401 invalid_token"],
    "authorization": [{ claims: { uid }, path: "/key/generate" }, "403 user_route_denied"],
    "unknown user": [{ claims: { uid: "ghost" } }, "404 user_not_found"],
    "unknown team": [{ claims: { uid, team_id: "ghost" } }, "404 team_not_found"],
    "unknown organization": [{ claims: { uid, org_id: "ghost" } }, "404 organization_not_found"],
    "an alias of several teams": [{ claims: { uid, team_name: "T" } }, "403 team_ambiguous"]
  })
})

describe("limits", () => {
  const world = (rows: NonNullable<CoreTest.World["rows"]>): CoreTest.World => ({ rows })
  const claims = { uid, team_id: "red", customer: "c-1" }
  const people = { users: [user("u-1")], teams: [team("red", { organization: "acme" })] }

  deviates("D23", "blocked team, user or end user is 403, in this order", "users' blocks are not looked at", {
    rows: {
      users: [user("u-1", { blocked: true }), user("u-2")],
      teams: [team("red", { blocked: true }), team("blue")],
      endUsers: [endUser("c-1", { blocked: true })]
    }
  }, {
    "all": [{ claims }, "403 team_blocked"],
    "user and end user": [{ claims: { ...claims, team_id: "blue" } }, "403 user_blocked"],
    "end user": [{ claims: { uid: "u-2", team_id: "blue", customer: "c-1" } }, "403 end_user_blocked"]
  })

  for (
    const [whose, rows, ask] of [
      ["team", { ...people, teams: [team("red", over)] }, claims],
      ["organization of the team", { ...people, organizations: [organization("acme", over)] }, claims],
      ["organization of the token", { ...people, organizations: [organization("acme", over)] }, {
        uid,
        org_id: "acme"
      }],
      ["user without a team", { users: [user("u-1", over)] }, { uid }],
      ["member", { ...people, memberships: [membership("u-1", "red", over)] }, claims],
      ["end user", { ...people, endUsers: [endUser("c-1", over)] }, claims]
    ] as const
  ) {
    decides(`RULES D23: spend above the budget of the ${whose} is 429, but not on info routes`, world(rows), {
      "LLM": [{ claims: ask }, "429 budget_exceeded"],
      "info": [
        { claims: ask, path: "/v1/models" },
        "org_id" in ask
          ? "allow user=u-1 organization=acme"
          : "team_id" in ask
          ? "allow user=u-1 team=red endUser=c-1"
          : "allow user=u-1"
      ]
    })
  }

  decides("RULES D23: spend equal to the budget is not above it, and without a budget nothing is", {
    rows: {
      users: [
        user("u-1", { maxBudget: 1, spend: 1 }),
        user("u-2", { spend: 9 }),
        user("u-3", { maxBudget: 0, spend: 0 })
      ]
    }
  }, {
    "equal": [{ claims: { uid } }, "allow user=u-1"],
    "no budget": [{ claims: { uid: "u-2" } }, "allow user=u-2"],
    "nothing of nothing": [{ claims: { uid: "u-3" } }, "allow user=u-3"]
  })

  it.effect("RULES D47: spend is read and not counted, and no rate or tag is limited here (the reference: 429)", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const before = JSON.stringify([core.tables.users.all(), core.tables.teams.all(), core.tables.endUsers.all()])
      const ask = {
        claims: { ...claims, customer: "c-1" },
        model: "gpt-4o",
        headers: { "x-litellm-tags": "over-budget" }
      }
      for (let times = 0; times < 20; times++) {
        assert.strictEqual((yield* core.ask(ask)).line, "allow user=u-1 team=red endUser=c-1")
      }
      const after = JSON.stringify([core.tables.users.all(), core.tables.teams.all(), core.tables.endUsers.all()])
      assert.strictEqual(after, before)
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({
      rows: {
        users: [user("u-1", { maxBudget: 1, spend: 0.99 })],
        teams: [team("red", { maxBudget: 1, spend: 1 })],
        endUsers: [endUser("c-1", { maxBudget: 1, spend: 0.99 })]
      }
    }))))

  decides("RULES D47: nobody must name an end user (the reference: 400 with `enforce_user_param`)", {
    rows: { users: [user("u-1")], endUsers: [endUser("c-1")] }
  }, { "none": [{ claims: { uid } }, "allow user=u-1"] })

  decides("RULES D23: the user's own budget counts without a team only", {
    rows: { users: [user("u-1", over)], teams: [team("red")] }
  }, {
    "with": [{ claims: { uid, team_id: "red" } }, "allow user=u-1 team=red"],
    "without": [{ claims: { uid } }, "429 budget_exceeded"]
  })

  decides("an admin by scope is held by an attached team that is blocked, over budget, or may not call the model", {
    issuer: { adminScope: "admin" },
    policy: { adminRoutes: ["llm_api_routes", "info_routes"] },
    rows: {
      users: [user("u-1", { blocked: true })],
      teams: [team("red", { blocked: true }), team("blue", over), team("green", { models: ["gpt-4o"] })],
      memberships: [membership("u-1", "green", { models: ["claude"] })]
    }
  }, {
    "blocked": [{ claims: { scope: "admin" }, headers: { "x-team-id": "red" } }, "403 team_blocked"],
    "over": [{ claims: { scope: "admin" }, headers: { "x-team-id": "blue" } }, "429 budget_exceeded"],
    "model": [{ claims: { scope: "admin" }, headers: { "x-team-id": "green" }, model: "o1" }, "403 team_model_denied"],
    "member": [
      { claims: { scope: "admin", uid }, headers: { "x-team-id": "green" }, model: "gpt-4o" },
      "403 member_model_denied"
    ],
    "unknown team": [{ claims: { scope: "admin" }, headers: { "x-team-id": "ghost" } }, "allow admin"],
    "no LLM route": [
      { claims: { scope: "admin" }, path: "/user/info", headers: { "x-team-id": "red" } },
      "allow admin"
    ],
    "the user's row is not asked": [{ claims: { scope: "admin", uid } }, "allow admin user=u-1"]
  })
})

describe("writes", () => {
  /** The rows before and after a request. */
  const written = Effect.fnUntraced(function*(_world: CoreTest.World, ask: CoreTest.Ask) {
    const core = yield* CoreTest.CoreTest
    const verdict = yield* core.ask(ask)
    return { verdict, users: core.tables.users.all(), teams: core.tables.teams.all() }
  }, (effect, world) => Effect.provide(effect, CoreTest.CoreTest.layer(world)))

  const creating: CoreTest.World = {
    directory: { users: { create: true }, teams: { create: { match: "^llm-" } }, memberships: "join" },
    rows: { teams: [team("red")] }
  }

  it.effect("RULES D29: a denied caller leaves no row (the reference: creates before it checks)", () =>
    Effect.gen(function*() {
      const { teams, users, verdict } = yield* written(creating, {
        claims: { uid, team_id: "llm-new" },
        model: "gpt-4o"
      })
      assert.strictEqual(verdict.line, "403 team_model_denied")
      assert.deepStrictEqual([users.length, teams.length], [0, 1])
    }))

  it.effect("RULES D30: a created team has no models unless the template says so (the reference: all)", () =>
    Effect.gen(function*() {
      const { teams, verdict } = yield* written(creating, { claims: { uid, team_id: "llm-new" } })
      assert.strictEqual(verdict.line, "allow user=(made) team=llm-new")
      assert.deepStrictEqual(teams[1], team("llm-new", { models: ["no-default-models"] }))
      assert.deepStrictEqual(verdict.writes.map((it) => it._tag), ["CreateUser", "CreateTeam", "JoinTeam"])
    }))

  decides("RULES D30: only names that match are created, and not from groups or alias", creating, {
    "matches": [{ claims: { uid, team_id: "llm-x" } }, "allow user=(made) team=llm-x"],
    "does not": [{ claims: { uid, team_id: "x-llm-" } }, "404 team_not_found"],
    "groups": [{ claims: { uid, groups: ["llm-x"] } }, "404 team_not_found"],
    "alias": [{ claims: { uid, team_name: "llm-x" } }, "404 team_not_found"]
  })
  decides("RULES D30: `create: always` with a template", {
    directory: { teams: { create: "always", template: { models: ["gpt-4o"] } } }
  }, {
    "its models": [{ claims: { team_id: "new" }, model: "gpt-4o" }, "allow team=new"],
    "no other": [{ claims: { team_id: "new" }, model: "claude" }, "403 team_model_denied"]
  })

  const joined = (memberships: "none" | "join" | "replace") =>
    written({
      directory: { memberships },
      rows: { users: [user("u-1", { teams: ["blue"], tokenTeams: ["blue"] })], teams: [team("red"), team("blue")] }
    }, { claims: { uid, team_id: "red" } })
  it.effect("RULES D31: joining on sight is opt-in (the reference: always)", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* joined("none")).users[0]?.teams.join(), "blue")
      assert.strictEqual((yield* joined("join")).users[0]?.teams.join(), "blue,red")
      assert.strictEqual((yield* joined("replace")).users[0]?.teams.join(), "red")
    }))

  it.effect("RULES D33: joins, roles and links that fail do not deny, a needed row does (the reference: all of them do)", () =>
    Effect.gen(function*() {
      const failing = ["users.write", "teams.write", "memberships.write"] as const
      const known = { users: [user("u-1", { email: "a@acme.test" })], teams: [team("red")] }
      const world: CoreTest.World = {
        ...creating,
        directory: { ...creating.directory, userRoles: [{ claim: "boss", role: "proxy_admin" }] },
        failing
      }
      const lines = {
        "join": yield* CoreTest.ask({ ...world, rows: known }, { claims: { uid, team_id: "red" } }),
        "role": yield* CoreTest.ask({ ...world, rows: known }, { claims: { uid, roles: ["boss"] } }),
        "link": yield* CoreTest.ask({ ...world, rows: known }, {
          claims: { uid: "x", email: "a@acme.test", email_verified: true }
        }),
        "create user": yield* CoreTest.ask(world, { claims: { uid } }),
        "create team": yield* CoreTest.ask({ ...world, rows: known }, { claims: { uid, team_id: "llm-new" } })
      }
      assert.deepStrictEqual(Object.fromEntries(Object.entries(lines).map(([name, it]) => [name, it.line])), {
        "join": "allow user=u-1 team=red",
        "role": "allow admin user=u-1",
        "link": "allow user=u-1",
        "create user": "503 directory_unavailable",
        "create team": "503 directory_unavailable"
      })
    }))

  it.effect("RULES D28: a denial says the same whatever teams, models and routes there are (the reference: lists them)", () =>
    Effect.gen(function*() {
      const { answer } = yield* CoreTest.ask({ rows: { teams: [team("secret", { models: ["hidden"] })] } }, {
        claims: { groups: ["secret"] },
        model: "gpt-4o"
      })
      assert.notMatch(JSON.stringify(answer), /secret|hidden|gpt-4o/)
      assert.match(JSON.stringify(answer), /team_model_denied/)
    }))
})
