/** How claims are read (RULES D10 to D14, D38): shapes, absences, lists, overage. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates, type Row } from "../support/Decides.ts"

const { team, user } = CoreTest
const rows = { users: [user("u-1")], teams: [team("red"), team("a"), team("blue")] }

describe("shapes of claims", () => {
  deviates("D10", "a string is one role and one group, never its characters", "iterates over the text", {
    policy: { roleMappings: [{ claim: "a", role: "internal_user" }], requireRole: true },
    rows
  }, {
    "role": [{ claims: { roles: "abc", groups: "red" } }, "403 role_unmatched"],
    "its whole text": [{ claims: { roles: "a", groups: "red" } }, "allow team=red"]
  })

  deviates("D10", "a string groups claim is one group, or split where the mapping says so", "each character", {
    issuers: [
      {},
      { id: "b", issuer: "https://b.test", claims: { user: null, teams: { from: "groups", split: "," } } }
    ],
    sharedIdentities: true,
    rows
  }, {
    "one": [{ claims: { groups: "red" } }, "allow team=red"],
    "not its characters": [{ claims: { groups: "abc" } }, "404 team_not_found"],
    "not split": [{ claims: { groups: "blue,red" } }, "404 team_not_found"],
    "split, trimmed": [{ claims: { iss: "https://b.test", groups: " blue , red" } }, "allow team=blue"]
  })

  const odd = { uid: "u-1" }
  deviates("D11", "null, empty text and empty lists are absent", "null is a value and `[]` a team", { rows }, {
    "groups: null": [{ claims: { ...odd, groups: null } }, "allow user=u-1"],
    "groups: []": [{ claims: { ...odd, groups: [] } }, "allow user=u-1"],
    "groups: ''": [{ claims: { ...odd, groups: "" } }, "allow user=u-1"],
    "team: ''": [{ claims: { ...odd, team_id: "" } }, "allow user=u-1"],
    "team: null": [{ claims: { ...odd, team_id: null } }, "allow user=u-1"],
    "team: []": [{ claims: { ...odd, team_id: [] } }, "allow user=u-1"],
    "user: null": [{ claims: { uid: null, team_id: "red" } }, "allow team=red"],
    "user: ''": [{ claims: { uid: "", team_id: "red" } }, "allow team=red"],
    "scope: null": [{ claims: { ...odd, scope: null } }, "allow user=u-1"],
    "roles: []": [{ claims: { ...odd, roles: [] } }, "allow user=u-1"],
    "organization: ''": [{ claims: { ...odd, org_id: "" } }, "allow user=u-1"],
    "endUser: null": [{ claims: { ...odd, customer: null } }, "allow user=u-1"]
  })

  decides("RULES D11: an empty team id gives no role", {
    policy: { requireRole: true },
    rows
  }, {
    "empty": [{ claims: { team_id: "" } }, "403 role_unmatched"],
    "said": [{ claims: { team_id: "red" } }, "allow team=red"]
  })

  const wrong = { ...odd, team_id: "red" }
  const shapes: Readonly<Record<string, unknown>> = {
    number: 7,
    zero: 0,
    true: true,
    false: false,
    object: { a: 1 },
    "empty object": {}
  }
  const lists: Readonly<Record<string, unknown>> = {
    "list of numbers": [7],
    mixed: [7, "red"],
    "list of lists": [["red"]]
  }
  const texts = ["uid", "team_name", "customer", "oid"]
  const many = ["groups", "roles", "user_roles", "scope", "team_id", "email"]
  const unreadable: Record<string, Row> = {}
  for (const claim of [...texts, ...many, "org_id", "org_name"]) {
    for (const [shape, value] of Object.entries({ ...shapes, ...lists })) {
      if (claim.startsWith("org_") && shape.endsWith("object")) continue
      unreadable[`${claim}: ${shape}`] = [{ claims: { ...wrong, [claim]: value } }, "401 invalid_token"]
    }
    if (texts.includes(claim)) {
      unreadable[`${claim}: list`] = [{ claims: { ...wrong, [claim]: ["x"] } }, "401 invalid_token"]
    }
  }
  unreadable["email: two"] = [
    { claims: { ...wrong, email: ["a@x.test", "b@x.test"], email_verified: true } },
    "401 invalid_token"
  ]
  deviates(
    "D12",
    "a mapped claim of a shape that nothing reads is 401",
    "a crash, a text of it, or absent",
    { rows },
    unreadable
  )

  decides("RULES D12: passed over where the issuer says so, but never the person, scopes and roles", {
    issuer: { unreadable: "ignore" },
    rows
  }, {
    "groups: object": [{ claims: { ...odd, groups: { red: true } } }, "allow user=u-1"],
    "groups: mixed": [{ claims: { ...odd, groups: [7, "red"] } }, "allow user=u-1 team=red"],
    "team: object": [{ claims: { ...odd, team_id: { id: "red" } } }, "allow user=u-1"],
    "email: number": [{ claims: { ...odd, email: 7 } }, "allow user=u-1"],
    "endUser: object": [{ claims: { ...odd, customer: { a: 1 } } }, "allow user=u-1"],
    "user_roles: number": [{ claims: { ...odd, user_roles: 1 } }, "allow user=u-1"],
    "user: number": [{ claims: { uid: 7 } }, "401 invalid_token"],
    "user: list": [{ claims: { uid: ["u-1"] } }, "401 invalid_token"],
    "scope: object": [{ claims: { ...odd, scope: { a: 1 } } }, "401 invalid_token"],
    "roles: true": [{ claims: { ...odd, roles: true } }, "401 invalid_token"]
  })

  it.effect("RULES D12: the step says which claim could not be read, or was passed over", () =>
    Effect.gen(function*() {
      const odd = { claims: { uid: "u-1", groups: { red: true }, email: 7 } }
      const refused = yield* CoreTest.ask({ rows }, odd)
      assert.deepStrictEqual(refused.steps.find((it) => it.step === "token")?.facts, {
        reason: "claim_unreadable",
        claim: "email",
        path: "email",
        expected: "text or list"
      })
      const ignored = yield* CoreTest.ask({ issuer: { unreadable: "ignore" }, rows }, odd)
      assert.deepStrictEqual(ignored.steps.find((it) => it.step === "claims")?.facts["notes"], [
        "email is no text or list: as if it were not there",
        "groups is no text or list: as if it were not there"
      ])
    }))

  const scoped = {
    policy: { scopes: [{ scope: "chat", models: ["gpt-4o"] }], requireScope: true },
    rows
  }
  deviates("D13", "scopes are read from `scope`, then `scp`", "`scope` only", {
    ...scoped,
    issuer: { claims: { user: "uid" } }
  }, {
    "scope": [{ claims: { ...odd, scope: "chat" }, model: "gpt-4o" }, "allow user=u-1"],
    "scp": [{ claims: { ...odd, scp: ["chat"] }, model: "gpt-4o" }, "allow user=u-1"],
    "an empty scope is absent": [{ claims: { ...odd, scope: "", scp: "chat" }, model: "gpt-4o" }, "allow user=u-1"],
    "the first that is there": [
      { claims: { ...odd, scope: "other", scp: "chat" }, model: "gpt-4o" },
      "403 scope_model_denied"
    ]
  })

  deviates("D38", "scope text splits on the space only; entries are compared whole", "any white space", scoped, {
    "space": [{ claims: { ...odd, scope: "other chat" }, model: "gpt-4o" }, "allow user=u-1"],
    "list": [{ claims: { ...odd, scope: ["other", "chat"] }, model: "gpt-4o" }, "allow user=u-1"],
    "tab": [{ claims: { ...odd, scope: "other\tchat" }, model: "gpt-4o" }, "403 scope_model_denied"],
    "line": [{ claims: { ...odd, scope: "other\nchat" }, model: "gpt-4o" }, "403 scope_model_denied"],
    "no-break space": [{ claims: { ...odd, scope: "other\u00a0chat" }, model: "gpt-4o" }, "403 scope_model_denied"],
    "an entry of a list is not split": [
      { claims: { ...odd, scope: ["other chat"] }, model: "gpt-4o" },
      "403 scope_model_denied"
    ],
    "part of a word": [{ claims: { ...odd, scope: "chat:read" }, model: "gpt-4o" }, "403 scope_model_denied"]
  })

  decides("RULES D38: the admin scope is one whole scope", { issuer: { adminScope: "admin" }, rows }, {
    "one of several": [{ claims: { scope: "chat admin" }, path: "/user/info" }, "allow admin"],
    "part of a word": [{ claims: { ...odd, scope: "administrator" } }, "allow user=u-1"],
    "behind a tab": [{ claims: { ...odd, scope: "chat\tadmin" } }, "allow user=u-1"]
  })
})

describe("group overage", () => {
  const overage = { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://graph.test" } } }

  deviates("D14", "groups that are elsewhere are a named outcome, never \"no groups\"", "no groups", { rows }, {
    "_claim_names": [{ claims: { uid: "u-1", ...overage } }, "403 groups_overage"],
    "hasgroups": [{ claims: { uid: "u-1", hasgroups: true } }, "403 groups_overage"],
    "hasgroups as text": [{ claims: { uid: "u-1", hasgroups: "true" } }, "403 groups_overage"],
    "some groups are here": [{ claims: { uid: "u-1", groups: ["red"], ...overage } }, "403 groups_overage"],
    "a single team needs no groups": [
      { claims: { uid: "u-1", team_id: "red", ...overage } },
      "allow user=u-1 team=red"
    ],
    "names that nothing reads": [{ claims: { uid: "u-1", _claim_names: { photos: "src1" } } }, "allow user=u-1"],
    "another claim that is elsewhere (RULES D12)": [
      { claims: { uid: "u-1", _claim_names: { roles: "src1" } } },
      "401 invalid_token"
    ],
    "names that cannot be read": [{ claims: { uid: "u-1", _claim_names: "groups" } }, "403 groups_overage"],
    "no names": [{ claims: { uid: "u-1", _claim_names: null } }, "allow user=u-1"],
    "hasgroups that is neither yes nor no": [{ claims: { uid: "u-1", hasgroups: 1 } }, "403 groups_overage"],
    "hasgroups: false": [{ claims: { uid: "u-1", hasgroups: false } }, "allow user=u-1"],
    "hasgroups: false as text": [{ claims: { uid: "u-1", hasgroups: "false" } }, "allow user=u-1"],
    "hasgroups: null": [{ claims: { uid: "u-1", hasgroups: null } }, "allow user=u-1"]
  })

  decides("RULES D14: ignored where the issuer says so", {
    issuer: { claims: { ...CoreTest.mapping, overage: "ignore" } },
    rows
  }, {
    "_claim_names": [{ claims: { uid: "u-1", ...overage } }, "allow user=u-1"],
    "some groups are here": [{ claims: { uid: "u-1", groups: ["red"], ...overage } }, "allow user=u-1 team=red"]
  })

  it.effect("RULES D14 and D32: an ignored overage leaves memberships alone", () =>
    Effect.gen(function*() {
      const verdict = yield* CoreTest.ask({
        issuer: { claims: { ...CoreTest.mapping, overage: "ignore" } },
        directory: { memberships: "replace" },
        rows: { users: [user("u-1", { teams: ["red", "blue"], tokenTeams: ["red", "blue"] })], teams: rows.teams }
      }, { claims: { uid: "u-1", ...overage } })
      assert.strictEqual(verdict.line, "allow user=u-1")
      assert.deepStrictEqual(verdict.writes, [])
    }))
})
