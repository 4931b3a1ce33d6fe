/** Readings that a mapping may ask for (RULES D56): names of members, teams by alias, lists and objects of one. */
import { describe } from "@effect/vitest"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { organization, team, user } = CoreTest
const uid = "u-1"
const rows = {
  users: [user(uid)],
  teams: [
    team("t-1", { alias: "Red" }),
    team("t-2", { alias: "Blue" }),
    team("t-3", { alias: "Twin" }),
    team("t-4", { alias: "Twin" }),
    team("Red-2", { alias: "t-2" })
  ],
  organizations: [organization("acme", { alias: "Acme" }), organization("corp")]
}
const reading = (
  claims: NonNullable<CoreTest.World["issuer"]>["claims"],
  more: CoreTest.World = {}
): CoreTest.World => ({
  ...more,
  issuer: { ...more.issuer, claims: { user: "uid", ...claims } },
  rows
})

describe("the names of an object's members", () => {
  const zitadel = "urn:zitadel:iam:org:project:roles"
  decides("are teams and roles where the mapping says so", {
    ...reading({ teams: { from: zitadel, keys: true }, roles: { from: zitadel, keys: true } }),
    rows: { ...rows, teams: [team("admin")] }
  }, {
    "object": [{ claims: { uid, [zitadel]: { admin: { "3": "acme.example" } } } }, "allow user=u-1 team=admin"],
    "list": [{ claims: { uid, [zitadel]: ["admin"] } }, "allow user=u-1 team=admin"],
    "text": [{ claims: { uid, [zitadel]: "admin" } }, "allow user=u-1 team=admin"],
    "of nobody here": [{ claims: { uid, [zitadel]: { other: {} } } }, "404 team_not_found"],
    "a list of objects": [{ claims: { uid, [zitadel]: [{ admin: {} }] } }, "401 invalid_token"]
  })
  decides("are not read where it does not", reading({ teams: zitadel }), {
    "object": [{ claims: { uid, [zitadel]: { admin: {} } } }, "401 invalid_token"]
  })
})

describe("teams by alias", () => {
  const by = (by: "alias" | "either") => reading({ teams: { from: "groups", by } })
  decides("alias", by("alias"), {
    "one": [{ claims: { uid, groups: ["Red"] } }, "allow user=u-1 team=t-1"],
    "in the order of the claim": [{ claims: { uid, groups: ["Blue", "Red"] } }, "allow user=u-1 team=t-2"],
    "an id is none": [{ claims: { uid, groups: ["t-1"] } }, "404 team_not_found"],
    "an alias of two": [{ claims: { uid, groups: ["Red", "Twin"] } }, "403 team_ambiguous"],
    "the header names the id": [
      { claims: { uid, groups: ["Blue", "Red"] }, headers: { "x-team-id": "t-1" } },
      "allow user=u-1 team=t-1"
    ],
    "or the alias": [
      { claims: { uid, groups: ["Blue", "Red"] }, headers: { "x-team-id": "Red" } },
      "allow user=u-1 team=t-1"
    ],
    "not another's": [{ claims: { uid, groups: ["Red"] }, headers: { "x-team-id": "t-2" } }, "403 team_denied"]
  })
  decides("either, the id first", by("either"), {
    "alias": [{ claims: { uid, groups: ["Red"] } }, "allow user=u-1 team=t-1"],
    "id": [{ claims: { uid, groups: ["t-1"] } }, "allow user=u-1 team=t-1"],
    "an id that is another's alias": [{ claims: { uid, groups: ["t-2"] } }, "allow user=u-1 team=t-2"],
    "both, in their order": [{ claims: { uid, groups: ["Blue", "t-1"] } }, "allow user=u-1 team=t-2"]
  })
  decides("within what the issuer grants (RULES D51)", {
    ...reading({ teams: { from: "groups", by: "alias" } }),
    issuer: {
      claims: { user: "uid", teams: { from: "groups", by: "alias" } },
      grants: { teams: ["t-2"], roles: ["*"], models: ["*"], routes: ["*"] }
    }
  }, {
    "granted": [{ claims: { uid, groups: ["Red", "Blue"] } }, "allow user=u-1 team=t-2"],
    "withheld": [{ claims: { uid, groups: ["Red"] } }, "403 team_denied"]
  })
})

describe("one of a list, or of an object", () => {
  decides("organization", reading({ organization: "org", organizationAlias: "orgs" }), {
    "list of one": [{ claims: { uid, org: ["acme"] } }, "allow user=u-1 organization=acme"],
    "object of one, as Keycloak writes it": [
      { claims: { uid, orgs: { Acme: { id: "x" } } } },
      "allow user=u-1 organization=acme"
    ],
    "list of two": [{ claims: { uid, org: ["acme", "corp"] } }, "403 organization_ambiguous"],
    "object of two": [{ claims: { uid, orgs: { Acme: {}, Corp: {} } } }, "403 organization_ambiguous"],
    "the same twice": [{ claims: { uid, org: ["acme", "acme"] } }, "allow user=u-1 organization=acme"],
    "an empty object": [{ claims: { uid, orgs: {} } }, "allow user=u-1"],
    "a number in the list": [{ claims: { uid, org: [1] } }, "401 invalid_token"]
  })
  decides("team", reading({ team: "team" }), {
    "list of one": [{ claims: { uid, team: ["t-1"] } }, "allow user=u-1 team=t-1"],
    "object": [{ claims: { uid, team: { "t-1": {} } } }, "401 invalid_token"]
  })
  decides("a person is never read out of a list", reading({}), {
    "list": [{ claims: { uid: ["u-1"] } }, "401 invalid_token"]
  })
})

describe("a claims block keeps the defaults of what it leaves out", () => {
  const blocked = { users: [user("alice", { blocked: true })], teams: [team("red")] }
  decides("so a blocked person stays blocked", { issuer: { claims: { teams: "groups" } }, rows: blocked }, {
    "blocked": [{ claims: { sub: "alice", groups: ["red"] } }, "403 user_blocked"],
    "nobody": [{ claims: { groups: ["red"] } }, "401 invalid_token"]
  })
  decides("null turns one off", { issuer: { claims: { user: null, teams: "groups" } }, rows: blocked }, {
    "not read": [{ claims: { sub: "alice", groups: ["red"] } }, "allow team=red"]
  })
})

describe("services that a pattern tells (RULES D37)", () => {
  const services = (match: Record<string, string>): CoreTest.World => ({
    issuer: { serviceAccounts: { as: "apart", match }, claims: { user: "sub", team: "team" } },
    rows: { users: [user("uuid-1")], teams: [team("t-1")] }
  })
  decides("by a name", services({ preferred_username: "service-account-*" }), {
    "service": [{ claims: { sub: "uuid-1", preferred_username: "service-account-bot" } }, "403 principal_required"],
    "with a team": [
      { claims: { sub: "uuid-1", preferred_username: "service-account-bot", team: "t-1" } },
      "allow team=t-1"
    ],
    "service, in a list": [
      { claims: { sub: "uuid-1", preferred_username: ["ada", "service-account-bot"] } },
      "403 principal_required"
    ],
    "person": [{ claims: { sub: "uuid-1", preferred_username: "ada" } }, "allow user=uuid-1"],
    "its own client id, in a list": [{ claims: { sub: "uuid-1", azp: ["web", "uuid-1"] } }, "403 principal_required"],
    "its own client id": [{ claims: { sub: "uuid-1", client_id: "uuid-1" } }, "403 principal_required"]
  })
  decides("by several, all of which must fit", services({ preferred_username: "service-*", kind: "bot" }), {
    "all": [{ claims: { sub: "uuid-1", preferred_username: "service-x", kind: "bot" } }, "403 principal_required"],
    "one": [{ claims: { sub: "uuid-1", preferred_username: "service-x", kind: "person" } }, "allow user=uuid-1"],
    "the other": [{ claims: { sub: "uuid-1", preferred_username: "ada", kind: "bot" } }, "allow user=uuid-1"]
  })
  decides("by an address, with its proof alone (RULES D57)", services({ email: "*@svc.test" }), {
    "proven": [{ claims: { sub: "uuid-1", email: "a@svc.test", email_verified: true } }, "403 principal_required"],
    "not proven": [{ claims: { sub: "uuid-1", email: "a@svc.test", email_verified: false } }, "allow user=uuid-1"]
  })
  decides("nobody's own client is none", {
    issuer: { claims: { user: "uid" } },
    rows: { users: [user("uuid-1")] }
  }, {
    "empty alike": [{ claims: { uid: "uuid-1", sub: "", client_id: "" } }, "allow user=uuid-1"]
  })
  decides("by another claim's value", services({ sub: "{oid}" }), {
    "alike": [{ claims: { sub: "uuid-1", oid: "uuid-1" } }, "403 principal_required"],
    "not alike": [{ claims: { sub: "uuid-1", oid: "other" } }, "allow user=uuid-1"],
    "not there": [{ claims: { sub: "uuid-1" } }, "allow user=uuid-1"]
  })
})
