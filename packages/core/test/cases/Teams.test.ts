/** Which team a request is made for, and what a chosen team must satisfy (RULES D7, D15 to D18, D22, D24, D25, D39). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates } from "../support/Decides.ts"

const { organization, team, user } = CoreTest
const uid = "u-1"
const rows = {
  users: [user("u-1"), user("one", { teams: ["red"] }), user("two", { teams: ["red", "blue"] })],
  teams: [team("red", { models: ["gpt-4o"] }), team("blue", { models: ["gpt-4o", "claude"] }), team("green")]
}

describe("groups", () => {
  deviates("D7", "groups are tried in the order of the claim, in every process alike", "the order of a hash set", {
    rows
  }, {
    "red first": [{ claims: { groups: ["red", "blue"] }, model: "gpt-4o" }, "allow team=red"],
    "blue first": [{ claims: { groups: ["blue", "red"] }, model: "gpt-4o" }, "allow team=blue"],
    "the first that fits": [{ claims: { groups: ["red", "blue"] }, model: "claude" }, "allow team=blue"],
    "unknown ones are passed over": [{ claims: { groups: ["ghost", "green", "red"] }, model: "x" }, "allow team=green"],
    "named twice": [{ claims: { groups: ["red", "blue", "red"] }, model: "claude" }, "allow team=blue"]
  })

  deviates("D17", "named teams of which none is usable deny, even without a model", "no team, and on", { rows }, {
    "none exists": [{ claims: { uid, groups: ["ghost"] } }, "404 team_not_found"],
    "none may call the model": [{ claims: { uid, groups: ["red"] }, model: "claude" }, "403 team_model_denied"],
    "none may use the route": [{ claims: { uid, groups: ["red"] }, path: "/key/generate" }, "403 team_route_denied"],
    "single": [{ claims: { uid, team_id: "ghost" } }, "404 team_not_found"],
    "alias": [{ claims: { uid, team_name: "Ghost" } }, "404 team_not_found"]
  })

  decides("RULES D17: with `whenUnknown: next` unknown teams fall through to membership and default", {
    directory: { teams: { whenUnknown: "next", default: "green" } },
    rows
  }, {
    "membership": [{ claims: { uid: "one", groups: ["ghost"] } }, "allow user=one team=red"],
    "default": [{ claims: { uid, groups: ["ghost"] } }, "allow user=u-1 team=green"],
    "single, unknown": [{ claims: { uid, team_id: "ghost" } }, "allow user=u-1 team=green"],
    "single, unknown, with groups": [
      { claims: { uid, team_id: "ghost", groups: ["blue"] } },
      "allow user=u-1 team=blue"
    ],
    "known ones do not": [{ claims: { uid: "one", groups: ["red"] }, model: "claude" }, "403 team_model_denied"]
  })

  deviates("D24", "a single membership counts only when the token names no team", "also when a named one fails", {
    issuer: { claims: { ...CoreTest.mapping, teams: { from: "groups", match: "^llm-(.+)$", as: "$1" } } },
    rows
  }, {
    "no claim": [{ claims: { uid: "one" } }, "allow user=one team=red"],
    "two memberships": [{ claims: { uid: "two" } }, "allow user=two"],
    "a claim whose entries all miss `match`": [{ claims: { uid: "one", groups: ["vpn"] } }, "404 team_not_found"],
    "a claim that hits": [{ claims: { uid: "one", groups: ["vpn", "llm-blue"] } }, "allow user=one team=blue"],
    "an empty claim": [{ claims: { uid: "one", groups: [] } }, "allow user=one team=red"]
  })

  decides("RULES D24: the user's own list says who is a member, a membership row does not", {
    rows: { ...rows, memberships: [CoreTest.membership("u-1", "red")] }
  }, {
    "row alone": [{ claims: { uid } }, "allow user=u-1"],
    "list alone": [{ claims: { uid: "one" } }, "allow user=one team=red"]
  })
})

describe("header, object, alias, default", () => {
  const headers = (id: string) => ({ "X-Team-Id": id })

  decides("the header picks one of the token's teams and no other", { rows }, {
    "a group": [{ claims: { groups: ["red", "blue"] }, headers: headers("blue") }, "allow team=blue"],
    "the single team": [{ claims: { team_id: "red" }, headers: headers("red") }, "allow team=red"],
    "over the single team": [
      { claims: { team_id: "red", groups: ["blue"] }, headers: headers("blue") },
      "allow team=blue"
    ],
    "another": [{ claims: { uid: "two", groups: ["red"] }, headers: headers("blue") }, "403 team_denied"],
    "one of the memberships, but not of the token": [
      { claims: { uid: "two" }, headers: headers("blue") },
      "403 team_denied"
    ],
    "unknown": [{ claims: { groups: ["ghost"] }, headers: headers("ghost") }, "404 team_not_found"],
    "empty is none": [{ claims: { groups: ["red", "blue"] }, headers: headers(" ") }, "allow team=red"],
    "both names, one value": [
      { claims: { groups: ["blue"] }, headers: { ...headers("blue"), "x-litellm-team-id": "blue" } },
      "allow team=blue"
    ],
    "both names, two values": [
      { claims: { groups: ["red", "blue"] }, headers: { ...headers("blue"), "x-litellm-team-id": "red" } },
      "400 request_ambiguous"
    ]
  })

  const objects = { policy: { roleMappings: [{ claim: "svc", role: "team" as const }] }, rows }
  deviates("D18", "a team from the object id must exist, and counts for the header", "is not looked up", objects, {
    "exists": [{ claims: { roles: ["svc"], oid: "red" } }, "allow team=red"],
    "does not": [{ claims: { roles: ["svc"], oid: "ghost" } }, "404 team_not_found"],
    "by header": [{ claims: { roles: ["svc"], oid: "red" }, headers: headers("red") }, "allow team=red"],
    "another by header": [{ claims: { roles: ["svc"], oid: "red" }, headers: headers("blue") }, "403 team_denied"],
    "of a user by role": [{ claims: { uid: "ghost", oid: "u-1" } }, "allow user=u-1"],
    "without a role it is nothing": [{ claims: { oid: "red" } }, "403 principal_required"]
  })

  decides("the alias is looked at only without a single team", {
    rows: { teams: [team("red", { alias: "Red" }), team("r2", { alias: "Twin" }), team("r3", { alias: "Twin" })] }
  }, {
    "alias": [{ claims: { team_name: "Red" } }, "allow team=red"],
    "with case": [{ claims: { team_name: "red" } }, "404 team_not_found"],
    "both": [{ claims: { team_id: "r2", team_name: "Red" } }, "allow team=r2"],
    "before groups": [{ claims: { team_name: "Red", groups: ["r2"] } }, "allow team=red"],
    "several rows (RULES D26)": [{ claims: { team_name: "Twin" } }, "403 team_ambiguous"]
  })

  const withDefault = { directory: { teams: { default: "green" } }, rows }
  deviates("D16", "the default applies last and gives no role", "before the groups, with the role team", withDefault, {
    "nothing else": [{ claims: { uid } }, "allow user=u-1 team=green"],
    "groups come first": [{ claims: { uid, groups: ["blue"] } }, "allow user=u-1 team=blue"],
    "membership comes first": [{ claims: { uid: "one" } }, "allow user=one team=red"],
    "alias unknown": [{ claims: { uid, team_name: "Ghost" } }, "404 team_not_found"]
  })

  decides("RULES D16: the role of a token with the default team stays what it was", {
    ...withDefault,
    policy: { requireRole: true, roles: [{ role: "team", models: ["gpt-4o"] }] }
  }, {
    "no role": [{ claims: { groups: ["red"] } }, "403 role_unmatched"],
    "the user's": [{ claims: { uid }, model: "claude" }, "allow user=u-1 team=green"],
    "the team's": [{ claims: { team_id: "blue" }, model: "claude" }, "403 role_model_denied"]
  })

  decides("a default that does not exist denies, or is passed over with `whenUnknown: next`", {
    issuers: [{}],
    directory: { teams: { default: "ghost" } },
    rows
  }, { "deny": [{ claims: { uid } }, "404 team_not_found"] })

  decides("with `whenUnknown: next` a default that does not exist leaves no team", {
    directory: { teams: { default: "ghost", whenUnknown: "next" } },
    rows
  }, { "next": [{ claims: { uid } }, "allow user=u-1"] })
})

describe("what must be there", () => {
  const claims = { single: { uid, team_id: "red" }, alias: { uid, team_name: "Red" } }
  const named = { ...rows, teams: [...rows.teams, team("ali", { alias: "Red" })] }

  decides("RULES D25: `requireTeamClaim`: single or alias, or header, object, default; not groups or membership", {
    policy: { requireTeamClaim: true, roleMappings: [{ claim: "svc", role: "team" }] },
    rows: named
  }, {
    "single": [{ claims: claims.single }, "allow user=u-1 team=red"],
    "alias": [{ claims: claims.alias }, "allow user=u-1 team=ali"],
    "header": [{ claims: { uid, groups: ["red"] }, headers: { "x-team-id": "red" } }, "allow user=u-1 team=red"],
    "object": [{ claims: { roles: ["svc"], oid: "red" } }, "allow team=red"],
    "groups": [{ claims: { uid, groups: ["red"] } }, "403 team_required"],
    "membership": [{ claims: { uid: "one" } }, "403 team_required"]
  })

  decides("RULES D25: `requireTeam`: groups do as well, a membership does not", {
    policy: { requireTeam: true },
    rows: named
  }, {
    "single": [{ claims: claims.single }, "allow user=u-1 team=red"],
    "alias": [{ claims: claims.alias }, "allow user=u-1 team=ali"],
    "groups": [{ claims: { uid, groups: ["red"] } }, "allow user=u-1 team=red"],
    "membership": [{ claims: { uid: "one" } }, "403 team_required"]
  })

  decides("RULES D16: the default team, when it applies, satisfies both", {
    policy: { requireTeam: true, requireTeamClaim: true },
    directory: { teams: { default: "green" } },
    rows
  }, { "default": [{ claims: { uid } }, "allow user=u-1 team=green"] })

  decides("RULES D16: a default that does not exist satisfies neither", {
    policy: { requireTeam: true },
    directory: { teams: { default: "ghost", whenUnknown: "next" } },
    rows
  }, { "next": [{ claims: { uid } }, "403 team_required"] })

  deviates("D25", "a user or a team must result, a role where asked for", "one switch for both", { rows }, {
    "nobody": [{ claims: {} }, "403 principal_required"],
    "a team": [{ claims: { team_id: "red" } }, "allow team=red"],
    "a user": [{ claims: { uid } }, "allow user=u-1"]
  })
  decides("RULES D25: unless nobody need be", { policy: { requirePrincipal: false }, rows }, {
    "nobody": [{ claims: {} }, "allow"]
  })
})

describe("what a chosen team must satisfy", () => {
  const everyWay: Readonly<Record<string, CoreTest.Ask>> = {
    "header": { claims: { groups: ["red"] }, headers: { "x-team-id": "red" } },
    "object": { claims: { roles: ["svc"], oid: "red" } },
    "single": { claims: { team_id: "red" } },
    "alias": { claims: { team_name: "Red" } },
    "groups": { claims: { groups: ["red"] } },
    "membership": { claims: { uid: "one" } },
    "default": { claims: { uid } }
  }
  const base: CoreTest.World = {
    directory: { teams: { default: "red" } },
    rows: { ...rows, teams: [team("red", { alias: "Red" })] }
  }
  const policy = { roleMappings: [{ claim: "svc", role: "team" as const }] }
  const all = (ask: CoreTest.Ask, line: string | ((allowed: string) => string)) =>
    Object.fromEntries(
      Object.entries(everyWay).map(([way, one]) => {
        const person = one.claims?.["uid"]
        const allowed = person === undefined ? "allow team=red" : `allow user=${person} team=red`
        return [way, [{ ...one, ...ask }, typeof line === "string" ? line : line(allowed)] as const]
      })
    )

  deviates("D15", "`teamRoutes` holds for every team, whatever its source", "in group choice only", {
    ...base,
    policy: { ...policy, teamRoutes: ["openai_routes"], userRoutes: ["*"] }
  }, all({ path: "/key/generate" }, "403 team_route_denied"))

  decides("RULES D15: the default is all LLM routes and the info routes", { ...base, policy }, {
    "messages": [{ claims: { team_id: "red" }, path: "/v1/messages" }, "allow team=red"],
    "info": [{ claims: { team_id: "red" }, path: "/team/info", method: "GET" }, "allow team=red"],
    "management": [{ claims: { team_id: "red" }, path: "/team/new" }, "403 team_route_denied"]
  })

  // A marked route joins the group `openai_routes`.
  const passThrough = {
    ...policy,
    teamRoutes: ["openai_routes"],
    userRoutes: ["openai_routes"],
    passThroughRoutes: [{ path: "/bria/*", methods: ["POST"] }]
  }
  deviates("D39", "the pass-through gate holds for every chosen team", "not for a membership or the default", {
    ...base,
    policy: passThrough
  }, all({ path: "/bria/x" }, "403 team_route_denied"))
  decides("RULES D39: a team that lists the route passes", {
    ...base,
    policy: passThrough,
    rows: { ...rows, teams: [team("red", { alias: "Red", passThroughRoutes: ["/bria"] })] }
  }, all({ path: "/bria/x" }, (allowed) => allowed))
  deviates("D39", "a caller without a team is denied there", "passes", { policy: passThrough, rows }, {
    "no team": [{ claims: { uid }, path: "/bria/x" }, "403 team_route_denied"],
    "another method is no pass-through, and granted by nothing (RULES D59)": [
      { claims: { uid }, path: "/bria/x", method: "GET" },
      "403 user_route_denied"
    ]
  })
  deviates("D40", "the later checks hold on a pass-through route as well", "they are skipped there", {
    policy: { ...passThrough, emailDomains: ["acme.test"] },
    rows: { users: rows.users, teams: [team("red", { passThroughRoutes: ["/bria"], blocked: true }), team("blue")] }
  }, {
    "blocked": [
      { claims: { uid, email: "a@acme.test", email_verified: true, team_id: "red" }, path: "/bria/x" },
      "403 team_blocked"
    ],
    "domain": [{ claims: { uid, team_id: "red" }, path: "/bria/x" }, "403 email_domain_denied"],
    "unknown user": [
      { claims: { uid: "ghost", email: "a@acme.test", email_verified: true, team_id: "red" }, path: "/bria/x" },
      "404 user_not_found"
    ]
  })

  const owned = {
    ...base,
    rows: {
      ...rows,
      teams: [team("red", { alias: "Red", organization: "acme" })],
      organizations: [organization("acme"), organization("corp", { alias: "Corp" })]
    }
  }
  deviates(
    "D22",
    "a team of another organization than the token's is refused",
    "is not compared",
    { ...owned, policy },
    {
      ...Object.fromEntries(
        Object.entries(everyWay).map(([way, one]) => [
          way,
          [{ ...one, claims: { ...one.claims, org_id: "corp" } }, "403 organization_mismatch"] as const
        ])
      ),
      "by alias": [{ claims: { team_id: "red", org_name: "Corp" } }, "403 organization_mismatch"],
      "its own": [{ claims: { team_id: "red", org_id: "acme" } }, "allow team=red organization=acme"],
      "no organization in the token": [{ claims: { team_id: "red" } }, "allow team=red"]
    }
  )
})

describe("what a step tells", () => {
  it.effect("the trace says of each group why it was not chosen", () =>
    Effect.gen(function*() {
      const { steps } = yield* CoreTest.ask({ rows }, { claims: { groups: ["ghost", "red", "blue"] }, model: "claude" })
      assert.deepStrictEqual(steps.find((it) => it.step === "team")?.facts["candidates"], [
        { team: "ghost", verdict: "unknown" },
        { team: "red", verdict: "model", models: ["gpt-4o"] },
        { team: "blue", verdict: "fits", models: ["gpt-4o", "claude"] }
      ])
    }))
})
