import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import * as Raw from "../support/Raw.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const call = (url: string, init?: RequestInit) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  })

const post = (url: string, body: unknown, token?: string) =>
  call(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
    },
    body: JSON.stringify(body)
  })

const question = (token: string, more: object = {}) => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: { authorization: `Bearer ${token}` },
  body: { model: "gpt-4o" },
  ...more
})

describe("/decide", () => {
  it.live("answers 200 with the decision JSON, whatever the verdict", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const allowed = yield* post(`${world.admin}/decide`, question(token))
      assert.strictEqual(allowed.status, 200, allowed.text)
      const decision = JSON.parse(allowed.text)
      assert.deepStrictEqual({ ...decision, decision: "" }, {
        decision: "",
        allowed: true,
        status: 200,
        code: null,
        admin: false,
        issuer: "idp",
        user: { id: "alice", email: "alice@acme.test", role: "internal_user" },
        team: { id: "red", alias: "Red" },
        organization: null,
        endUser: null,
        models: ["gpt-4o*"],
        model: "gpt-4o",
        route: "/v1/chat/completions",
        writes: []
      })
      const denied = JSON.parse(
        (yield* post(`${world.admin}/decide`, question(token, { body: `{"model":"o1"}` }))).text
      )
      assert.strictEqual(denied.allowed, false)
      assert.strictEqual(denied.code, "team_model_denied")
      assert.strictEqual(denied.status, 403)
      assert.isUndefined(denied.steps)
    }))

  const verdicts: ReadonlyArray<readonly [string, object, number, string]> = [
    ["no token", { headers: {} }, 401, "token_missing"],
    ["a bad token", { headers: { authorization: "Bearer x.y.z" } }, 401, "invalid_token"],
    ["two tokens", { headers: { authorization: ["Bearer a", "Bearer b"] } }, 400, "credential_conflict"],
    ["an ambiguous path", { path: "/v1/../admin" }, 400, "request_ambiguous"],
    ["a body that is no JSON", { body: "hello" }, 400, "body_invalid"]
  ]
  for (const [title, more, status, code] of verdicts) {
    it.live(`${title} is a verdict: ${status} ${code}`, () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        const answer = yield* post(`${world.admin}/decide`, { ...question("x"), ...more, trace: true })
        assert.strictEqual(answer.status, 200, answer.text)
        const decision = JSON.parse(answer.text)
        assert.strictEqual(decision.status, status)
        assert.strictEqual(decision.code, code)
        assert.isArray(decision.steps)
      }))
  }

  for (
    const malformed of [{}, { method: "POST" }, { ...question("x"), path: "v1" }, { ...question("x"), headers: 5 }, []]
  ) {
    it.live(`a malformed question is 400: ${JSON.stringify(malformed)}`, () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        assert.strictEqual((yield* post(`${world.admin}/decide`, malformed)).status, 400)
      }))
  }

  it.live("a batch is answered in order", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* post(`${world.admin}/decide/batch`, [
        question(token),
        question(token, { body: { model: "o1" } }),
        question("bad")
      ])
      const codes = JSON.parse(answer.text).map((it: { readonly code: string | null }) => it.code)
      assert.deepStrictEqual(codes, [null, "team_model_denied", "invalid_token"])
    }))

  it.live("a past decision is found by its id, by an admin", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, { ADMIN: "the-admin-token" })
      const denied = yield* call(`${world.gate}/v1/models`, { headers: { authorization: "Bearer a.b.c" } })
      const { decision } = JSON.parse(denied.text)
      const url = `${world.admin}/admin/v1/decisions/${decision}`
      assert.strictEqual((yield* call(url)).status, 401)
      const headers = { authorization: "Bearer the-admin-token" }
      const found = yield* call(url, { headers })
      assert.strictEqual(found.status, 200, found.text)
      assert.strictEqual(JSON.parse(found.text).code, "invalid_token")
      assert.strictEqual((yield* call(`${world.admin}/admin/v1/decisions/d_x`, { headers })).status, 404)
    }))
})

describe("what is built when it is first asked for", () => {
  it.live("is there for the next when the first goes away, and takes nothing of that request", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, { ADMIN: "the-admin-token" })
      const { port } = world.server.admin
      yield* Effect.callback<void>((resume) => {
        const socket = connect(port, "127.0.0.1", () => {
          const head = ["GET /admin/v1/teams HTTP/1.1", "Host: localhost", "Authorization: Bearer the-admin-token"]
          socket.write(`${head.join("\r\n")}\r\n\r\n`, () => {
            socket.destroy()
            resume(Effect.void)
          })
        })
      })
      const ask = (headers = {}) => Effect.map(call(`${world.admin}/admin/v1/teams`, { headers }), (it) => it.status)
      assert.strictEqual(yield* ask(), 401)
      assert.strictEqual(yield* ask({ authorization: "Bearer the-admin-token" }), 200)
      assert.strictEqual(yield* ask(), 401)
    }))
})

describe("who may use the admin listener", () => {
  it.live("the admin token, or the token of an admin; nobody else once a token is configured", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, { ADMIN: "the-admin-token" })
      const ask = (token?: string) => Effect.map(post(`${world.admin}/decide`, question("x"), token), (it) => it.status)
      assert.strictEqual(yield* ask(), 401)
      assert.strictEqual(yield* ask("wrong"), 401)
      assert.strictEqual(yield* ask("the-admin-token"), 200)
      assert.strictEqual(yield* ask(yield* world.token("alice")), 403)
      assert.strictEqual(yield* ask(yield* world.token("root")), 200)
    }))

  for (const host of ["evil.test", "evil.test:4181", "localhost.evil.test"]) {
    it.live(`threat E08: Host ${host} is refused, on every path but those of health`, () =>
      Effect.gen(function*() {
        const { server } = yield* ServerWorld.make()
        for (const path of ["/", "/decide", "/page/people", "/livezz", "/nothing"]) {
          const answer = yield* Raw.send(server.admin.port, Raw.request(`GET ${path} HTTP/1.1`, [`Host: ${host}`]))
          assert.deepStrictEqual(Raw.statuses(answer), [400], path)
        }
        for (const path of ["/livez", "/livez?x=1", "/metrics"]) {
          const answer = yield* Raw.send(server.admin.port, Raw.request(`GET ${path} HTTP/1.1`, [`Host: ${host}`]))
          assert.deepStrictEqual(Raw.statuses(answer), [200], path)
        }
      }))
  }
  for (const host of ["localhost:1", "127.0.0.1:4181", "[::1]:9"]) {
    it.live(`Host ${host} is one of ours`, () =>
      Effect.gen(function*() {
        const { server } = yield* ServerWorld.make()
        const answer = yield* Raw.send(server.admin.port, Raw.request("GET /livez HTTP/1.1", [`Host: ${host}`]))
        assert.deepStrictEqual(Raw.statuses(answer), [200])
      }))
  }
})

describe("what a balancer or a scraper asks", () => {
  for (const line of ["GET /livez HTTP/1.0", "GET /livez HTTP/1.1", "OPTIONS /livez HTTP/1.0"]) {
    it.live(`${line} without a Host is answered as any other`, () =>
      Effect.gen(function*() {
        const { server } = yield* ServerWorld.make()
        const answer = yield* Raw.send(server.admin.port, `${line}\r\nConnection: close\r\n\r\n`)
        assert.deepStrictEqual(Raw.statuses(answer), [line.startsWith("GET") ? 200 : 404], answer)
      }))
  }

  it.live("the rest of the listener has the names that gateway.hosts adds", () =>
    Effect.gen(function*() {
      const { server } = yield* ServerWorld.make({ gateway: { hosts: ["Gate.internal"] } })
      const ask = (host: string) =>
        Effect.map(
          Raw.send(server.admin.port, Raw.request("GET / HTTP/1.1", [`Host: ${host}`])),
          (answer) => Raw.statuses(answer)[0]
        )
      assert.strictEqual(yield* ask("gate.internal:4181"), 200)
      assert.strictEqual(yield* ask("other.internal"), 400)
    }))
})

describe("a question that cannot be read", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels)
  const asked = (body: string) => `{"method":"POST","path":"/v1/x","headers":{},"body":${body}}`
  for (
    const [title, body] of [
      ["200 000 deep", asked(deep(200_000))],
      ["200 000 objects deep", asked(`${"{\"a\":".repeat(200_000)}1${"}".repeat(200_000)}`)],
      ["deep outside of the body", deep(200_000)],
      ["cut off", asked(deep(100)).slice(0, -1)],
      ["not text", "\u0000"],
      ["empty", ""]
    ] as const
  ) {
    it.live(`is 400: ${title}`, () =>
      Effect.gen(function*() {
        const world = yield* ServerWorld.make()
        const headers = { "content-type": "application/json" }
        for (const path of ["/decide", "/decide/batch"]) {
          const answer = yield* call(`${world.admin}${path}`, { method: "POST", headers, body })
          assert.strictEqual(answer.status, 400, answer.text.slice(0, 200))
        }
      }))
  }

  it.live("but a deep one that can be is a verdict", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const headers = { "content-type": "application/json" }
      const answer = yield* call(`${world.admin}/decide`, { method: "POST", headers, body: asked(deep(200)) })
      assert.strictEqual(answer.status, 200, answer.text)
    }))
})

describe("health", () => {
  it.live("ready tells the issuers one by one, metrics count decisions by code", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      yield* call(`${world.gate}/v1/models`, {
        headers: { authorization: `Bearer ${yield* world.token("alice", { groups: ["red"] })}` }
      })
      yield* call(`${world.gate}/v1/models`)
      assert.strictEqual((yield* call(`${world.admin}/livez`)).status, 200)
      const ready = yield* call(`${world.admin}/readyz`)
      assert.strictEqual(ready.status, 200, ready.text)
      const { issuers } = JSON.parse(ready.text)
      assert.strictEqual(issuers[0].issuer, "idp")
      assert.isNumber(issuers[0].ageSeconds)
      const metrics = (yield* call(`${world.admin}/metrics`)).text
      assert.match(metrics, /jotgate_decisions_total\{[^}]*code="token_missing"[^}]*\} 1/)
      assert.match(metrics, /jotgate_decisions_total\{[^}]*code=""[^}]*\} 1/)
      assert.match(metrics, /jotgate_decision_seconds_bucket/)
    }))

  it.live("the API documents itself", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const openapi = JSON.parse((yield* call(`${world.admin}/openapi.json`)).text)
      assert.isDefined(openapi.paths["/decide"])
      assert.strictEqual((yield* call(`${world.admin}/docs`)).status, 200)
    }))
})

describe("reload", () => {
  it.live("other rules are in force from the next request on; settings that cannot be used change nothing", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const headers = { authorization: `Bearer ${yield* world.token("alice", { groups: ["red"] })}` }
      const status = Effect.map(call(`${world.gate}/v1/files`, { headers }), (it) => it.status)
      assert.strictEqual(yield* status, 200)
      yield* world.reload({ teamRoutes: ["/v1/models"] })
      assert.strictEqual(yield* status, 403)
      assert.strictEqual((yield* Effect.exit(world.reload({ custom: "/nowhere/policy.mjs" })))._tag, "Failure")
      assert.strictEqual(yield* status, 403)
      yield* world.reload({})
      assert.strictEqual(yield* status, 200)
    }))

  it.live("another admin token is the one that manages from then on, the former nobody's", () =>
    Effect.gen(function*() {
      const env: Record<string, string> = { ADMIN: "the-first-token" }
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, env)
      const statuses = Effect.forEach(["the-first-token", "the-second-token"], (token) =>
        Effect.map(
          call(`${world.admin}/admin/v1/teams`, { headers: { authorization: `Bearer ${token}` } }),
          (it) => it.status
        ))
      assert.deepStrictEqual(yield* statuses, [200, 401])
      env["ADMIN"] = "the-second-token"
      yield* world.reload({})
      assert.deepStrictEqual(yield* statuses, [401, 200])
    }))
})
