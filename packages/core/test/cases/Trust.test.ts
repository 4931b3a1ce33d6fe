/** What is trusted: issuers, identities, credentials (RULES D1 to D9, D36, D37, D43 to D46, D48). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates } from "../support/Decides.ts"

const { team, user } = CoreTest
const ada = user("u-1", { email: "ada@acme.test" })

describe("issuers and their tokens", () => {
  deviates("D1", "a token of an issuer that is not listed is refused", "falls back to the global key set", {
    rows: { users: [ada] }
  }, {
    "listed": [{ claims: { uid: "u-1" } }, "allow user=u-1"],
    "unlisted": [{ claims: { uid: "u-1", iss: "https://other.test" } }, "401 invalid_token"],
    "missing": [{ claims: { uid: "u-1", iss: undefined } }, "401 invalid_token"],
    "no text": [{ claims: { uid: "u-1", iss: 7 } }, "401 invalid_token"]
  })

  deviates("D1", "`issuer: any` takes what no other entry lists, never an empty or odd `iss`", "any `iss` at all", {
    issuers: [{ claims: { user: "other" } }, { id: "rest", issuer: "any", audience: "any" }],
    sharedIdentities: true,
    rows: { users: [ada] }
  }, {
    "missing": [{ claims: { uid: "u-1", iss: undefined, aud: undefined } }, "allow user=u-1"],
    "unlisted": [{ claims: { uid: "u-1", iss: "https://other.test" } }, "allow user=u-1"],
    "listed goes to its own entry": [{ claims: { uid: "u-1" } }, "403 principal_required"],
    "empty": [{ claims: { uid: "u-1", iss: "" } }, "401 invalid_token"],
    "no text": [{ claims: { uid: "u-1", iss: 7 } }, "401 invalid_token"]
  })

  deviates("D2", "the audience is always checked", "only when JWT_AUDIENCE is set", { rows: { users: [ada] } }, {
    "missing": [{ claims: { uid: "u-1", aud: undefined } }, "401 invalid_token"],
    "another": [{ claims: { uid: "u-1", aud: "billing" } }, "401 invalid_token"],
    "one of several": [{ claims: { uid: "u-1", aud: ["billing", "gate"] } }, "allow user=u-1"]
  })

  deviates("D3", "an end is required and a life is bounded", "a token without `exp` is good for ever", {
    rows: { users: [ada] }
  }, {
    "no end": [{ claims: { uid: "u-1", exp: undefined } }, "401 invalid_token"],
    "a week": [{ claims: { uid: "u-1", exp: 604_800 } }, "401 invalid_token"],
    "a day": [{ claims: { uid: "u-1", exp: 86_400 } }, "allow user=u-1"]
  })

  decides("RULES D3: an issuer may opt out", {
    issuer: { expiry: { required: false, maxLifetime: "none" } },
    rows: { users: [ada] }
  }, { "no end": [{ claims: { uid: "u-1", exp: undefined } }, "allow user=u-1"] })

  deviates("D4", "only an issuer with `adminScope` mints admins", "the scope counts from any issuer", {
    issuers: [{ adminScope: "gate:admin" }, { id: "b", issuer: "https://b.test" }],
    sharedIdentities: true,
    rows: { users: [ada] }
  }, {
    "its own": [{ claims: { scope: "gate:admin" }, path: "/user/info" }, "allow admin"],
    "another's": [
      { claims: { iss: "https://b.test", scope: "gate:admin" }, path: "/user/info" },
      "403 principal_required"
    ]
  })

  deviates("D36", "a token that is bound to a key of its sender is refused", "`cnf` is not looked at", {
    rows: { users: [ada] }
  }, { "cnf": [{ claims: { uid: "u-1", cnf: { jkt: "x" } } }, "401 invalid_token"] })

  decides("RULES D36: unless the issuer ignores it", {
    issuer: { confirmation: "ignore" },
    rows: { users: [ada] }
  }, { "cnf": [{ claims: { uid: "u-1", cnf: { jkt: "x" } } }, "allow user=u-1"] })

  decides("RULES D51: `require` is checked after the signature", {
    issuer: { require: { tid: "t-9", "repo.owner": ["acme", "corp"], level: 2 } },
    rows: { users: [ada] }
  }, {
    "all hold": [{ claims: { uid: "u-1", tid: "t-9", repo: { owner: "corp" }, level: 2 } }, "allow user=u-1"],
    "one is another": [{ claims: { uid: "u-1", tid: "t-8", repo: { owner: "corp" }, level: 2 } }, "401 invalid_token"],
    "one is of another type": [
      { claims: { uid: "u-1", tid: "t-9", repo: { owner: "corp" }, level: "2" } },
      "401 invalid_token"
    ],
    "one is missing": [{ claims: { uid: "u-1", tid: "t-9", level: 2 } }, "401 invalid_token"]
  })
})

describe("who a person is", () => {
  deviates("D5", "identity is (namespace, subject), and a row id counts in the empty namespace only", "the id alone", {
    issuers: [
      { identities: { namespace: "okta" } },
      { id: "b", issuer: "https://b.test", identities: { namespace: "entra" } },
      { id: "c", issuer: "https://c.test" }
    ],
    rows: { users: [user("u-1"), user("u-2", { subjects: [{ namespace: "okta", subject: "u-1" }] })] }
  }, {
    "linked in its namespace": [{ claims: { uid: "u-1" } }, "allow user=u-2"],
    "same subject, another namespace": [{ claims: { uid: "u-1", iss: "https://b.test" } }, "404 user_not_found"],
    "empty namespace": [{ claims: { uid: "u-1", iss: "https://c.test" } }, "allow user=u-1"]
  })

  deviates("D6", "an address links only when it is verified, and never to an admin", "any address links to any row", {
    rows: { users: [ada, user("boss", { email: "boss@acme.test", role: "proxy_admin" })] }
  }, {
    "verified": [{ claims: { uid: "x", email: "ada@acme.test", email_verified: true } }, "allow user=u-1"],
    "without case": [{ claims: { uid: "x", email: "ADA@Acme.test", email_verified: true } }, "allow user=u-1"],
    "not said": [{ claims: { uid: "x", email: "ada@acme.test" } }, "404 user_not_found"],
    "verified, as a text": [
      { claims: { uid: "x", email: "ada@acme.test", email_verified: "true" } },
      "allow user=u-1"
    ],
    "another text": [
      { claims: { uid: "x", email: "ada@acme.test", email_verified: "1" } },
      "404 user_not_found"
    ],
    "an admin": [{ claims: { uid: "x", email: "boss@acme.test", email_verified: true } }, "404 user_not_found"],
    "two at signs": [
      { claims: { uid: "x", email: "ada@acme.test@acme.test", email_verified: true } },
      "404 user_not_found"
    ]
  })

  decides("RULES D6: `linkByEmail: always` needs no proof, `never` takes none, an admin stays out of reach", {
    issuers: [
      { identities: { linkByEmail: "always" } },
      { id: "b", issuer: "https://b.test", identities: { linkByEmail: "never" } }
    ],
    sharedIdentities: true,
    rows: { users: [ada, user("boss", { email: "boss@acme.test", role: "proxy_admin" })] }
  }, {
    "always": [{ claims: { uid: "x", email: "ada@acme.test" } }, "allow user=u-1"],
    "always, an admin": [{ claims: { uid: "x", email: "boss@acme.test" } }, "404 user_not_found"],
    "never": [
      { claims: { iss: "https://b.test", uid: "x", email: "ada@acme.test", email_verified: true } },
      "404 user_not_found"
    ]
  })

  it.effect("RULES D6: a row found by address gets the subject linked, so that the next token needs no address", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const first = yield* core.ask({ claims: { uid: "x", email: "ada@acme.test", email_verified: true } })
      assert.deepStrictEqual(first.writes.map((it) => it._tag), ["LinkSubject"])
      const next = yield* core.ask({ claims: { uid: "x" } })
      assert.strictEqual(next.line, "allow user=u-1")
      assert.deepStrictEqual(next.writes, [])
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({ rows: { users: [ada] } }))))

  const service = { uid: "u-1", sub: "u-1", client_id: "u-1", team_id: "red" }
  const rows = { users: [ada], teams: [team("red")] }

  deviates("D37", "a service's own token is nobody's row, and may have a team", "`client_id` as a user", { rows }, {
    "client_id": [{ claims: service }, "allow team=red"],
    "azp": [{ claims: { ...service, client_id: undefined, azp: "u-1" } }, "allow team=red"],
    "without a team": [{ claims: { ...service, team_id: undefined } }, "403 principal_required"],
    "a person's": [{ claims: { ...service, client_id: "cli" } }, "allow user=u-1 team=red"]
  })

  decides("RULES D37: `asUsers` takes services for people; a pattern tells them where the subject does not", {
    issuers: [
      { serviceAccounts: "asUsers" },
      {
        id: "b",
        issuer: "https://b.test",
        serviceAccounts: { as: "apart", match: { preferred_username: "service-account-*" } }
      }
    ],
    sharedIdentities: true,
    rows
  }, {
    "asUsers": [{ claims: service }, "allow user=u-1 team=red"],
    "by pattern": [
      { claims: { ...service, iss: "https://b.test", sub: "uuid", preferred_username: "service-account-ci" } },
      "allow team=red"
    ],
    "pattern misses": [
      { claims: { ...service, iss: "https://b.test", sub: "uuid", preferred_username: "ada" } },
      "allow user=u-1 team=red"
    ]
  })

  decides("RULES D37: without a pattern to match, nobody else is a service", {
    issuer: { serviceAccounts: { as: "apart", match: {} } },
    rows
  }, {
    "a person's": [{ claims: { ...service, client_id: "cli" } }, "allow user=u-1 team=red"],
    "a service's": [{ claims: service }, "allow team=red"]
  })

  deviates("D48", "no claim name is reserved", "private claims of a token are trusted unless stripped", {
    rows: { users: [ada, user("boss", { role: "proxy_admin" })], teams: [team("red")] }
  }, {
    "private claims": [{
      claims: { uid: "u-1", _litellm_user_id: "boss", _litellm_team_id: "red", _litellm_user_role: "proxy_admin" }
    }, "allow user=u-1"]
  })
})

describe("the credential", () => {
  deviates("D9", "what looks like a JWT stays one, and an opaque token is nobody's", "retries it elsewhere", {
    rows: { users: [ada] }
  }, {
    "two dots, no JWT": [{ token: "a.b.c" }, "401 invalid_token"],
    "opaque": [{ token: "opaque-token" }, "401 invalid_token"]
  })

  deviates("D44", "`Authorization: Bearer` alone carries it", "six headers and `?key=`", { rows: { users: [ada] } }, {
    "another header": [{ token: null, headers: { "x-api-key": "a.b.c" } }, "401 token_missing"],
    "none": [{ token: null }, "401 token_missing"],
    "two": [{ token: null, headers: { authorization: ["Bearer a.b.c", "Bearer a.b.c"] } }, "400 credential_conflict"],
    "another scheme": [{ token: null, headers: { authorization: "Basic YTpi" } }, "401 token_missing"]
  })

  deviates("D45", "a virtual key is no credential", "looks it up", {}, {
    "sk-": [{ token: "sk-1234" }, "401 invalid_token"]
  })

  deviates("D46", "no route is open unless listed; `*` at a segment boundary", "a built-in list of public routes", {
    policy: { openRoutes: ["/health", "/docs/*"] }
  }, {
    "listed": [{ token: null, path: "/health" }, "allow"],
    "below": [{ token: null, path: "/docs/a/b" }, "allow"],
    "beside": [{ token: null, path: "/docsearch" }, "401 token_missing"],
    "not listed": [{ token: null, path: "/routes" }, "401 token_missing"],
    "a bad token is not looked at there": [{ token: "a.b.c", path: "/health" }, "allow"]
  })
})

describe("what is not there", () => {
  it.effect("RULES D8: a signature of another payload is refused (the reference: the same)", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const [header, , signature] = (yield* core.token({ uid: "u-1" })).split(".")
      const [, payload] = (yield* core.token({ uid: "u-1", team_id: "red" })).split(".")
      assert.strictEqual((yield* core.ask({ token: `${header}.${payload}.${signature}` })).line, "401 invalid_token")
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({ rows: { users: [ada] } }))))

  deviates("D8", "`sub`, when it is used, is text that says something", "null and empty pass as nobody", {
    issuer: { claims: { user: "sub" } },
    rows: { users: [ada], teams: [team("red")] }
  }, {
    "good": [{ claims: { sub: "u-1" } }, "allow user=u-1"],
    "missing": [{ claims: {} }, "401 invalid_token"],
    "empty": [{ claims: { sub: "" } }, "401 invalid_token"],
    "null": [{ claims: { sub: null } }, "401 invalid_token"],
    "a number": [{ claims: { sub: 7 } }, "401 invalid_token"],
    "a control character": [{ claims: { sub: "u-1\u0000" } }, "401 invalid_token"],
    "half a character": [{ claims: { sub: "u-1\ud800" } }, "401 invalid_token"]
  })

  deviates("D43", "a directory that does not answer is never an identity", "lets an unverified token in on request", {
    directory: { users: { unknown: "allow", create: true } },
    rows: { users: [ada] },
    failing: ["users"]
  }, { "users": [{ claims: { uid: "u-1" } }, "503 directory_unavailable"] })
})
