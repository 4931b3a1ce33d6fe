/** Threats E12, E13 and E17 as callers could try them: through every door, over sockets. */
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { dialects } from "../../src/doors/Dialect.ts"
import * as Asking from "../support/Asking.ts"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import * as Doors from "../support/Doors.ts"
import * as Raw from "../support/Raw.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

/** The raw request by which each door is asked about `GET /v1/files` with these header lines. */
const questions: Readonly<Record<string, (headers: ReadonlyArray<string>) => string>> = {
  proxy: (headers) => Raw.request("GET /v1/files HTTP/1.1", [...headers, "Connection: close"]),
  ...Object.fromEntries(dialects.map((dialect) => [
    dialect,
    (headers: ReadonlyArray<string>) => {
      const [line, told] = Asking.lines(dialect, "GET", "/v1/files")
      return Raw.request(line, [...told, ...headers, "Connection: close"])
    }
  ]))
}

/** What differs between any two answers: the ids and the time. */
const constant = (answer: string): string =>
  answer.replace(/d_[0-9A-Z]{26}/g, "d_").replace(/^(?:date|x-request-id): .*\r\n/gim, "")

const bearer = (token: string) => [`Authorization: Bearer ${token}`]

const unsigned = (header: unknown, payload: unknown) => `${Issuer.part(header)}.${Issuer.part(payload)}.AAAA`

const median = (all: ReadonlyArray<number>) => all.toSorted((left, right) => left - right)[all.length >> 1] ?? Infinity

const sqlText = [`' OR 1=1--`, "%", "_", `u-1'; DROP TABLE users;--`, `alice' --`, `a%`, `\\' OR ''='`]

/** A directory in SQLite with alice and red in it. */
const database = Effect.fnUntraced(function*() {
  const world = yield* DirectoryWorld.make({
    issuer: { claims: { user: "sub", teams: "groups", organization: "org", endUser: "customer" } }
  })
  yield* world.client.post("/admin/v1/teams", { id: "red", models: ["gpt-4o"] })
  yield* world.client.post("/admin/v1/users", { id: "alice" })
  return world
})

describe("threats through the doors", () => {
  for (const [door, question] of Object.entries(questions)) {
    it.live(`threat E12: ${door} answers every bad token with the same bytes, ids apart`, () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        const good = yield* world.token("alice", { groups: ["red"] })
        const [head = "", payload = "", signature = ""] = good.split(".")
        const causes = {
          "no token at all": "x",
          "no signature": `${head}.${payload}.`,
          "another signature": `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
          "another payload": `${head}.${Issuer.part({ sub: "root", exp: 9e9 })}.${signature}`,
          "alg none": unsigned({ alg: "none" }, { sub: "root" }),
          "an unknown issuer": yield* world.token("alice", { iss: "https://else.test" }),
          "another audience": yield* world.token("alice", { aud: "else" }),
          "not valid yet": yield* world.token("alice", { nbf: 4e9 }),
          "a confirmation": yield* world.token("alice", { cnf: { jkt: "x" } }),
          "no subject": yield* world.token("alice", { sub: 1 }),
          "a header that is no JSON": `AAAA.${payload}.${signature}`,
          "five parts": `${good}.a.b`,
          "over, and forged": `${head}.${Issuer.part({ ...Issuer.claimsOf("x", 0), exp: 1 })}.${signature}`
        }
        const answers = yield* Effect.forEach(
          Object.entries(causes),
          ([cause, token]) =>
            Effect.map(
              Raw.send(world.server.gate.port, question(bearer(token))),
              (it) => [cause, constant(it)] as const
            )
        )
        const [[, expected = ""] = []] = answers
        assert.deepStrictEqual(Raw.statuses(expected), [401])
        for (const [cause, answer] of answers) assert.strictEqual(answer, expected, cause)
      }))

    it.live(`threat E17: ${door} refuses hostile tokens by their length, at once`, () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        const hostile = {
          "60 kB of dots": ".".repeat(60_000),
          "nested lists in the header": `${Issuer.part("[".repeat(20_000))}.e30.AAAA`,
          "a payload of 40 kB": unsigned({ alg: "ES256" }, { filler: "x".repeat(40_000) }),
          "15 kB of dots": ".".repeat(15_000),
          "15 kB of nested lists": `${Issuer.part("[".repeat(10_000))}.e30.AAAA`
        }
        for (const [title, token] of Object.entries(hostile)) {
          const millis: Array<number> = []
          for (let round = 0; round < 5; round++) {
            const start = performance.now()
            const answer = yield* Raw.send(world.server.gate.port, question(bearer(token)))
            millis.push(performance.now() - start)
            assert.deepStrictEqual(Raw.statuses(answer), [401], title)
          }
          // A millisecond is wanted of the judgement; this is a whole connection, on a busy machine.
          assert.isBelow(median(millis), 1_000, title)
        }
        const huge = yield* Raw.send(world.server.gate.port, question(bearer(".".repeat(2 ** 20))))
        assert.deepStrictEqual(Raw.statuses(huge), [431])
        assert.strictEqual((yield* Raw.send(world.server.gate.port, question([]))).startsWith("HTTP/1.1 401"), true)
      }))
  }

  it.live(
    "threat E12: unknown kid, bad signature and expired do not differ by 5 ms, whatever else the machine does",
    () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        const good = yield* world.token("alice", { groups: ["red"] })
        const [, payload = "", signature = ""] = good.split(".")
        const causes = [
          `${Issuer.part({ alg: "ES256", kid: "unknown", typ: "JWT" })}.${payload}.${signature}`,
          `${good.slice(0, -4)}AAAA`,
          yield* world.token("alice", { iat: 1, exp: 2 })
        ]
        const times = causes.map((): Array<number> => [])
        for (let round = 0; round < 40; round++) {
          for (const [at, token] of causes.entries()) {
            const start = performance.now()
            yield* Raw.send(world.server.gate.port, questions["proxy"]?.(bearer(token)) ?? "")
            if (round >= 10) times[at]?.push(performance.now() - start)
          }
        }
        // The quickest of thirty, as somebody who wants to tell them apart would take it.
        const quickest = times.map((it) => Math.min(...it))
        assert.isBelow(Math.max(...quickest) - Math.min(...quickest), 5)
      })
  )

  it.live("threat E17: /decide refuses 4 MB of dots as any door does", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const verdict = yield* Doors.decide(world.admin)({
        method: "GET",
        path: "/v1/files",
        headers: { authorization: `Bearer ${".".repeat(4_000_000)}` }
      })
      assert.deepStrictEqual(verdict, { status: 401, code: "invalid_token" })
    }))

  it.live(
    "threat E13: SQL in token, subject, organization, header and path finds nobody and changes nothing",
    () =>
      Effect.gen(function*() {
        const world = yield* database()
        const good = yield* world.token("alice", { groups: ["red"] })
        for (const text of sqlText) {
          const path = encodeURIComponent(text)
          const tried: ReadonlyArray<readonly [string, string, Readonly<Record<string, string>>]> = [
            ["the token", "/v1/files", { authorization: `Bearer ${text}` }],
            ["the subject", "/v1/files", { authorization: `Bearer ${yield* world.token(text)}` }],
            ["the team", "/v1/files", { authorization: `Bearer ${yield* world.token("bob", { groups: [text] })}` }],
            ["the organization", "/v1/files", {
              authorization: `Bearer ${yield* world.token("alice", { org: text })}`
            }],
            ["the team header", "/v1/files", { authorization: `Bearer ${good}`, "x-team-id": text }],
            ["the model in the path", `/v1/models/${path}`, { authorization: `Bearer ${good}` }]
          ]
          for (const [title, where, headers] of tried) {
            const verdicts = [
              yield* Doors.http(world.gate)({ method: "GET", path: where, headers }),
              yield* Doors.asking(world.server.gate.port, "caddy", false)({ method: "GET", path: where, headers }),
              yield* Doors.decide(world.admin, DirectoryWorld.adminToken)({ method: "GET", path: where, headers })
            ]
            for (const { status } of verdicts) assert.include([400, 401, 403, 404], status, `${title}: ${text}`)
            assert.strictEqual(new Set(verdicts.map((it) => JSON.stringify(it))).size, 1, `${title}: ${text}`)
          }
        }
        const forged = { alg: "ES256", kid: sqlText[3], typ: "JWT" }
        const kid = yield* Doors.http(world.gate)({
          method: "GET",
          path: "/v1/files",
          headers: {
            authorization: `Bearer ${unsigned(forged, Issuer.claimsOf(world.settings.issuers[0]?.issuer ?? "", 0))}`
          }
        })
        assert.deepStrictEqual(kid, { status: 401, code: "invalid_token" })
        assert.strictEqual(world.upstream.requests.length, 0)
        assert.deepStrictEqual(
          (yield* world.client.get("/admin/v1/users")).body.items.map((it: { id: string }) => it.id),
          [
            "alice"
          ]
        )
        assert.deepStrictEqual(
          yield* Doors.http(world.gate)({
            method: "GET",
            path: "/v1/files",
            headers: { authorization: `Bearer ${good}` }
          }),
          { status: 200, code: null }
        )
      })
  )
})
