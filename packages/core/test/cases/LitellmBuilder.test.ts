/** The reference's own test cases on its whole pipeline: issuers, creation, denial texts, the older integration tests. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { CustomDenied } from "../../src/token/ClaimsPolicy.ts"
import { decides } from "../support/Decides.ts"

const { team, user } = CoreTest
const uid = "u-1"
const rows = {
  users: [user("u-1"), user("one", { teams: ["team-1"] }), user("two", { teams: ["team-1", "team-2"] })],
  teams: [team("team-1", { alias: "One", models: ["gpt-4o"] }), team("team-2", { alias: "Two" })]
}
const header = (id: string) => ({ "x-litellm-team-id": id })

describe("A17, A20, A22, B. issuers, writes, texts", () => {
  decides("case 107, case 114: each issuer reads its own paths; a missing claim leaves the user unset", {
    issuers: [{ claims: { user: "uid" } }, {
      id: "b",
      issuer: "https://b.test",
      claims: { user: "person.id", team: "crew" }
    }],
    sharedIdentities: true,
    rows
  }, {
    "second": [
      { claims: { iss: "https://b.test", person: { id: uid }, crew: "team-1" } },
      "allow user=u-1 team=team-1"
    ],
    "first's path": [{ claims: { iss: "https://b.test", uid } }, "403 principal_required"]
  })
  decides("case 117, case 118: private claims of a token mean nothing (RULES D48)", { rows }, {
    "forged": [{ claims: { uid, _litellm_jwt_user_id: "two", _litellm_jwt_team_id: "team-1" } }, "allow user=u-1"]
  })
  it.effect("case 155, case 156, case 157: deciding creates nothing, admission once, a scope admin never a user", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const claims = { uid: "new", scope: "chat" }
      const counts = () => [core.tables.users.all().length, core.tables.teams.all().length]
      yield* core.dryly({ claims, model: "gpt-4o" })
      yield* core.ask({ claims, model: "other" })
      assert.deepStrictEqual(counts(), [3, 2])
      yield* core.ask({ claims, model: "gpt-4o" })
      yield* core.ask({ claims, model: "gpt-4o" })
      assert.deepStrictEqual(counts(), [4, 2])
      const admin = {
        claims: { uid: "chief", scope: "admin chat", email: "a@evil.test" },
        model: "gpt-4o",
        headers: header("fresh")
      }
      assert.strictEqual((yield* core.dryly(admin)).line, "allow admin user=chief team=fresh")
      assert.deepStrictEqual(counts(), [4, 2])
      yield* core.ask(admin)
      assert.deepStrictEqual(counts(), [4, 3])
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({
      issuer: { adminScope: "admin" },
      policy: { requireScope: true, scopes: [{ scope: "chat", models: ["gpt-4o"] }], adminRoutes: ["*"] },
      directory: { users: { create: true }, teams: { create: "always", template: { models: ["gpt-4o"] } } },
      rows
    }))))
  it.effect("case 170, case 171: what a role or scope allows is for the operator, not for the caller", () =>
    Effect.gen(function*() {
      for (
        const policy of [
          { roles: [{ role: "internal_user" as const, models: ["secret-model"] }] },
          { requireScope: true, scopes: [{ scope: "chat", models: ["secret-model"] }] }
        ]
      ) {
        const { answer, steps } = yield* CoreTest.ask({ policy, rows }, {
          claims: { uid, scope: "chat" },
          model: "gpt-4o"
        })
        assert.notInclude(JSON.stringify(answer), "secret-model")
        assert.include(JSON.stringify(steps), "secret-model")
      }
    }))
  decides("case 175, case 176: the team must exist, then the user must", { rows }, {
    "no team": [{ claims: { uid: "ghost", team_id: "ghost" } }, "404 team_not_found"],
    "no user": [{ claims: { uid: "ghost", team_id: "team-1" } }, "404 user_not_found"],
    "both": [{ claims: { uid, team_id: "team-1" } }, "allow user=u-1 team=team-1"]
  })
  decides("case 177: an admin may use every route of every listed group", {
    issuer: { adminScope: "admin" },
    policy: { adminRoutes: ["ui_routes"] }
  }, {
    "listed": [{ claims: { scope: "admin" }, path: "/sso" }, "allow admin"],
    "not listed": [{ claims: { scope: "admin" }, path: "/key/generate" }, "403 admin_route_denied"]
  })
  decides("case 179: people of an accepted domain are created on sight, others are not", {
    policy: { emailDomains: ["berri.ai"] },
    directory: { users: { create: true } }
  }, {
    "accepted": [{ claims: { uid: "a", email: "a@berri.ai", email_verified: true } }, "allow user=(made)"],
    "another": [{ claims: { uid: "a", email: "a@gmail.com" } }, "403 email_domain_denied"]
  })
  decides("case 182, case 183: a role's routes; the union of the scopes that are held", {
    policy: {
      roles: [{ role: "team", routes: ["/v1/chat/completions"] }],
      requireScope: true,
      scopes: [{ scope: "a", models: ["m-a"] }, { scope: "b", models: ["m-b"] }]
    },
    rows: { teams: [team("team-2")] }
  }, {
    "route": [{ claims: { team_id: "team-2", scope: "a" }, path: "/v1/embeddings" }, "403 role_route_denied"],
    "either": [{ claims: { team_id: "team-2", scope: "a b" }, model: "m-b" }, "allow team=team-2"],
    "neither": [{ claims: { team_id: "team-2", scope: "a b" }, model: "m-c" }, "403 scope_model_denied"]
  })
  it.effect("case 181: the end user's id is carried on", () =>
    Effect.gen(function*() {
      const { line } = yield* CoreTest.ask({ issuer: { claims: { user: "uid", endUser: "sub" } }, rows }, {
        claims: { uid, sub: "c-7" }
      })
      assert.strictEqual(line, "allow user=u-1 endUser=c-7")
    }))
  it.effect("case 184: the custom hook is called once, with the verified claims", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const custom = {
        validate: ({ payload }: { readonly payload: { readonly [name: string]: unknown } }) => {
          seen.push(payload["uid"])
          return payload["uid"] === uid ? Exit.void : Exit.fail(new CustomDenied({ reason: "who" }))
        }
      }
      assert.isTrue((yield* CoreTest.ask({ custom, rows }, { claims: { uid } })).allowed)
      assert.strictEqual((yield* CoreTest.ask({ custom, rows }, { claims: { uid: "one" } })).line, "403 custom_denied")
      assert.deepStrictEqual(seen, [uid, "one"])
    }))
})
