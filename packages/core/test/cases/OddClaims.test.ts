/** Claims that no honest provider sends: an answer each time, never a crash, and bounded work. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { part } from "../../src/testing/Issuer.ts"

const { team, user } = CoreTest
const rows = { users: [user("u-1")], teams: [team("t-9999"), team("red")] }
const names = [
  "uid",
  "email",
  "email_verified",
  "groups",
  "team_id",
  "team_name",
  "org_id",
  "org_name",
  "customer",
  "oid",
  "roles",
  "user_roles",
  "scope",
  "sub",
  "azp",
  "client_id",
  "_claim_names",
  "hasgroups",
  "cnf"
] as const

const Odd = Schema.Literals([
  "null",
  "true",
  "0",
  "-1.5e300",
  "\"\"",
  "\"\\u0000\"",
  "\"\\ud800\"",
  "\"__proto__\"",
  "[]",
  "[null]",
  "[[]]",
  "[{}]",
  "[\"red\", 7, null, {}]",
  "{}",
  "{\"groups\":null}",
  "{\"toString\":1}",
  "{\"length\":3}"
])

describe("odd claims", () => {
  it.effect.prop(
    "are answered: allowed, or a denial of the table",
    {
      claims: Arbitrary.schema(Schema.Array(Schema.Tuple([Schema.Literals(names), Odd])).check(Schema.isMaxLength(4)))
    },
    ({ claims }) =>
      Effect.gen(function*() {
        const odd = Object.fromEntries(claims.map(([name, text]) => [name, JSON.parse(text)]))
        const verdict = yield* CoreTest.ask({ directory: { users: { unknown: "allow" } }, rows }, {
          claims: { uid: "u-1", ...odd },
          model: "gpt-4o"
        })
        assert.include([200, 401, 403, 404], verdict.status)
      }),
    { arbitrary: { runs: 300, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
  )

  it.effect("names of the language's own objects are names like any other, everywhere", () =>
    Effect.gen(function*() {
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
        const verdict = yield* CoreTest.ask({ rows }, {
          claims: { uid: name, groups: [name], roles: [name], scope: name, org_id: name },
          model: name,
          headers: { "x-team-id": name }
        })
        assert.strictEqual(verdict.line, "404 team_not_found", name)
        const person = yield* CoreTest.ask({ rows }, { claims: { uid: name, roles: [name], scope: name }, model: name })
        assert.strictEqual(person.line, "404 user_not_found", name)
      }
    }))

  it.effect("5 000 levels of nesting are refused by the parser of the token", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const payload = `${"[".repeat(5_000)}${"]".repeat(5_000)}`
      const [header] = (yield* core.token()).split(".")
      const text = part(`{"iss":"https://idp.test","aud":"gate","groups":${payload}}`)
      const verdict = yield* core.ask({ token: `${header}.${text}.AAAA` })
      assert.strictEqual(verdict.line, "401 invalid_token")
      const last = verdict.steps.at(-1)
      assert.deepInclude(last, { step: "token", outcome: "denied" })
      assert.notDeepNestedInclude(last, { "facts.reason": "signature" }, "refused before the signature is looked at")
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({ rows }))))

  it.effect("a token that is too long is refused whatever it says", () =>
    Effect.gen(function*() {
      const groups = Array.from({ length: 10_000 }, (_, i) => `t-${i}`)
      const verdict = yield* CoreTest.ask({ rows }, { claims: { uid: "u-1", groups } })
      assert.strictEqual(verdict.line, "401 invalid_token")
      assert.deepNestedInclude(verdict.steps.at(-1), { "facts.reason": "too_long" })
    }))

  it.effect("many groups are one query, in the claim's order, and the trace counts them", () =>
    Effect.gen(function*() {
      const groups = [...Array.from({ length: 600 }, (_, i) => `x-${i}`), "red"]
      const verdict = yield* CoreTest.ask({ rows }, { claims: { uid: "u-1", groups } })
      assert.strictEqual(verdict.line, "allow user=u-1 team=red")
      const facts = verdict.steps.find((it) => it.step === "claims")?.facts
      assert.strictEqual(facts?.["teamsCount"], 601)
      assert.deepStrictEqual(facts?.["teams"], ["groups", ...groups.slice(0, 20)])
      const candidates = verdict.steps.find((it) => it.step === "team")?.facts["candidates"]
      assert.isAtMost(Array.isArray(candidates) ? candidates.length : Infinity, 50)
    }))

  it.effect("10 000 groups of a token that may be long are bounded, and the trace says so", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { rows, options: { maxTokenLength: 400_000 } }
      const ask = (groups: ReadonlyArray<string>) => CoreTest.ask(world, { claims: { uid: "u-1", groups } })
      const many = Array.from({ length: 10_000 }, (_, i) => `x-${i}`)
      const first = yield* ask(["red", ...many])
      assert.strictEqual(first.line, "allow user=u-1 team=red")
      const notes = JSON.stringify(first.steps.find((it) => it.step === "claims")?.facts["notes"])
      assert.match(notes, /groups has 10001 entries, \d+ were read/)
      // What is beyond the bound names no team: never an allow with fewer groups than the token has.
      assert.strictEqual((yield* ask([...many, "red"])).line, "404 team_not_found")
    }))

  it.effect("5 000 levels of nesting are refused in a token that may be long, whatever claim holds them", () =>
    Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const [header, , signature] = (yield* core.token()).split(".")
      const deep = [
        `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
        `${"{\"a\":".repeat(5_000)}1${"}".repeat(5_000)}`,
        `${"[{\"a\":".repeat(2_500)}1${"}]".repeat(2_500)}`
      ]
      for (const value of deep) {
        for (const name of ["groups", "roles", "uid", "unread"]) {
          const text = `{"iss":"https://idp.test","aud":"gate","uid2":"u-1","${name}":${value}}`
          const token = `${header}.${part(text)}.${signature}`
          const { line, steps } = yield* core.ask({ token })
          assert.strictEqual(line, "401 invalid_token", name)
          assert.deepStrictEqual(steps.at(-1)?.facts, { reason: "malformed", part: "payload", cause: "depth" }, name)
        }
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer({ rows, options: { maxTokenLength: 400_000 } }))))

  it.effect("a path that indexes a list is told in the trace, for it can never match", () =>
    Effect.gen(function*() {
      const claims = { ...CoreTest.mapping, team: "roles.0", teams: "roles[0]" }
      const { steps } = yield* CoreTest.ask({ issuer: { claims }, rows }, { claims: { uid: "u-1", roles: ["red"] } })
      assert.deepStrictEqual(steps.find((it) => it.step === "claims")?.facts["notes"], [
        "claims.team reads roles.0: lists are not indexed, name the list itself",
        "claims.teams reads roles[0]: lists are not indexed, name the list itself"
      ])
    }))
})
