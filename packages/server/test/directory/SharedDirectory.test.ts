import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AdminClient from "../support/AdminClient.ts"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"

describe("a reload", () => {
  it.live("forgets no row and no denied token that only memory holds", () =>
    Effect.gen(function*() {
      const world = yield* DirectoryWorld.make({ directory: { url: "memory:", users: { unknown: "allow" } } })
      yield* world.client.post("/admin/v1/teams", { id: "red", models: ["gpt-4o"] })
      yield* world.client.post("/admin/v1/deny", { issuer: "idp", jti: "stolen" })
      assert.strictEqual(yield* world.chat("ada", { jti: "stolen" }), "401 invalid_token")
      for (const routes of [["/v1/models"], ["llm_api_routes"]]) {
        yield* world.reload({ teamRoutes: routes })
        assert.strictEqual((yield* world.client.get("/admin/v1/teams")).body.items.length, 1)
        assert.strictEqual(yield* world.chat("ada", { jti: "stolen" }), "401 invalid_token")
      }
      assert.strictEqual(yield* world.chat("ada", { groups: ["red"] }), "allowed")
    }))

  it.live("keeps a SQLite directory open for whoever still uses it", () =>
    Effect.gen(function*() {
      const world = yield* DirectoryWorld.make()
      const gate = AdminClient.make(world.gate)
      yield* world.client.post("/admin/v1/users", { id: "ada" })
      for (let round = 0; round < 3; round++) {
        yield* world.reload({})
        assert.strictEqual(yield* world.chat("ada"), "allowed")
        yield* world.client.patch("/admin/v1/users/ada", { blocked: true })
        assert.strictEqual(yield* world.chat("ada"), "403 user_blocked")
        yield* world.client.patch("/admin/v1/users/ada", { blocked: false })
      }
      assert.strictEqual((yield* gate.get("/v1/models")).status, 401)
    }))
})
