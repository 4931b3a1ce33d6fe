/** Addresses come with their proof (RULES D57): what an address can do, and what proves one. */
import { describe } from "@effect/vitest"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, type Row } from "../support/Decides.ts"

const { organization, team, user } = CoreTest

const victim = "ada@acme.test"
const rows = {
  users: [user(victim), user("u-1", { email: victim }), user("boss@acme.test", { role: "proxy_admin" })],
  teams: [team("acme.test", { alias: "acme.test" })],
  organizations: [organization(victim, { alias: victim })]
}
const orEmail = { user: { from: "uid", orEmail: true }, teams: "groups" }

describe("an address without a proof is nowhere", () => {
  const flags = {
    absent: undefined,
    false: false,
    null: null,
    number: 1,
    "a text": "yes",
    list: [true],
    object: { a: 1 }
  }
  const unproven = (claims: Record<string, unknown>, line: string): Readonly<Record<string, Row>> =>
    Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [name, [
        { claims: { ...claims, ...(flag === undefined ? {} : { email_verified: flag }) } },
        line
      ]])
    )

  for (const linkByEmail of ["verified", "never"] as const) {
    decides(`in the place of an id (${linkByEmail})`, {
      issuer: { claims: orEmail, identities: { linkByEmail } },
      rows
    }, unproven({ email: victim }, "403 principal_required"))

    decides(`as the id itself (${linkByEmail})`, {
      issuer: { claims: { user: "email" }, identities: { linkByEmail } },
      rows
    }, unproven({ email: victim }, "403 principal_required"))

    // The row of that address may be blocked, and nobody may look it up: a team does not make up for it.
    for (const [how, claims] of Object.entries({ id: { user: "email", teams: "groups" }, "place of an id": orEmail })) {
      decides(`as the ${how}, in a team that could be used (${linkByEmail})`, {
        issuer: { claims, identities: { linkByEmail } },
        directory: { users: { unknown: "allow" } },
        rows: { ...rows, users: [user(victim, { blocked: true })], teams: [team("red")] }
      }, unproven({ email: victim, groups: ["red"] }, "404 user_not_found"))
    }

    decides(`as the id, of a service (${linkByEmail})`, {
      issuer: { claims: { user: "email", teams: "groups" }, identities: { linkByEmail } },
      rows: { teams: [team("red")] }
    }, unproven({ sub: "svc", azp: "svc", email: victim, groups: ["red"] }, "allow team=red"))

    decides(`before a claim that says who it is (${linkByEmail})`, {
      issuer: { claims: { user: ["email", "uid"] }, identities: { linkByEmail } },
      rows
    }, unproven({ email: "boss@acme.test", uid: "u-1" }, "allow user=u-1"))

    decides(`in a list of domains (${linkByEmail})`, {
      issuer: { identities: { linkByEmail } },
      policy: { emailDomains: ["acme.test"] },
      rows
    }, unproven({ uid: "u-1", email: victim }, "403 email_domain_denied"))

    decides(`as a team, an organization, a customer, an object (${linkByEmail})`, {
      issuer: {
        identities: { linkByEmail },
        claims: {
          user: "uid",
          teams: { from: "email", match: "@(.+)$", as: "$1" },
          organization: "email",
          endUser: "email",
          object: "email",
          roles: "email"
        }
      },
      policy: { roleMappings: [{ claim: victim, role: "team" }] },
      rows
    }, unproven({ uid: "u-1", email: victim }, "allow user=u-1"))

    decides(`as something that the issuer requires (${linkByEmail})`, {
      issuer: { identities: { linkByEmail }, require: { email: victim } },
      rows
    }, unproven({ uid: "u-1", email: victim }, "401 invalid_token"))
  }

  decides("to link a person", { rows }, unproven({ uid: "ghost", email: victim }, "404 user_not_found"))
})

describe("what proves an address", () => {
  const proves = (claims: CoreTest.World["issuer"], table: Readonly<Record<string, Row>>): void =>
    decides(JSON.stringify(claims?.claims), { issuer: { ...claims }, rows }, table)
  const found = "allow user=u-1"
  const nobody = "404 user_not_found"
  const uid = "ghost"

  proves({ claims: { user: "uid" } }, {
    "true": [{ claims: { uid, email: victim, email_verified: true } }, found],
    "the text of true": [{ claims: { uid, email: victim, email_verified: "true" } }, found],
    "a list of one address": [{ claims: { uid, email: [victim], email_verified: true } }, found],
    "another spelling": [{ claims: { uid, email: victim, email_verified: "TRUE" } }, nobody],
    "another claim": [{ claims: { uid, email: victim, phone_number_verified: true } }, nobody]
  })
  proves({ claims: { user: "uid", email: ["email", "preferred_username"] } }, {
    "speaks of email": [{ claims: { uid, email: victim, email_verified: true } }, found],
    "not of a user name": [{ claims: { uid, preferred_username: victim, email_verified: true } }, nobody],
    "not of a user name beside it": [
      { claims: { uid, email: "", preferred_username: victim, email_verified: true } },
      nobody
    ]
  })
  proves({ claims: { user: "uid", email: "upn", emailVerified: "xms_edov" } }, {
    "the only address": [{ claims: { uid, upn: victim, xms_edov: true } }, found],
    "not email_verified": [{ claims: { uid, upn: victim, email_verified: true } }, nobody]
  })
  proves({ claims: { user: "uid", email: ["email", "upn"], emailVerified: ["email_verified", "upn_verified"] } }, {
    "each its own": [{ claims: { uid, upn: victim, upn_verified: true } }, found],
    "crosswise": [{ claims: { uid, upn: victim, email_verified: true } }, nobody],
    "crosswise, the other way": [{ claims: { uid, email: victim, upn_verified: true } }, nobody],
    "the second where the first has no proof": [
      { claims: { uid, email: "boss@acme.test", upn: victim, upn_verified: true } },
      found
    ]
  })
  proves({ claims: { user: "uid", email: "user.email", emailVerified: "user.email_verified" } }, {
    "beside it": [{ claims: { uid, user: { email: victim, email_verified: true } } }, found],
    "at the top": [{ claims: { uid, user: { email: victim }, email_verified: true } }, nobody]
  })
  proves({ claims: { user: "uid", emailVerified: null } }, {
    "nothing": [{ claims: { uid, email: victim, email_verified: true } }, nobody]
  })
  proves({ claims: { user: "uid" }, identities: { linkByEmail: "always" } }, {
    "nothing is needed": [{ claims: { uid, email: victim } }, found]
  })
})

describe("a proxy admin is never found by an address", () => {
  const proven = { email: "boss@acme.test", email_verified: true }
  const table = { "proven": [{ claims: proven }, "404 user_not_found"] } as const
  for (const unknown of ["deny", "allow"] as const) {
    for (const linkByEmail of ["verified", "always", "never"] as const) {
      const directory = { users: { unknown } }
      const identities = { linkByEmail }
      decides(`standing in (${unknown}, ${linkByEmail})`, {
        issuer: { claims: orEmail, identities },
        directory,
        rows
      }, table)
      decides(`mapped (${unknown}, ${linkByEmail})`, {
        issuer: { claims: { user: "email" }, identities },
        directory,
        rows
      }, table)
      decides(`mapped in one list with other claims (${unknown}, ${linkByEmail})`, {
        issuer: { claims: { user: { from: ["email", "uid"], mode: "union" } }, identities },
        directory,
        rows
      }, { "proven": [{ claims: { ...proven, uid: "u-9" } }, "404 user_not_found"] })
    }
  }
  decides("nor by a linked subject that is one", {
    issuer: { claims: orEmail },
    directory: { users: { create: true } },
    rows: { users: [user("root", { role: "proxy_admin", subjects: [{ namespace: "", subject: "boss@acme.test" }] })] }
  }, table)
  decides("by an id it is", { issuer: { claims: { user: "uid" } }, rows }, {
    "id": [{ claims: { uid: "boss@acme.test" } }, "allow admin user=boss@acme.test"]
  })
})
