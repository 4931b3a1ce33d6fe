import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { keyFileName } from "../../src/proxy/UpstreamKey.ts"
import * as Upstream from "../support/Upstream.ts"
import * as World from "../support/World.ts"

const call = (url: string, token: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      ...init,
      headers: { ...(token === "" ? {} : { authorization: `Bearer ${token}` }), ...init.headers }
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-keys-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

describe("the upstream's credential", () => {
  it.live("is the team's own key, read again when its file has changed, else the default", () =>
    Effect.gen(function*() {
      const keys = yield* folder
      const world = yield* World.make({
        upstream: { authorization: { team: `file:${keys}/{team}`, default: "env:DEFAULT" } },
        env: { DEFAULT: "sk-default" }
      })
      const sent = Effect.fnUntraced(function*(groups: ReadonlyArray<string>) {
        yield* call(`${world.url}/v1/files`, yield* world.token("alice", { groups }))
        return world.upstream.last().headers["authorization"]
      })
      writeFileSync(join(keys, "red"), "sk-red\n")
      assert.strictEqual(yield* sent(["red"]), "Bearer sk-red")
      assert.strictEqual(yield* sent(["blue"]), "Bearer sk-default")
      writeFileSync(join(keys, "red"), "sk-new\n")
      utimesSync(join(keys, "red"), 1, 1)
      assert.strictEqual(yield* sent(["red"]), "Bearer sk-new")
      rmSync(join(keys, "red"))
      assert.strictEqual(yield* sent(["red"]), "Bearer sk-default")
    }))

  it.live("is sent bare in another header, and its absence is 403 where the settings say so", () =>
    Effect.gen(function*() {
      const world = yield* World.make({
        upstream: {
          authorization: { team: { red: "env:RED" }, default: "env:DEFAULT" },
          header: "x-api-key",
          onMissingTeamKey: "deny"
        },
        env: { RED: "sk-red", DEFAULT: "sk-default" }
      })
      yield* call(`${world.url}/v1/files`, yield* world.token("alice", { groups: ["red"] }))
      assert.strictEqual(world.upstream.last().headers["x-api-key"], "sk-red")
      assert.isUndefined(world.upstream.last().headers["authorization"])
      const denied = yield* call(`${world.url}/v1/files`, yield* world.token("alice", { groups: ["blue"] }))
      assert.strictEqual(denied.status, 403)
      assert.strictEqual(JSON.parse(denied.text).code, "upstream_key_missing")
    }))

  it.live("is the caller's own token only with passthrough", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ upstream: { authorization: "passthrough" } })
      const token = yield* world.token("alice", { groups: ["red"] })
      yield* call(`${world.url}/v1/files`, token, { headers: { "x-api-key": "sk-mine" } })
      assert.strictEqual(world.upstream.last().headers["authorization"], `Bearer ${token}`)
      assert.isUndefined(world.upstream.last().headers["x-api-key"])
    }))

  for (const id of ["", ".", "..", "\ud800"]) {
    it(`no file name comes of the id ${JSON.stringify(id)}`, () => {
      assert.isUndefined(keyFileName(id))
    })
  }

  it.prop("no id leads out of the folder", { id: Schema.String }, ({ id }) => {
    const name = keyFileName(id)
    if (name !== undefined) assert.match(name, /^(?!\.\.?$)[A-Za-z0-9%!'()*._~-]+$/)
  })
})

describe("the choice of an upstream", () => {
  it.live("the first entry that matches path and model, then the last resort", () =>
    Effect.gen(function*() {
      const other = yield* Upstream.make
      const world = yield* World.make({
        rows: World.people({ u: {} }),
        doors: {
          upstreams: [
            { match: { path: "/v1/*", model: "claude-*" }, url: `${other.url}/base` },
            { match: { path: "/special/*" }, url: other.url }
          ]
        },
        policy: { userRoutes: ["/*"] }
      })
      const token = yield* world.token("u")
      const ask = (path: string, model: string) =>
        call(`${world.url}${path}`, token, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ model })
        })
      yield* ask("/v1/chat/completions", "claude-x")
      assert.strictEqual(other.last().url, "/base/v1/chat/completions")
      yield* ask("/v1/chat/completions", "gpt-4o")
      assert.strictEqual(world.upstream.last().url, "/v1/chat/completions")
      yield* ask("/special/x", "gpt-4o")
      assert.strictEqual(other.last().url, "/special/x")
    }))

  it.live("without any upstream every path is 404 route_unknown", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ noUpstream: true })
      const answer = yield* call(`${world.url}/v1/models`, "")
      assert.strictEqual(answer.status, 404)
      assert.strictEqual(JSON.parse(answer.text).code, "route_unknown")
    }))
})

describe("the list of models", () => {
  const list = (ids: ReadonlyArray<string>) => ({ object: "list", data: ids.map((id) => ({ id, object: "model" })) })

  it.live("names what the caller may call, and nothing else", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      world.upstream.answer = (_, response) => {
        const text = JSON.stringify(list(["gpt-4o", "gpt-4o-mini", "claude-x", "o1", "gpt-4o/*"]))
        response.writeHead(200, { "content-type": "application/json", etag: "x", "content-length": text.length })
        response.end(text)
      }
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* call(`${world.url}/v1/models`, token, { headers: { range: "bytes=0-5" } })
      const ids = JSON.parse(answer.text).data.map((it: { readonly id: string }) => it.id)
      assert.deepStrictEqual(ids, ["gpt-4o", "gpt-4o-mini", "gpt-4o/*"])
      assert.isNull(answer.headers.get("etag"))
      assert.strictEqual(world.upstream.last().headers["accept-encoding"], "identity")
      assert.isUndefined(world.upstream.last().headers["range"])
      assert.strictEqual((yield* call(`${world.url}/v1/models/o1`, token)).status, 403)
      assert.strictEqual((yield* call(`${world.url}/v1/models/gpt-4o`, token)).status, 200)
    }))

  for (
    const [encoding, encode] of [["gzip", gzipSync], ["deflate", deflateSync], ["br", brotliCompressSync], [
      "zstd",
      zstdCompressSync
    ]] as const
  ) {
    it.live(`is filtered although the upstream compresses it unasked: ${encoding}`, () =>
      Effect.gen(function*() {
        const world = yield* World.make()
        world.upstream.answer = (_, response) => {
          response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding })
          response.end(encode(JSON.stringify(list(["gpt-4o", "o1"]))))
        }
        const answer = yield* call(`${world.url}/v1/models`, yield* world.token("alice", { groups: ["red"] }))
        assert.strictEqual(answer.status, 200)
        assert.isNull(answer.headers.get("content-encoding"))
        assert.deepStrictEqual(JSON.parse(answer.text), list(["gpt-4o"]))
      }))
  }

  it.live("a compressed list that is larger than a list may be, or in a coding that nobody asked for, is 502", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const bomb = gzipSync(Buffer.alloc(9 * 1024 * 1024, 0x20))
      for (
        const [encoding, bytes] of [
          ["gzip", bomb],
          ["zstd", Buffer.from(JSON.stringify(list(["gpt-4o"])))],
          ["gzip, gzip", gzipSync(gzipSync(JSON.stringify(list(["gpt-4o"]))))],
          ["br", Buffer.from("no brotli")]
        ] as const
      ) {
        world.upstream.answer = (_, response) => {
          response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding })
          response.end(bytes)
        }
        const answer = yield* call(`${world.url}/v1/models`, token)
        assert.strictEqual(answer.status, 502, encoding)
        assert.strictEqual(JSON.parse(answer.text).code, "upstream_unreachable")
      }
    }))

  it.live("an answer that is no list is not passed on", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      world.upstream.answer = (_, response) => void response.end("secret-model")
      const answer = yield* call(`${world.url}/v1/models`, yield* world.token("alice", { groups: ["red"] }))
      assert.strictEqual(answer.status, 502)
      assert.notInclude(answer.text, "secret-model")
    }))
})

describe("around the request", () => {
  it.live("a browser's preflight is answered for our origins, and judged for others", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { cors: { origins: ["https://app.test"] } } })
      const preflight = (origin: string) =>
        call(`${world.url}/v1/chat/completions`, "", {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-stainless-os"
          }
        })
      const ours = yield* preflight("https://app.test")
      assert.strictEqual(ours.status, 204)
      assert.strictEqual(ours.headers.get("access-control-allow-origin"), "https://app.test")
      assert.include(ours.headers.get("access-control-allow-headers"), "x-stainless-os")
      const others = yield* preflight("https://evil.test")
      assert.strictEqual(others.status, 401)
      assert.isNull(others.headers.get("access-control-allow-origin"))
      const answer = yield* call(`${world.url}/v1/files`, yield* world.token("alice", { groups: ["red"] }), {
        headers: { origin: "https://app.test" }
      })
      assert.strictEqual(answer.headers.get("access-control-allow-origin"), "https://app.test")
    }))

  it.live("OPTIONS is judged like any method without gateway.cors", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const headers = { origin: "https://app.test", "access-control-request-method": "POST" }
      assert.strictEqual((yield* call(`${world.url}/v1/files`, "", { method: "OPTIONS", headers })).status, 401)
    }))

  it.live("a request id goes in and out", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red"] })
      const mine = yield* call(`${world.url}/v1/files`, token, { headers: { "x-request-id": "r-1" } })
      assert.strictEqual(mine.headers.get("x-request-id"), "r-1")
      assert.strictEqual(world.upstream.last().headers["x-request-id"], "r-1")
      const made = yield* call(`${world.url}/v1/files`, token)
      assert.match(made.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/)
      assert.strictEqual(made.headers.get("x-request-id"), world.upstream.last().headers["x-request-id"])
    }))

  it.live("team headers choose a team and go no further", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const token = yield* world.token("alice", { groups: ["red", "blue"] })
      yield* call(`${world.url}/v1/files`, token, { headers: { "x-team-id": "blue" } })
      assert.strictEqual(world.upstream.last().headers["x-jotgate-team"], "blue")
      assert.isUndefined(world.upstream.last().headers["x-team-id"])
    }))

  it.live("RFC 9728: the challenge leads to a document whose resource is what was asked for", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const denied = yield* call(`${world.url}/v1/chat/completions`, "")
      const challenge = denied.headers.get("www-authenticate") ?? ""
      assert.notInclude(challenge, "error=")
      const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? ""
      const document = yield* call(url, "")
      assert.strictEqual(document.status, 200)
      const metadata = JSON.parse(document.text)
      assert.strictEqual(metadata.resource, `${world.url}/v1/chat/completions`)
      assert.deepStrictEqual(metadata.authorization_servers, ["https://idp.test"])
      const root = yield* call(`${world.url}/.well-known/oauth-protected-resource`, "")
      assert.strictEqual(JSON.parse(root.text).resource, world.url)
    }))

  it.live("RFC 6750: a missing scope is named in the challenge", () =>
    Effect.gen(function*() {
      const world = yield* World.make({
        policy: { requireScope: true, scopes: [{ scope: "llm.batch", models: ["gpt-4o"], routes: ["/v1/batches"] }] }
      })
      const token = yield* world.token("alice", { groups: ["red"], scope: "other" })
      const denied = yield* call(`${world.url}/v1/batches`, token)
      assert.strictEqual(denied.status, 403, denied.text)
      assert.match(denied.headers.get("www-authenticate") ?? "", /error="insufficient_scope", scope="llm\.batch"/)
    }))

  it.live("Anthropic's shape on /v1/messages", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const denied = yield* call(`${world.url}/v1/messages`, "bad", { method: "POST", body: `{"model":"claude-x"}` })
      const problem = JSON.parse(denied.text)
      assert.strictEqual(problem.type, "error")
      assert.strictEqual(problem.error.type, "authentication_error")
    }))

  it.live("too many requests at once are 503 with Retry-After, and the others go on", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { limits: { ...World.defaultLimits, inFlight: 2 } } })
      const token = yield* world.token("alice", { groups: ["red"] })
      const waiting: Array<() => void> = []
      world.upstream.answer = (_, response) => void waiting.push(() => response.end("{}"))
      const running = [call(`${world.url}/v1/files`, token), call(`${world.url}/v1/files`, token)]
      const fibers = yield* Effect.forEach(running, (it) => Effect.forkChild(it))
      while (waiting.length < 2) yield* Effect.sleep(5)
      const refused = yield* call(`${world.url}/v1/files`, token)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(JSON.parse(refused.text).code, "overloaded")
      assert.strictEqual(refused.headers.get("retry-after"), "1")
      for (const end of waiting) end()
      for (const fiber of fibers) assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
    }))

  it.live("other credential headers count when they are configured, and two carriers are 400", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { credentials: ["authorization", "x-api-key"] } })
      const token = yield* world.token("alice", { groups: ["red"] })
      assert.strictEqual((yield* call(`${world.url}/v1/files`, "", { headers: { "x-api-key": token } })).status, 200)
      const both = yield* call(`${world.url}/v1/files`, token, { headers: { "x-api-key": `${token}x` } })
      assert.strictEqual(both.status, 400)
      assert.strictEqual(JSON.parse(both.text).code, "credential_conflict")
    }))
})
