/** The order of checks (RULES, "Order"): where several fail, the first gives the answer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { CustomDenied } from "../../src/token/ClaimsPolicy.ts"

const { endUser, membership, organization, team, user } = CoreTest

type Policy = NonNullable<CoreTest.World["policy"]>
type Rows = NonNullable<CoreTest.World["rows"]>

/** One way to fail one check: what it adds to settings, rows, claims and request. */
interface Failure {
  readonly name: string
  readonly line: string
  readonly policy?: Policy
  readonly claims?: Readonly<Record<string, unknown>>
  readonly ask?: Omit<CoreTest.Ask, "claims">
  readonly custom?: boolean
  readonly users?: Parameters<typeof user>[1]
  readonly teams?: Parameters<typeof team>[1]
  readonly rows?: Rows
  /** The token carries no team at all. */
  readonly alone?: boolean
}

const over = { maxBudget: 1, spend: 2 }

/** Every check that can fail for a caller with user and team, in the order of RULES. */
const withTeam: ReadonlyArray<Failure> = [
  {
    name: "malformed request",
    line: "400 request_ambiguous",
    ask: { headers: { "x-team-id": "red", "x-litellm-team-id": "blue" } }
  },
  { name: "token", line: "401 invalid_token", claims: { aud: "other" } },
  { name: "custom validation", line: "403 custom_denied", custom: true },
  { name: "role model", line: "403 role_model_denied", policy: { roles: [{ role: "internal_user", models: ["x"] }] } },
  {
    name: "scope",
    line: "403 scope_model_denied",
    policy: { requireScope: true, scopes: [{ scope: "s", models: ["x"] }] }
  },
  { name: "header team", line: "403 team_denied", ask: { headers: { "x-team-id": "blue" } } },
  { name: "groups", line: "404 team_not_found", claims: { groups: ["ghost"] } },
  { name: "route of the team", line: "403 team_route_denied", policy: { teamRoutes: ["info_routes"] } },
  { name: "organization", line: "404 organization_not_found", claims: { org_id: "ghost" } },
  {
    name: "organization of the team",
    line: "403 organization_mismatch",
    teams: { organization: "corp" },
    claims: { org_id: "acme" }
  },
  { name: "e-mail domain", line: "403 email_domain_denied", policy: { emailDomains: ["acme.test"] } },
  { name: "user", line: "404 user_not_found", claims: { uid: "ghost" } },
  { name: "role of the user's row", line: "403 user_role_unknown", users: { role: "wizard" } },
  { name: "blocked team", line: "403 team_blocked", teams: { blocked: true } },
  { name: "blocked user", line: "403 user_blocked", users: { blocked: true } },
  { name: "blocked end user", line: "403 end_user_blocked", rows: { endUsers: [endUser("c-1", { blocked: true })] } },
  {
    name: "model of the member",
    line: "403 member_model_denied",
    rows: { memberships: [membership("u-1", "red", { models: ["x"] })] }
  },
  { name: "limits", line: "429 budget_exceeded", teams: over }
]

/** The same for a caller without a team. */
const withoutTeam: ReadonlyArray<Failure> = [
  ...withTeam.filter((it) =>
    ["token", "custom validation", "scope", "e-mail domain", "user", "blocked user"].includes(it.name)
  ),
  { name: "model of the user", line: "403 user_model_denied", users: { models: ["x"] } },
  { name: "route without a team", line: "403 user_route_denied", policy: { userRoutes: ["info_routes"] } },
  { name: "limits", line: "429 budget_exceeded", users: over }
]

const hook = { validate: () => Exit.fail(new CustomDenied({ reason: "no" })) }

/** A request that breaks both. */
const decide = (one: Failure, other: Failure, groups: ReadonlyArray<string>) => {
  const both = [other, one]
  const merged = <K extends keyof Failure>(name: K) => Object.assign({}, ...both.map((it) => it[name] ?? {}))
  const claims = { uid: "u-1", groups, customer: "c-1", ...merged("claims") }
  return CoreTest.ask({
    policy: merged("policy"),
    ...(both.some((it) => it.custom) ? { custom: hook } : {}),
    rows: {
      users: [user("u-1", merged("users"))],
      teams: [team("red", merged("teams")), team("blue")],
      organizations: [organization("acme"), organization("corp")],
      ...merged("rows")
    }
  }, { claims, model: "gpt-4o", ...merged("ask") })
}

for (
  const [title, failures, groups] of [["with a team", withTeam, ["red"]], ["without a team", withoutTeam, []]] as const
) {
  describe(`RULES order, ${title}`, () => {
    it.effect("each check fails alone as it should", () =>
      Effect.gen(function*() {
        for (const one of failures) assert.strictEqual((yield* decide(one, one, groups)).line, one.line, one.name)
      }))

    it.effect("of any two that fail, the first in the order answers", () =>
      Effect.gen(function*() {
        for (const [index, first] of failures.entries()) {
          for (const second of failures.slice(index + 1)) {
            // A team that does not exist cannot fail a later check of the team; one header cannot say two things.
            const verdict = yield* decide(first, second, groups)
            assert.strictEqual(verdict.line, first.line, `${first.name}, then ${second.name}`)
          }
        }
      }))
  })
}

describe("RULES order, by pairs that need their own world", () => {
  const cases: Readonly<Record<string, readonly [world: CoreTest.World, ask: CoreTest.Ask, line: string]>> = {
    "malformed request before token": [
      {},
      { token: "a.b.c", headers: { "x-team-id": ["a", "b"] } },
      "400 request_ambiguous"
    ],
    "two models before the hook": [{ custom: hook }, { model: "conflict" }, "400 request_ambiguous"],
    "two credentials before token": [
      {},
      { token: null, headers: { authorization: ["Bearer a.b.c", "Bearer d.e.f"] } },
      "400 credential_conflict"
    ],
    "token before two models (recorded so)": [{}, { token: "a.b.c", model: "conflict" }, "401 invalid_token"],
    "role matched before its model": [
      { policy: { requireRole: true, scopes: [{ scope: "s" }], requireScope: true } },
      { model: "gpt-4o" },
      "403 role_unmatched"
    ],
    "role model before role route": [
      { policy: { roles: [{ role: "team", models: ["x"], routes: ["/x"] }] } },
      { claims: { team_id: "red" }, model: "gpt-4o" },
      "403 role_model_denied"
    ],
    "scope model before scope route": [
      { policy: { requireScope: true, scopes: [{ scope: "s", models: ["x"], routes: ["/x"] }] } },
      { claims: { scope: "s" }, model: "gpt-4o" },
      "403 scope_model_denied"
    ],
    "scope before admin routes": [
      { issuer: { adminScope: "s" }, policy: { requireScope: true, scopes: [{ scope: "s", models: ["x"] }] } },
      { claims: { scope: "s" }, model: "gpt-4o" },
      "403 scope_model_denied"
    ],
    "admin routes before a blocked header team": [
      { issuer: { adminScope: "s" }, rows: { teams: [team("red", { blocked: true })] } },
      { claims: { scope: "s" }, headers: { "x-team-id": "red" } },
      "403 admin_route_denied"
    ],
    "header team before specific team": [
      {},
      { claims: { team_id: "ghost" }, headers: { "x-team-id": "blue" } },
      "403 team_denied"
    ],
    "specific team before groups": [{}, { claims: { team_id: "ghost", hasgroups: true } }, "404 team_not_found"],
    "groups overage before the required team": [
      { policy: { requireTeam: true } },
      { claims: { hasgroups: true } },
      "403 groups_overage"
    ],
    "route before pass-through before organization": [
      {
        policy: { passThroughRoutes: [{ path: "/x" }], teamRoutes: ["openai_routes"] },
        rows: { teams: [team("red")] }
      },
      { claims: { team_id: "red", org_id: "ghost" }, path: "/x" },
      "403 team_route_denied"
    ],
    "user before membership": [
      {
        rows: { users: [user("u-1", { role: "wizard", teams: ["red"] })], teams: [team("red")] },
        policy: { teamRoutes: [] }
      },
      { claims: { uid: "u-1" } },
      "403 user_role_unknown"
    ],
    "membership's route before a blocked user": [
      {
        rows: { users: [user("u-1", { blocked: true, teams: ["red"] })], teams: [team("red")] },
        policy: { teamRoutes: ["info_routes"] }
      },
      { claims: { uid: "u-1" } },
      "403 team_route_denied"
    ],
    "principal before a blocked end user": [
      { rows: { endUsers: [endUser("c-1", { blocked: true })] } },
      { claims: { customer: "c-1" } },
      "403 principal_required"
    ],
    "model of the team before that of the member": [
      {
        rows: {
          users: [user("u-1")],
          teams: [team("red", { models: ["y"] })],
          memberships: [membership("u-1", "red", { models: ["x"] })]
        }
      },
      { claims: { uid: "u-1", team_id: "red" }, model: "gpt-4o" },
      "403 team_model_denied"
    ]
  }
  it.effect.each(Object.entries(cases))(
    "%s",
    ([, [world, ask, line]]) =>
      Effect.map(CoreTest.ask(world, ask), (verdict) => assert.strictEqual(verdict.line, line))
  )
})
