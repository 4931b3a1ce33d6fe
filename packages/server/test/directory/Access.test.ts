import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AdminClient from "../support/AdminClient.ts"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import * as Raw from "../support/Raw.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const api = "/admin/v1"

describe("who may manage", () => {
  it.live(
    "the admin token and the token of an admin; an auditor reads only; nobody else",
    () =>
      Effect.gen(function*() {
        const { client, token } = yield* DirectoryWorld.make()
        for (const [id, role] of [["root", "proxy_admin"], ["ada", "proxy_admin_viewer"], ["bob", "internal_user"]]) {
          yield* client.post(`${api}/users`, { id, role })
        }
        const tokens = {
          nobody: undefined,
          "an unknown token": "nonsense",
          "the admin token": DirectoryWorld.adminToken,
          "an admin": yield* token("root"),
          "an auditor": yield* token("ada"),
          "a user": yield* token("bob"),
          "a stranger": yield* token("zoe")
        }
        const expected = {
          nobody: [401, 401],
          "an unknown token": [401, 401],
          "the admin token": [200, 200],
          "an admin": [200, 200],
          "an auditor": [200, 403],
          "a user": [403, 403],
          "a stranger": [403, 403]
        }
        const found: Record<string, ReadonlyArray<number>> = {}
        for (const [who, it] of Object.entries(tokens)) {
          const read = yield* client.get(`${api}/teams`, { token: it })
          const write = yield* client.put(`${api}/users/bob`, { blocked: false, role: "internal_user" }, { token: it })
          found[who] = [read.status, write.status]
          if (read.status === 401) assert.match(read.headers.get("www-authenticate") ?? "", /^Bearer/)
        }
        assert.deepStrictEqual(found, expected)
        // Every way of the API is guarded, not only the lists.
        const document = yield* client.get("/openapi.json")
        const paths: Record<string, Record<string, unknown>> = document.body.paths
        let asked = 0
        for (const [path, methods] of Object.entries(paths)) {
          if (!path.startsWith("/admin/") && !path.startsWith("/compat/")) continue
          for (const method of Object.keys(methods)) {
            const place = path.replace(/\{[^}]*\}|:\w+/g, "x")
            const body = method === "get" || method === "delete" ? undefined : {}
            const status = (it: string | undefined) =>
              Effect.map(client.ask(method.toUpperCase(), place, body, { token: it }), (answer) => answer.status)
            assert.strictEqual(yield* status(undefined), 401, `${method} ${path}`)
            assert.strictEqual(yield* status(tokens["a user"]), 403, `${method} ${path}`)
            if (method !== "get") assert.strictEqual(yield* status(tokens["an auditor"]), 403, `${method} ${path}`)
            asked += 1
          }
        }
        assert.isAbove(asked, 40)
      })
  )

  it.live("threat E08: without a configured token nobody is let in without one, on loopback neither", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const client = AdminClient.make(world.admin)
      assert.strictEqual((yield* client.get(`${api}/users`)).status, 401)
      const root = { token: yield* world.token("root") }
      assert.strictEqual((yield* client.get(`${api}/users`, root)).status, 200)
      assert.strictEqual((yield* client.get(`${api}/users`, { token: yield* world.token("alice") })).status, 403)
    }))

  it.live("an admin who is blocked manages nothing any more, from the next request on", () =>
    Effect.gen(function*() {
      const { client, token } = yield* DirectoryWorld.make()
      yield* client.post(`${api}/users`, { id: "root", role: "proxy_admin" })
      const root = { token: yield* token("root") }
      assert.strictEqual((yield* client.get(`${api}/users`, root)).status, 200)
      yield* client.patch(`${api}/users/root`, { blocked: true })
      assert.strictEqual((yield* client.get(`${api}/users`, root)).status, 403)
    }))

  it.live("RULES D51: an issuer that may not give the auditor's role makes no auditor", () =>
    Effect.gen(function*() {
      const { client, token } = yield* DirectoryWorld.make({ issuer: { grants: { roles: ["internal_user"] } } })
      yield* client.post(`${api}/users`, { id: "ada", role: "proxy_admin_viewer" })
      yield* client.post(`${api}/users`, { id: "root", role: "proxy_admin" })
      for (const id of ["ada", "root"]) {
        assert.strictEqual((yield* client.get(`${api}/users`, { token: yield* token(id) })).status, 403, id)
      }
    }))

  it.live("threat E08: a foreign Host or Origin gets nothing", () =>
    Effect.gen(function*() {
      const { client, server } = yield* DirectoryWorld.make()
      const authorization = `Authorization: Bearer ${DirectoryWorld.adminToken}`
      const foreign = Raw.request(`GET ${api}/users HTTP/1.1`, ["Host: evil.test", authorization])
      assert.deepStrictEqual(Raw.statuses(yield* Raw.send(server.admin.port, foreign)), [400])
      const preflight = yield* client.ask("OPTIONS", `${api}/users`, undefined, {
        headers: { origin: "https://evil.test", "access-control-request-method": "POST" }
      })
      assert.isNull(preflight.headers.get("access-control-allow-origin"))
      const simple = yield* client.get(`${api}/users`, { headers: { origin: "https://evil.test" } })
      assert.isNull(simple.headers.get("access-control-allow-origin"))
    }))
})

describe("in force at once", () => {
  it.live("a person or a team that is blocked, a membership that is gone, an entry of the deny list", () =>
    Effect.gen(function*() {
      const { chat, client } = yield* DirectoryWorld.make()
      yield* client.post(`${api}/teams`, { id: "red", models: ["gpt-4o*"] })
      yield* client.post(`${api}/users`, { id: "u-1", models: ["no-default-models"] })
      yield* client.post(`${api}/memberships`, { user: "u-1", team: "red" })
      assert.strictEqual(yield* chat("u-1"), "allowed")
      yield* client.patch(`${api}/users/u-1`, { blocked: true })
      assert.strictEqual(yield* chat("u-1"), "403 user_blocked")
      yield* client.patch(`${api}/users/u-1`, { blocked: false })
      assert.strictEqual(yield* chat("u-1"), "allowed")
      yield* client.patch(`${api}/teams/red`, { blocked: true })
      assert.strictEqual(yield* chat("u-1"), "403 team_blocked")
      yield* client.patch(`${api}/teams/red`, { blocked: false, models: ["o1"] })
      assert.strictEqual(yield* chat("u-1"), "403 team_model_denied")
      yield* client.patch(`${api}/teams/red`, { models: [] })
      assert.strictEqual(yield* chat("u-1"), "allowed")
      yield* client.remove(`${api}/memberships/u-1/red`)
      assert.strictEqual(yield* chat("u-1"), "403 user_model_denied")
      yield* client.remove(`${api}/users/u-1`)
      assert.strictEqual(yield* chat("u-1"), "404 user_not_found")
    }))
})
