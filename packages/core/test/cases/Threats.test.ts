/** Threats that only the whole pipeline can answer: who a token stands for, and what was remembered for somebody else. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type * as VerifiedTokens from "../../src/decision/VerifiedTokens.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { organization, team, user } = CoreTest
const A = "https://idp.test"
const B = "https://b.test"
const victim = user("u-1", { email: "u-1@corp.test", role: "internal_user" })

describe("who a token stands for", () => {
  const service = { client_id: "u-1", sub: "u-1" }
  decides("threat B14: a service whose client id is a person's id is not that person", {
    issuer: { claims: { user: "sub", email: "email", team: "team_id" } },
    rows: { users: [victim], teams: [team("t-1")] }
  }, {
    "the person": [{ claims: { client_id: "cli", sub: "u-1" } }, "allow user=u-1"],
    "client_id": [{ claims: service }, "403 principal_required"],
    "azp": [{ claims: { azp: "u-1", sub: "u-1" } }, "403 principal_required"],
    "with the person's address": [
      { claims: { ...service, email: "u-1@corp.test", email_verified: true } },
      "403 principal_required"
    ],
    "with a team of its own": [{ claims: { ...service, team_id: "t-1" } }, "allow team=t-1"]
  })

  it.effect("threat B14: nor does a service carry that person's address on", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        issuer: { claims: { user: "sub", email: "email", team: "team_id" } },
        rows: { users: [victim], teams: [team("t-1")] }
      }
      const claims = { ...service, team_id: "t-1", email: "u-1@corp.test", email_verified: true }
      const { decision } = yield* CoreTest.ask(world, { claims })
      assert.deepInclude(decision?.principal, { teamId: "t-1", userId: undefined, email: undefined })
      const person = yield* CoreTest.ask(world, { claims: { ...claims, client_id: "cli" } })
      assert.strictEqual(person.decision?.principal.email, "u-1@corp.test")
    }))

  const b = (claims: object): CoreTest.Ask => ({ claims: { iss: B, uid: "zz", ...claims } })
  decides("threat B15: nobody becomes another by an address that is not proven to be theirs", {
    issuers: [{}, { id: "b", issuer: B, identities: { namespace: "b" } }],
    rows: { users: [victim, user("boss", { email: "boss@corp.test", role: "proxy_admin" })] }
  }, {
    "said to be unverified": [b({ email: "u-1@corp.test", email_verified: false }), "404 user_not_found"],
    "not said": [b({ email: "u-1@corp.test" }), "404 user_not_found"],
    "another text": [b({ email: "u-1@corp.test", email_verified: "yes" }), "404 user_not_found"],
    "a number": [b({ email: "u-1@corp.test", email_verified: 1 }), "404 user_not_found"],
    "capitals": [b({ email: "U-1@CORP.TEST" }), "404 user_not_found"],
    "two at signs": [b({ email: "evil@x.test@corp.test", email_verified: true }), "404 user_not_found"],
    "in front of the person's": [b({ email: "x,u-1@corp.test", email_verified: true }), "404 user_not_found"],
    "an admin's": [b({ email: "boss@corp.test", email_verified: true }), "404 user_not_found"],
    "the person's id at another issuer": [b({ uid: "u-1" }), "404 user_not_found"],
    "the address as an id": [b({ uid: "u-1@corp.test" }), "404 user_not_found"]
  })

  decides("threat B16: what a token says of rights, teams and organizations counts only where rows bear it out", {
    rows: {
      users: [victim],
      teams: [team("t-1", { organization: "o-1" })],
      organizations: [organization("o-1"), organization("o-2")]
    }
  }, {
    "roles": [{ claims: { uid: "u-1", roles: ["admin", "proxy_admin"] } }, "allow user=u-1"],
    "an admin's route": [
      { claims: { uid: "u-1", roles: ["proxy_admin"], scope: "admin" }, path: "/key/generate" },
      "403 user_route_denied"
    ],
    "a team that is not there": [{ claims: { uid: "u-1", team_id: "t-9" } }, "404 team_not_found"],
    "a group that is not there": [{ claims: { uid: "u-1", groups: ["admins"] } }, "404 team_not_found"],
    "an organization that is not there": [{ claims: { uid: "u-1", org_id: "o-9" } }, "404 organization_not_found"],
    "a team of another organization": [
      { claims: { uid: "u-1", org_id: "o-2", team_id: "t-1" } },
      "403 organization_mismatch"
    ],
    "all at once": [
      { claims: { uid: "u-1", roles: ["admin"], org_id: "o-2", team_id: "t-9", groups: ["admins"] } },
      "404 team_not_found"
    ]
  })
})

describe("patterns of the settings over claims", () => {
  it("threat B17: a pattern that is not linear is refused with the settings", () => {
    for (const match of ["^(a+)+\\1$", "^(?=.*admin).*$", "(a*)*$", "(?<!x)llm-(.+)"]) {
      const settings = Result.try(() =>
        CoreTest.settingsOf({ issuer: { claims: { teams: { from: "groups", match } } } })
      )
      assert.isTrue(Result.isFailure(settings), match)
    }
  })

  it.effect("threat B17: a claim as long as a token can be costs no time, and ten tokens get ten equal answers", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const token = yield* core.token({ uid: "u-1", groups: [`${"a".repeat(11_000)}!`, "aaa"] })
      const lines = new Set<string>()
      for (let round = 0; round < 10; round++) lines.add((yield* core.dryly({ token })).line)
      assert.deepStrictEqual([...lines], ["allow user=u-1 team=aaa"])
      assert.strictEqual((yield* core.ask({ claims: { uid: "u-1", groups: ["aaxa"] } })).line, "404 team_not_found")
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({
      issuer: { claims: { user: "uid", teams: { from: "groups", match: "^(a|aa)+$" } } },
      rows: { users: [victim], teams: [team("aaa")] }
    }))))
})

describe("what was remembered for another question", () => {
  it.effect("threat D02: a token answers to its own scopes and its own issuer, whatever was asked before it", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const files = yield* core.token({ uid: "u-1", scope: "files" })
      const chat = yield* core.token({ uid: "u-1", scope: "chat" })
      const asked = {
        files: { token: files, path: "/v1/files" },
        "files as chat": { token: files, path: "/v1/chat/completions" },
        chat: { token: chat, path: "/v1/chat/completions" },
        "chat as files": { token: chat, path: "/v1/files" }
      }
      const expected = {
        files: "allow user=u-1",
        "files as chat": "403 scope_route_denied",
        chat: "allow user=u-1",
        "chat as files": "403 scope_route_denied"
      }
      for (const names of [Object.keys(asked), Object.keys(asked).toReversed(), Object.keys(asked)]) {
        for (const name of names as ReadonlyArray<keyof typeof asked>) {
          assert.strictEqual((yield* core.quietly(asked[name])).line, expected[name], name)
        }
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({
      policy: {
        requireScope: true,
        scopes: [{ scope: "files", routes: ["/v1/files"] }, { scope: "chat", routes: ["/v1/chat/completions"] }]
      },
      rows: { users: [victim] }
    }))))

  it.effect("threat D03: two people with one subject at two issuers stay two, whoever comes first", () =>
    Effect.gen(function*() {
      for (const order of [[A, B, A, B], [B, A, B, A]] as const) {
        yield* Effect.gen(function*() {
          const core = yield* CoreTest.CoreTest
          const tokens = { [A]: yield* core.token({ uid: "same" }), [B]: yield* core.token({ iss: B, uid: "same" }) }
          for (const iss of order) {
            const line = (yield* core.quietly({ token: tokens[iss], model: "gpt-4o" })).line
            assert.strictEqual(line, iss === A ? "allow user=ada" : "403 user_model_denied")
          }
        }).pipe(Effect.provide(CoreTest.CoreTest.layer({
          issuers: [{ identities: { namespace: "a" } }, { id: "b", issuer: B, identities: { namespace: "b" } }],
          rows: {
            users: [
              user("ada", { subjects: [{ namespace: "a", subject: "same" }] }),
              user("bob", { subjects: [{ namespace: "b", subject: "same" }], models: ["o1"] })
            ]
          }
        })))
      }
    }))

  it("threat D03: nobody can say what the memory of tokens goes by", () => {
    expectTypeOf<Parameters<typeof VerifiedTokens.make>[1]>().toEqualTypeOf<number>()
    expectTypeOf<keyof VerifiedTokens.Sources>().toEqualTypeOf<
      "signature" | "token" | "extractor" | "keys" | "revocation" | "policy"
    >()
  })
})
