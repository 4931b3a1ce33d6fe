import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { dialects } from "../../src/doors/Dialect.ts"
import { below } from "../../src/proxy/Mount.ts"
import * as Asking from "../support/Asking.ts"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

describe("gateway.prefix", () => {
  it("takes the prefix away byte for byte, and nothing that only looks like it", () => {
    assert.strictEqual(below("/llm", "/llm/v1/models?a=%2F"), "/v1/models?a=%2F")
    assert.strictEqual(below("/llm", "/llm"), "/")
    assert.strictEqual(below("/llm", "/llm?x"), "/?x")
    assert.strictEqual(below("/llm", "/llm//v1"), "//v1")
    assert.strictEqual(below("", "/v1"), "/v1")
    for (const target of ["/", "/v1/models", "/llms/v1", "/LLM/v1", "/%6clm/v1", "http://x/llm/v1", "*"]) {
      assert.isUndefined(below("/llm", target), target)
    }
  })

  const setting = Effect.fnUntraced(function*() {
    const world = yield* World.make({ doors: { prefix: "/llm" } })
    const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
    const ask = (line: string, headers: ReadonlyArray<string> = [bearer]) =>
      Raw.send(world.port, Raw.request(`${line} HTTP/1.1`, [...headers, "Connection: close"]))
    return { world, bearer, ask }
  })

  it.live("is gone before anything is judged, and before the upstream", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* setting()
      assert.deepStrictEqual(Raw.statuses(yield* ask("GET /llm/v1/files?a=%2F")), [200])
      assert.strictEqual(world.upstream.last().url, "/v1/files?a=%2F")
      assert.deepStrictEqual(Raw.statuses(yield* ask("GET /llm/v1/models/o1")), [403])
      assert.deepStrictEqual(Raw.statuses(yield* ask("GET /llm/../v1/files")), [400])
      assert.deepStrictEqual(Raw.statuses(yield* ask("GET /llm//v1/files")), [400])
      const asked = world.upstream.requests.length
      for (const path of ["/v1/files", "/llms/v1/files", "/"]) {
        const answer = yield* ask(`GET ${path}`)
        assert.deepStrictEqual(Raw.statuses(answer), [404], path)
        assert.strictEqual(Raw.problem(answer).code, "route_unknown")
      }
      assert.strictEqual(world.upstream.requests.length, asked)
    }))

  it.live("RFC 9728: the challenge names the document of what the caller asked for", () =>
    Effect.gen(function*() {
      const { ask } = yield* setting()
      const challenge = Raw.header(yield* ask("GET /llm/v1/files", []), "www-authenticate") ?? ""
      assert.include(challenge, `"http://gate.test/.well-known/oauth-protected-resource/llm/v1/files"`)
      for (
        const path of [
          "/.well-known/oauth-protected-resource/llm/v1/files",
          "/llm/.well-known/oauth-protected-resource/v1/files"
        ]
      ) {
        const document = yield* ask(`GET ${path}`, [])
        assert.include(document, `"resource":"http://gate.test/llm/v1/files"`)
      }
    }))

  for (const dialect of dialects) {
    it.live(`${dialect}: is taken off the request that the proxy tells of`, () =>
      Effect.gen(function*() {
        const { bearer, world } = yield* setting()
        const ask = (target: string) => {
          const [line, told] = Asking.lines(dialect, "GET", target)
          return Effect.map(Raw.send(world.port, Raw.request(line, [...told, bearer])), (it) => Raw.statuses(it)[0])
        }
        assert.strictEqual(yield* ask("/llm/v1/models/gpt-4o"), 200)
        assert.strictEqual(yield* ask("/llm/v1/models/o1"), 403)
        assert.include([403, 404], yield* ask("/v1/models/gpt-4o"))
      }))
  }
})
