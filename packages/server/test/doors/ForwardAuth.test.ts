import { assert, describe, it } from "@effect/vitest"
import { identityHeaders } from "@jotgate/core/IdentityHeaders"
import { Effect } from "effect"
import { carriesFew, type Dialect, dialects } from "../../src/doors/Dialect.ts"
import * as Asking from "../support/Asking.ts"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const few: ReadonlyArray<Dialect> = dialects.filter(carriesFew)

const setting = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make(options)
  const token = yield* world.token("alice", { groups: ["red"] })
  const ask = (dialect: Dialect, target: string, headers: ReadonlyArray<string> = [], method = "POST", body = "") => {
    const [line, told] = Asking.lines(dialect, method, target)
    return Raw.send(world.port, Raw.request(line, [...told, ...headers], body))
  }
  return { world, bearer: `Authorization: Bearer ${token}`, ask }
})

const chat = "/v1/chat/completions"

for (const dialect of dialects) {
  describe(`the door of ${dialect}`, () => {
    it.live("doors rule 4: allows with the complete, fixed set of identity headers, empty where there is nothing", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const answer = yield* ask(dialect, chat, [bearer, "X-Jotgate-User: root", "X-Jotgate-Admin: true"])
        assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
        for (const name of identityHeaders) assert.isDefined(Raw.header(answer, name), name)
        assert.strictEqual(Raw.header(answer, "x-jotgate-user"), "alice")
        assert.strictEqual(Raw.header(answer, "x-jotgate-team"), "red")
        assert.strictEqual(Raw.header(answer, "x-jotgate-admin"), "")
        assert.strictEqual(Raw.header(answer, "x-jotgate-end-user"), "")
        assert.strictEqual(Raw.header(answer, "x-jotgate-agent"), "")
        assert.strictEqual(Raw.header(answer, "x-jotgate-models"), "gpt-4o*")
        assert.isUndefined(Raw.header(answer, "authorization"))
      }))

    it.live("doors rule 6: denies with a status that the proxy can carry", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const missing = yield* ask(dialect, chat)
        assert.deepStrictEqual(Raw.statuses(missing), [401])
        assert.match(Raw.header(missing, "www-authenticate") ?? "", /^Bearer realm="jotgate", resource_metadata=/)
        const route = yield* ask(dialect, "/key/generate", [bearer])
        assert.deepStrictEqual(Raw.statuses(route), [403])
        const conflict = yield* ask(dialect, chat, [bearer, "Authorization: Bearer other"])
        assert.deepStrictEqual(Raw.statuses(conflict), [few.includes(dialect) ? 403 : 400])
        assert.strictEqual(Raw.header(conflict, "x-jotgate-status"), few.includes(dialect) ? "400" : undefined)
        assert.strictEqual(
          Raw.header(conflict, "x-jotgate-code"),
          few.includes(dialect) ? "credential_conflict" : undefined
        )
      }))

    it.live("doors rule 10: both credential lines are refused, joined ones too", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        for (
          const headers of [[bearer, "Authorization: Bearer b"], ["Authorization: Bearer b", bearer], [
            `${bearer},Bearer b`
          ]]
        ) {
          const answer = yield* ask(dialect, chat, headers)
          assert.include([400, 403], Raw.statuses(answer)[0])
        }
      }))

    it.live("RULES D53: where messages over WebSocket name models, it does not matter that a proxy hides Upgrade", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting({
          doors: { forwardAuth: { authorization: false, unseenModel: "deny" } }
        })
        for (const path of ["/v1/responses", "/v1/realtime", "/v1/realtime?model=gpt-4o"]) {
          for (const upgrade of [[], ["Upgrade: websocket"], ["Upgrade: h2c, WebSocket"]]) {
            const answer = yield* ask(dialect, path, [bearer, ...upgrade], "GET")
            assert.strictEqual(Raw.problem(answer).code, "model_unseen", `${path} ${upgrade.join()}`)
          }
        }
        const denied = yield* ask(dialect, "/v1/realtime?model=o1", [bearer], "GET")
        assert.strictEqual(Raw.problem(denied).code, "team_model_denied")
        const plain = yield* ask(dialect, "/v1/responses/r-1", [bearer], "GET")
        assert.deepStrictEqual(Raw.statuses(plain), [200])
      }))

    it.live("threat E05: only a believed peer may ask", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting({ doors: { trustedProxies: ["10.0.0.0/8"] } })
        const answer = yield* ask(dialect, chat, [bearer])
        assert.deepStrictEqual(Raw.statuses(answer), [403])
        assert.strictEqual(Raw.problem(answer).code, "peer_untrusted")
      }))

    it.live("doors rule 8: a path that two parsers could read differently is refused", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        for (const path of ["/v1/../admin", "/v1/%2e%2e/x", "//v1/x", "/v1%2fx", "/v1;a=1/x", "/%761/x"]) {
          const answer = yield* ask(dialect, path, [bearer])
          assert.deepStrictEqual(Raw.statuses(answer), [few.includes(dialect) ? 403 : 400], path)
        }
      }))

    it.live("the model of the path is judged", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const allowed = yield* ask(dialect, "/openai/deployments/gpt-4o/chat/completions", [bearer])
        assert.deepStrictEqual(Raw.statuses(allowed), [200])
        const denied = yield* ask(dialect, "/openai/deployments/o1/chat/completions", [bearer])
        assert.deepStrictEqual(Raw.statuses(denied), [403])
      }))

    it.live("doors rule 15: a bad token is answered at once although a body was announced", () =>
      Effect.gen(function*() {
        const { ask } = yield* setting()
        const start = performance.now()
        const answer = yield* ask(dialect, chat, ["Authorization: Bearer bad", "Content-Length: 0"])
        assert.deepStrictEqual(Raw.statuses(answer), [401])
        assert.isBelow(performance.now() - start, 20_000)
      }))

    it.live("doors rule 5: the answer carries the upstream's credential only when it is told to", () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting({
          doors: { forwardAuth: { authorization: true, unseenModel: "pass" } },
          upstream: { authorization: { team: { red: "env:RED" } } },
          env: { RED: "sk-red" }
        })
        assert.strictEqual(Raw.header(yield* ask(dialect, chat, [bearer]), "authorization"), "Bearer sk-red")
      }))
  })
}

describe("every door", () => {
  for (const dialect of dialects) {
    it.live(`doors rule 9, 13, 17: ${dialect}: prefix, query and addresses of the question change nothing`, () =>
      Effect.gen(function*() {
        const { ask, bearer, world } = yield* setting()
        const forged = [
          "X-Forwarded-Prefix: /v1/models",
          "X-Forwarded-For: 127.0.0.1",
          "X-Real-IP: 127.0.0.1",
          "X-Forwarded-Host: evil.test/#"
        ]
        const stripped = yield* ask(dialect, "/gpt-4o", [bearer, ...forged])
        assert.strictEqual(Raw.problem(stripped).code, "team_route_denied")
        if (dialect === "envoy") return
        const [, told] = Asking.lines(dialect, "POST", "/key/generate")
        const query = "?method=GET&uri=/v1/files&X-Original-URI=/v1/files&X-Forwarded-Uri=%2Fv1%2Ffiles"
        const line = `GET /_jotgate/auth/${dialect}${query} HTTP/1.1`
        const answer = yield* Raw.send(world.port, Raw.request(line, [...told, bearer]))
        assert.strictEqual(Raw.problem(answer).code, "team_route_denied")
      }))

    it.live(`doors rule 11: ${dialect}: Connection cannot take the credential or the original request away`, () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const trick =
          "Connection: close, Authorization, X-Original-URI, X-Original-Method, X-Forwarded-Uri, X-Forwarded-Method"
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, chat, [bearer, trick])), [200])
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, "/key/generate", [bearer, trick])), [403])
      }))

    it.live(`doors rule 12: ${dialect}: a token of 15 kB is judged`, () =>
      Effect.gen(function*() {
        const { ask, world } = yield* setting()
        const long = yield* world.token("alice", { groups: ["red"], filler: "x".repeat(11_000) })
        assert.isAbove(long.length, 15_000)
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, chat, [`Authorization: Bearer ${long}`])), [200])
      }))

    it.live(`doors rule 14: ${dialect}: a name with underscores is not the original request`, () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const forged = ["X_Original_URI: /v1/files", "X_Forwarded_Uri: /v1/files", "x_forwarded_method: GET"]
        const answer = yield* ask(dialect, "/key/generate", [bearer, ...forged])
        assert.deepStrictEqual(Raw.statuses(answer), [403], answer)
      }))

    it.live(`doors rule 16: ${dialect}: a question that carries the caller's Upgrade is answered like any other`, () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        const allowed = yield* ask(dialect, "/v1/files", [bearer, ...upgrade], "GET")
        assert.deepStrictEqual(Raw.statuses(allowed), [200], allowed)
        assert.strictEqual(Raw.header(allowed, "x-jotgate-user"), "alice")
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, "/v1/files", upgrade, "GET")), [401])
        const body = [bearer, ...upgrade, "Content-Length: 5"]
        assert.include([400, 403], Raw.statuses(yield* ask(dialect, "/v1/files", body, "POST", "hello"))[0])
      }))
  }

  it.live("doors rule 17: an address that a header tells makes nobody a believed peer", () =>
    Effect.gen(function*() {
      const { ask, bearer } = yield* setting({ doors: { trustedProxies: ["10.0.0.0/8"] } })
      const forged = ["X-Forwarded-For: 10.0.0.1", "X-Real-IP: 10.0.0.1", "Forwarded: for=10.0.0.1"]
      assert.strictEqual(Raw.problem(yield* ask("caddy", chat, [bearer, ...forged])).code, "peer_untrusted")
    }))
})

describe("the doors", () => {
  const told: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["nothing", []],
    ["another proxy's headers", ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/models"]],
    ["two targets", ["X-Original-Method: GET", "X-Original-URI: /v1/models", "X-Original-URI: /v1/files"]],
    ["two methods", ["X-Original-Method: GET", "X-Original-Method: POST", "X-Original-URI: /v1/models"]],
    ["a whole URL", ["X-Original-Method: GET", "X-Original-URI: http://evil.test/v1/models"]]
  ]
  for (const [title, headers] of told) {
    it.live(`doors rule 1: the nginx door refuses ${title}`, () =>
      Effect.gen(function*() {
        const { bearer, world } = yield* setting()
        const answer = yield* Raw.send(
          world.port,
          Raw.request("GET /_jotgate/auth/nginx?uri=/v1/models HTTP/1.1", [bearer, ...headers])
        )
        assert.deepStrictEqual(Raw.statuses(answer), [403])
        assert.strictEqual(Raw.header(answer, "x-jotgate-status"), "400")
      }))
  }

  it.live("doors rule 1: forged headers of other proxies change nothing", () =>
    Effect.gen(function*() {
      const { ask, bearer } = yield* setting()
      const forged = [
        "X-Original-URI: /v1/models",
        "X-Original-Method: GET",
        "X-Original-URL: /x",
        "Forwarded: for=6.6.6.6"
      ]
      assert.deepStrictEqual(Raw.statuses(yield* ask("caddy", "/key/generate", [bearer, ...forged])), [403])
    }))

  it.live("doors rule 2: a caller's X-Envoy-Auth-Partial-Body hides no model from the door of Traefik", () =>
    Effect.gen(function*() {
      const { ask, bearer } = yield* setting()
      const body = `{"model":"o1"}`
      for (const value of ["true", "1", ""]) {
        const headers = [
          bearer,
          "Content-Type: application/json",
          `Content-Length: ${body.length}`,
          `X-Envoy-Auth-Partial-Body: ${value}`
        ]
        assert.deepStrictEqual(Raw.statuses(yield* ask("traefik", chat, headers, "POST", body)), [403], value)
      }
    }))

  it.live("doors rule 3: nginx announces a body over HTTP/1.0 and sends none", () =>
    Effect.gen(function*() {
      const { bearer, world } = yield* setting()
      const answer = yield* Raw.send(
        world.port,
        Raw.request("GET /_jotgate/auth/nginx HTTP/1.0", [
          bearer,
          "X-Original-Method: POST",
          `X-Original-URI: ${chat}`,
          "Content-Length: 10000000",
          "Connection: close"
        ])
      )
      assert.deepStrictEqual(Raw.statuses(answer), [200])
    }))

  for (const dialect of ["traefik", "envoy"] as const) {
    const sent = (body: string) => ["Content-Type: application/json", `Content-Length: ${body.length}`]
    it.live(`doors rule 2: the ${dialect} door judges the model when the body comes whole`, () =>
      Effect.gen(function*() {
        const { ask, bearer } = yield* setting()
        const good = `{"model":"gpt-4o"}`
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, chat, [bearer, ...sent(good)], "POST", good)), [200])
        const bad = `{"model":"o1"}`
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, chat, [bearer, ...sent(bad)], "POST", bad)), [403])
        const broken = `{"model":`
        assert.deepStrictEqual(Raw.statuses(yield* ask(dialect, chat, [bearer, ...sent(broken)], "POST", broken)), [
          400
        ])
      }))
  }

  it.live("doors rule 2: a body that Envoy has cut is not judged", () =>
    Effect.gen(function*() {
      const { ask, bearer } = yield* setting()
      const part = `{"model":"o1","messages":[{"content":"cu`
      const headers = [
        bearer,
        "x-envoy-auth-partial-body: true",
        "Content-Type: application/json",
        `Content-Length: ${part.length}`
      ]
      assert.deepStrictEqual(Raw.statuses(yield* ask("envoy", chat, headers, "POST", part)), [200])
    }))

  it.live("unknown paths of ours are 404", () =>
    Effect.gen(function*() {
      const { bearer, world } = yield* setting()
      for (const path of ["/_jotgate/auth/apache", "/_jotgate/", "/_jotgate/auth/nginx/x", "/_jotgate"]) {
        const answer = yield* Raw.send(world.port, Raw.request(`GET ${path} HTTP/1.1`, [bearer]))
        assert.deepStrictEqual(Raw.statuses(answer), [404], path)
      }
      assert.strictEqual(world.upstream.requests.length, 0)
    }))

  it.live("every door decides alike", () =>
    Effect.gen(function*() {
      const { world } = yield* setting()
      const tokens = {
        alice: yield* world.token("alice", { groups: ["red"] }),
        bob: yield* world.token("bob", { groups: ["blue"] }),
        carol: yield* world.token("carol"),
        nobody: yield* world.token("nobody"),
        strange: yield* world.token("alice", { aud: "elsewhere" })
      }
      const paths = [
        "/v1/models",
        "/v1/models/gpt-4o",
        "/v1/models/claude-x",
        "/key/generate",
        "/v1/models/gpt-4o-mini",
        "/nothing"
      ]
      for (const [name, token] of Object.entries(tokens)) {
        for (const path of paths) {
          const verdicts: Array<string> = []
          for (const dialect of dialects) {
            const [line, headers] = Asking.lines(dialect, "GET", path)
            const answer = yield* Raw.send(
              world.port,
              Raw.request(line, [...headers, `Authorization: Bearer ${token}`, "Connection: close"])
            )
            const code = Raw.header(answer, "x-jotgate-code")
            verdicts.push(Raw.statuses(answer)[0] === 200 ? "allow" : code ?? Raw.problem(answer).code ?? "")
          }
          const proxied = yield* Effect.promise(async () => {
            const response = await fetch(`${world.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
            const text = await response.text()
            return response.status === 200 || response.status === 502 ? "allow" : JSON.parse(text).code
          })
          assert.deepStrictEqual(
            new Set([...verdicts, proxied]).size,
            1,
            `${name} ${path}: ${verdicts} ${proxied}`
          )
        }
      }
    }))
})
