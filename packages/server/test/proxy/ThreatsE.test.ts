import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const json = (body: string) => ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`]
const small = `{"model":"gpt-4o"}`

/** A world, a good token of alice in red, and a way to send raw text. */
const setting = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  const token = yield* world.token("alice", { groups: ["red"] })
  const send = (line: string, headers: ReadonlyArray<string> = [], body = "") =>
    Raw.send(world.port, Raw.request(line, headers, body))
  return { world, token, bearer: `Authorization: Bearer ${token}`, send }
})

describe("the gate", () => {
  it.live("threat E01, E02: the caller's identity headers never arrive, however they are spelt", () =>
    Effect.gen(function*() {
      const { bearer, send, world } = yield* setting()
      const forged = [
        "X-Jotgate-User: root",
        "X-Jotgate-Admin: true",
        "X_Jotgate_Admin: true",
        "x-jotgate_admin: true",
        "X--Jotgate--End-User: evil",
        "X-Jotgate-Anything: evil",
        "X-Jotgate-Organization: evil"
      ]
      const answer = yield* send("POST /v1/chat/completions HTTP/1.1", [bearer, ...forged, ...json(small)], small)
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      const ours = Object.fromEntries(
        Object.entries(world.upstream.last().headers).filter(([name]) => /jotgate/i.test(name))
      )
      assert.deepStrictEqual(Object.keys(ours).toSorted(), [
        "x-jotgate-decision",
        "x-jotgate-email",
        "x-jotgate-team",
        "x-jotgate-user"
      ])
      assert.strictEqual(ours["x-jotgate-user"], "alice")
    }))

  it.live("threat E03: Connection takes away the caller's headers, never ours", () =>
    Effect.gen(function*() {
      const { bearer, send, world } = yield* setting()
      const hop = "Connection: close, X-Jotgate-User, x-secret, Authorization, Content-Type, te"
      yield* send(
        "POST /v1/chat/completions HTTP/1.1",
        [bearer, hop, "X-Secret: 1", "X-Other: 2", ...json(small)],
        small
      )
      const { headers } = world.upstream.last()
      assert.strictEqual(headers["x-jotgate-user"], "alice")
      assert.isUndefined(headers["x-secret"])
      assert.strictEqual(headers["x-other"], "2")
      assert.strictEqual(headers["content-type"], "application/json")
    }))

  const twice: ReadonlyArray<readonly [string, (token: string) => ReadonlyArray<string>]> = [
    ["Authorization, good first", (it) => [`Authorization: Bearer ${it}`, "Authorization: Bearer bad"]],
    ["Authorization, bad first", (it) => ["Authorization: Bearer bad", `Authorization: Bearer ${it}`]],
    ["Authorization in one line", (it) => [`Authorization: Bearer ${it}, Bearer bad`]],
    ["Host", (it) => [`Authorization: Bearer ${it}`, "Host: gate.test", "Host: other.test"]],
    [
      "Content-Type",
      (it) => [`Authorization: Bearer ${it}`, "Content-Type: text/plain", "Content-Type: application/json"]
    ],
    ["Content-Encoding", (it) => [`Authorization: Bearer ${it}`, "Content-Encoding: gzip", "Content-Encoding: br"]]
  ]
  for (const [title, headers] of twice) {
    it.live(`threat E04: two values of ${title} are refused`, () =>
      Effect.gen(function*() {
        const { send, token, world } = yield* setting()
        const answer = yield* send("GET /v1/models HTTP/1.1", headers(token))
        assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }

  it.live("threat E05: headers that rewrite method, path or address are dropped", () =>
    Effect.gen(function*() {
      const { bearer, send, world } = yield* setting({ doors: { trustedProxies: [] } })
      const forged = [
        "X-Forwarded-Uri: /public",
        "X-Forwarded-Method: GET",
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Prefix: /x",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-Envoy-Original-Path: /admin",
        "X-HTTP-Method-Override: DELETE",
        "X-Method-Override: DELETE",
        "Forwarded: for=6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        // LiteLLM sends these on under what stands behind `X-Pass-`.
        "X-Pass-X-Http-Method-Override: DELETE",
        "X_Pass_X-Pass-X-Original-URL: /admin",
        "X-Pass-X-Jotgate-User: evil",
        "X-Pass-Content-Type: multipart/form-data",
        "X-Pass-Content-Encoding: gzip",
        "X-Pass-Authorization: Bearer evil"
      ]
      yield* send("GET /v1/models HTTP/1.1", [bearer, ...forged])
      const { headers } = world.upstream.last()
      assert.strictEqual(headers["x-forwarded-for"], "127.0.0.1")
      assert.strictEqual(headers["x-forwarded-host"], "gate.test")
      assert.strictEqual(headers["x-forwarded-proto"], "http")
      for (const name of forged) {
        const lower = name.split(":")[0]?.toLowerCase() ?? ""
        if (!/^x-forwarded-(?:for|host|proto)$/.test(lower)) assert.isUndefined(headers[lower], lower)
      }
      yield* send("GET /v1/models HTTP/1.1", [bearer, "X-Pass-Anthropic-Beta: tools"])
      assert.strictEqual(world.upstream.last().headers["x-pass-anthropic-beta"], "tools")
    }))

  const ambiguous = [
    "/public/../admin",
    "/public/%2e%2e/admin",
    "/public%2f..%2fadmin",
    "/public/..;/admin",
    "/admin;x=1",
    "//admin",
    "/./admin",
    "/admin%00",
    "/public%252f..%252fadmin",
    "/public#/../admin",
    "/admin%",
    "/%61dmin",
    "/admin\\x",
    "/v1//models",
    "//169.254.169.254/latest",
    "http://169.254.169.254/",
    "//canary:9/x",
    "*"
  ]
  for (const target of ambiguous) {
    it.live(`threat E06, E07: ${target} is refused`, () =>
      Effect.gen(function*() {
        const { bearer, send, world } = yield* setting()
        const answer = yield* send(`GET ${target} HTTP/1.1`, [bearer])
        assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }

  for (const target of ["/v1/MODELS", "/v1/x/", "/v1/x?a=/../b", "/v1/x?a=%2e%2e%2f"]) {
    it.live(`threat E06: ${target} arrives byte for byte`, () =>
      Effect.gen(function*() {
        const { bearer, send, world } = yield* setting({ policy: { teamRoutes: ["/v1/*"] } })
        const answer = yield* send(`GET ${target} HTTP/1.1`, [bearer])
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        assert.strictEqual(world.upstream.last().url, target)
      }))
  }

  for (const host of ["api.test/#@x", "api.test:1@x", "", "a b", "api.test:99999999", "[::1"]) {
    it.live(`threat E08: Host "${host}" is refused`, () =>
      Effect.gen(function*() {
        const { bearer, send, world } = yield* setting()
        const answer = yield* send("GET /v1/models HTTP/1.1", [bearer, `Host: ${host}`])
        assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }

  for (const target of ["/admin?x=/public", "/publicity", "/x/public"]) {
    it.live(`threat E09: an open route does not open ${target}`, () =>
      Effect.gen(function*() {
        const { send, world } = yield* setting({ policy: { openRoutes: ["/public"] } })
        assert.deepStrictEqual(Raw.statuses(yield* send("GET /public HTTP/1.1", ["Connection: close"])), [200])
        const answer = yield* send(`GET ${target} HTTP/1.1`, ["User-Agent: ELB-HealthChecker/2.0"])
        assert.deepStrictEqual(Raw.statuses(answer), [401], answer)
        assert.strictEqual(world.upstream.requests.length, 1)
      }))
  }

  const smuggling: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
    ["Content-Length and Transfer-Encoding", ["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ["two lengths", ["Content-Length: 4", "Content-Length: 5"], "abcde"],
    ["two lengths in one line", ["Content-Length: 4, 4"], "abcd"],
    ["a signed length", ["Content-Length: +4"], "abcd"],
    ["xchunked", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"],
    ["chunked, identity", ["Transfer-Encoding: chunked, identity"], "0\r\n\r\n"],
    ["gzip, chunked", ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"],
    ["chunked twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ["a space before the colon", ["Content-Length : 4"], "abcd"],
    ["a folded header", ["X-A: 1\r\n Content-Length: 4"], "abcd"],
    ["a bare line feed", ["X-A: 1\nContent-Length: 4"], "abcd"],
    ["a chunk size that is too clever", ["Transfer-Encoding: chunked"], "0x4\r\nabcd\r\n0\r\n\r\n"]
  ]
  for (const [title, headers, body] of smuggling) {
    it.live(`threat E10: ${title} is 400, and the connection ends`, () =>
      Effect.gen(function*() {
        const { bearer, send, world } = yield* setting()
        const next = Raw.request("GET /v1/smuggled HTTP/1.1", [bearer])
        const answer = yield* send("POST /v1/chat/completions HTTP/1.1", [bearer, ...headers], body + next)
        assert.deepStrictEqual(Raw.statuses(answer), [400], answer)
        assert.match(answer, /^connection: close\r?$/im)
        assert.strictEqual(world.upstream.requests.length, 0)
      }))
  }

  it.live("threat E11: no credential crosses the gate in either direction", () =>
    Effect.gen(function*() {
      const { bearer, send, token, world } = yield* setting({
        upstream: { authorization: { default: "env:KEY" } },
        env: { KEY: "sk-upstream-secret" }
      })
      world.upstream.answer = (_, response) => {
        response.writeHead(
          302,
          [
            ["location", "http://canary.test/?key=sk-upstream-secret"],
            ["www-authenticate", `Bearer realm="upstream"`],
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
            ["x-jotgate-user", "evil"],
            ["x_jotgate_team", "evil"],
            ["x-echo", "Bearer sk-upstream-secret"],
            ["x-kept", "1"]
          ].flat()
        )
        response.end()
      }
      const carriers = [
        "X-Api-Key",
        "Api-Key",
        "X-LiteLLM-Api-Key",
        "X-Goog-Api-Key",
        "Ocp-Apim-Subscription-Key",
        "x_api_key"
      ]
      const answer = yield* send("GET /v1/files HTTP/1.1", [bearer, ...carriers.map((it) => `${it}: sk-mine`)])
      const { headers, rawHeaders } = world.upstream.last()
      assert.strictEqual(headers.authorization, "Bearer sk-upstream-secret")
      assert.notInclude(rawHeaders.join("\n"), "sk-mine")
      assert.notInclude(rawHeaders.join("\n"), token)
      assert.deepStrictEqual(Raw.statuses(answer), [302])
      assert.notInclude(answer, "sk-upstream-secret")
      assert.notInclude(answer.toLowerCase(), "jotgate")
      assert.notInclude(answer.toLowerCase(), "www-authenticate")
      assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2/)
      assert.strictEqual(Raw.header(answer, "x-kept"), "1")
    }))

  it.live("threat E15: identities that do not fit a header are percent-encoded", () =>
    Effect.gen(function*() {
      const people = World.people({ "日本": {}, "😀": {}, "Zoë\t": {}, "a,b=c": {} })
      const { send, world } = yield* setting({ rows: people })
      for (const name of ["日本", "😀", "a,b=c"]) {
        const token = yield* world.token(name)
        const answer = yield* send("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${token}`])
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        assert.strictEqual(world.upstream.last().headers["x-jotgate-user"], encodeURIComponent(name))
      }
    }))

  it.live("threat E16: an id that does not fit is left out, never cut", () =>
    Effect.gen(function*() {
      const long = "é".repeat(5_000)
      const { send, world } = yield* setting({ rows: World.people({ u: { email: long } }) })
      const token = yield* world.token("u")
      const answer = yield* send("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${token}`])
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      assert.strictEqual(world.upstream.last().headers["x-jotgate-user"], "u")
      assert.isUndefined(world.upstream.last().headers["x-jotgate-email"])
    }))

  it.live("RULES D57: an address is told to the upstream with its proof alone", () =>
    Effect.gen(function*() {
      const { send, world } = yield* setting({ rows: World.people({ u: { email: null } }) })
      const told = Effect.fnUntraced(function*(claims: Readonly<Record<string, unknown>>) {
        const token = yield* world.token("u", claims)
        const answer = yield* send("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${token}`])
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        const door = yield* send("GET /_jotgate/auth/nginx HTTP/1.1", [
          `Authorization: Bearer ${token}`,
          "X-Original-URI: /v1/files",
          "X-Original-Method: GET"
        ])
        assert.deepStrictEqual(Raw.statuses(door), [200], door)
        return [world.upstream.last().headers["x-jotgate-email"], Raw.header(door, "x-jotgate-email")]
      })
      const email = "u@acme.test"
      for (const email_verified of [undefined, false, null, "no", 1, ["true"]]) {
        assert.deepStrictEqual(yield* told({ email, email_verified }), [undefined, ""], String(email_verified))
      }
      assert.deepStrictEqual(yield* told({ email, email_verified: true }), ["u%40acme.test", "u%40acme.test"])
      assert.deepStrictEqual(yield* told({ email, email_verified: "true" }), ["u%40acme.test", "u%40acme.test"])
    }))

  it.live("threat E16: a token of 17 kB is 401, a head of 70 kB is 431", () =>
    Effect.gen(function*() {
      const { send } = yield* setting()
      const long = yield* send("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${"a".repeat(17 * 1024)}`])
      assert.deepStrictEqual(Raw.statuses(long), [401])
      const huge = yield* send("GET /v1/files HTTP/1.1", [`X-A: ${"a".repeat(70 * 1024)}`])
      assert.deepStrictEqual(Raw.statuses(huge), [431])
      assert.strictEqual(Raw.problem(huge).code, "headers_too_large")
    }))

  it.live("TRACE and CONNECT are 405, HTTP/2 without TLS is no request", () =>
    Effect.gen(function*() {
      const { bearer, send, world } = yield* setting()
      for (const line of ["TRACE /v1/models HTTP/1.1", "CONNECT gate.test:443 HTTP/1.1"]) {
        const answer = yield* send(line, [bearer])
        assert.deepStrictEqual(Raw.statuses(answer), [405], line)
        assert.strictEqual(Raw.problem(answer).code, "method_not_allowed")
      }
      assert.deepStrictEqual(Raw.statuses(yield* send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), [400])
      assert.strictEqual(world.upstream.requests.length, 0)
    }))
})
