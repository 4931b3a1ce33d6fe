import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ServerWorld from "./support/ServerWorld.ts"
import * as World from "./support/World.ts"

const places = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]

const get = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, body: await response.json() }
  })

describe("what an issuer says about itself, asked of the gate", () => {
  it.live("is the document of the only issuer, for anybody, at each place and below it", () =>
    Effect.gen(function*() {
      const { gate, settings, upstream } = yield* ServerWorld.make()
      for (const place of places) {
        for (const path of [place, `${place}/mcp/github`]) {
          const { body, status } = yield* get(`${gate}${path}`)
          assert.strictEqual(status, 200, path)
          assert.strictEqual(body.issuer, settings.issuers[0]?.issuer)
          assert.isString(body.jwks_uri)
        }
      }
      assert.strictEqual(upstream.requests.length, 0)
    }))

  it.live("is 503 while the issuer does not answer, and never somebody else's document", () =>
    Effect.gen(function*() {
      const { gate } = yield* ServerWorld.make({
        issuer: { issuer: "http://127.0.0.1:1", jwks: { keys: [] } }
      })
      const { body, status } = yield* get(`${gate}${places[0]}`)
      assert.strictEqual(status, 503)
      assert.strictEqual(body.code, "issuer_unavailable")
    }))

  it.live("is 404 where there is more than one issuer, or none that could have it", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      for (const place of places) {
        const { body, status } = yield* get(`${world.url}${place}`)
        assert.strictEqual(status, 404)
        assert.strictEqual(body.code, "route_unknown")
      }
      assert.strictEqual(world.upstream.requests.length, 0)
    }))
})
