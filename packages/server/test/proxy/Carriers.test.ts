/** Where callers put their token, and what of it the upstream sees (RULES D44). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WebSocket } from "ws"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const setting = Effect.fnUntraced(function*(options: World.WorldOptions) {
  const world = yield* World.make(options)
  const token = yield* world.token("alice", { groups: ["red"] })
  const other = yield* world.token("alice", { groups: ["red"], jti: "other" })
  const ask = (headers: Readonly<Record<string, string>>) =>
    Effect.promise(async () => {
      const response = await fetch(`${world.url}/v1/files`, { headers })
      const text = await response.text()
      return { status: response.status, code: response.ok ? null : JSON.parse(text).code }
    })
  return { world, token, other, ask }
})

describe("the carriers of a token", () => {
  it.live("are whatever headers the settings name, with Bearer or without, and none reaches the upstream", () =>
    Effect.gen(function*() {
      const credentials = ["authorization", "cf-access-jwt-assertion", "x-goog-iap-jwt-assertion", "x-api-key"]
      const { ask, token, world } = yield* setting({ doors: { credentials } })
      for (const name of credentials) {
        for (const value of name === "authorization" ? [`Bearer ${token}`] : [token, `Bearer ${token}`]) {
          assert.deepStrictEqual(yield* ask({ [name]: value }), { status: 200, code: null }, name)
          assert.notInclude(world.upstream.last().rawHeaders.join("\n"), token, name)
        }
      }
    }))

  it.live("are the only place of a token: where a proxy repeats it, in a cookie or beside, it goes no further", () =>
    Effect.gen(function*() {
      const credentials = ["cf-access-jwt-assertion", "authorization"]
      const { ask, token, world } = yield* setting({ doors: { credentials } })
      const repeated = {
        cookie: `theme=dark; CF_Authorization=${token}; lang=de`,
        "x-forwarded-access-token": token,
        "x-amzn-oidc-accesstoken": token,
        "x-note": `the token is "${token}"`,
        "x-other": "kept"
      }
      for (const [name, value] of [["cf-access-jwt-assertion", token], ["authorization", `Bearer ${token}`]] as const) {
        assert.strictEqual((yield* ask({ ...repeated, [name]: value })).status, 200)
        const { headers, rawHeaders } = world.upstream.last()
        assert.notInclude(rawHeaders.join("\n"), token)
        assert.strictEqual(headers["cookie"], "theme=dark; lang=de")
        assert.strictEqual(headers["x-other"], "kept")
      }
      assert.strictEqual(
        (yield* ask({ authorization: `Bearer ${token}`, cookie: `CF_Authorization=${token}` })).status,
        200
      )
      assert.isUndefined(world.upstream.last().headers["cookie"])
    }))

  it.live("may carry the same token twice; two tokens are 400", () =>
    Effect.gen(function*() {
      const { ask, other, token } = yield* setting({ doors: { credentials: ["authorization", "x-api-key"] } })
      const authorization = `Bearer ${token}`
      assert.strictEqual((yield* ask({ authorization, "x-api-key": token })).status, 200)
      assert.strictEqual((yield* ask({ authorization, "x-api-key": authorization })).status, 200)
      assert.deepStrictEqual(yield* ask({ authorization, "x-api-key": other }), {
        status: 400,
        code: "credential_conflict"
      })
    }))

  it.live("passthrough gives the upstream the caller's own Authorization where that is none of ours", () =>
    Effect.gen(function*() {
      const { ask, token, world } = yield* setting({
        doors: { credentials: ["x-company-token"] },
        upstream: { authorization: "passthrough" }
      })
      assert.strictEqual((yield* ask({ authorization: "Bearer sk-own", "x-company-token": token })).status, 200)
      assert.strictEqual(world.upstream.last().headers["authorization"], "Bearer sk-own")
      assert.notInclude(world.upstream.last().rawHeaders.join("\n"), token)
      assert.strictEqual((yield* ask({ "x-company-token": token })).status, 200)
      assert.strictEqual(world.upstream.last().headers["x-company-token"], token)
      assert.strictEqual((yield* ask({ authorization: `Bearer ${token}` })).code, "token_missing")
    }))

  it.live("without passthrough nobody's Authorization reaches the upstream", () =>
    Effect.gen(function*() {
      const { ask, token, world } = yield* setting({ doors: { credentials: ["x-company-token"] } })
      assert.strictEqual((yield* ask({ authorization: "Bearer sk-own", "x-company-token": token })).status, 200)
      assert.isUndefined(world.upstream.last().headers["authorization"])
    }))

  const key = "openai-insecure-api-key."
  const dial = (world: World.World, protocols: ReadonlyArray<string>, headers: Readonly<Record<string, string>> = {}) =>
    Effect.callback<string>((resume) => {
      const socket = new WebSocket(`${world.url.replace("http", "ws")}/v1/realtime?model=gpt-4o`, [...protocols], {
        headers
      })
      socket.on("unexpected-response", (_, response) => {
        response.destroy()
        resume(Effect.succeed(`status ${response.statusCode}`))
      })
      socket.on("open", () => socket.close())
      socket.on("close", () => resume(Effect.succeed("closed")))
      socket.on("error", () => {})
    })

  it.live("in a browser's subprotocol: taken, and taken out of what the upstream is offered", () =>
    Effect.gen(function*() {
      const { other, token, world } = yield* setting({
        doors: { credentials: ["authorization", "websocket-protocol"], websocket: ["/v1/realtime"] }
      })
      // The upstream answers as plain HTTP; what it was asked is what counts.
      const protocols = ["realtime", `${key}${token}`, "openai-beta.realtime-v1"]
      assert.strictEqual(yield* dial(world, protocols), "status 200")
      assert.strictEqual(world.upstream.last().headers["sec-websocket-protocol"], "realtime, openai-beta.realtime-v1")
      assert.notInclude(world.upstream.last().rawHeaders.join("\n"), token)
      assert.strictEqual(yield* dial(world, protocols, { authorization: `Bearer ${token}` }), "status 200")
      assert.strictEqual(yield* dial(world, protocols, { authorization: `Bearer ${other}` }), "status 400")
      assert.strictEqual(yield* dial(world, ["realtime", `${key}bad`]), "status 401")
    }))

  it.live("a subprotocol that is no carrier of ours is no credential, and still does not reach the upstream", () =>
    Effect.gen(function*() {
      const { token, world } = yield* setting({ doors: { websocket: ["/v1/realtime"] } })
      assert.strictEqual(yield* dial(world, ["realtime", `${key}${token}`]), "status 401")
      const headers = { authorization: `Bearer ${token}` }
      assert.strictEqual(yield* dial(world, ["realtime", `${key}sk-own`], headers), "status 200")
      assert.strictEqual(world.upstream.last().headers["sec-websocket-protocol"], "realtime")
    }))
})

describe("gateway.identityHeaders", () => {
  const identityHeaders = {
    "x-openwebui-user-email": { from: "email", raw: true },
    "x-team": "team",
    "x-user-raw": { from: "user", raw: true },
    "x-who": "user"
  } as const

  it.live("tells our values under other names, whatever the caller says under them", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { identityHeaders }, rows: World.rows })
      const token = yield* world.token("alice", { groups: ["red"] })
      const answer = yield* Raw.send(
        world.port,
        Raw.request("GET /v1/files HTTP/1.1", [
          `Authorization: Bearer ${token}`,
          "X-OpenWebUI-User-Email: root@acme.test",
          "x_openwebui_user_email: root@acme.test",
          "X-Team: blue",
          "Connection: close"
        ])
      )
      assert.deepStrictEqual(Raw.statuses(answer), [200])
      const { headers, rawHeaders } = world.upstream.last()
      assert.strictEqual(headers["x-openwebui-user-email"], "alice@acme.test")
      assert.strictEqual(headers["x-team"], "red")
      assert.strictEqual(headers["x-who"], "alice")
      assert.notMatch(rawHeaders.join("\n"), /root|blue/)
    }))

  it.live("RULES D57: tells an address only with its proof, at the proxy and at the doors", () =>
    Effect.gen(function*() {
      const world = yield* World.make({
        doors: { identityHeaders: { "x-mail": "email" } },
        directory: { users: { unknown: "allow" } }
      })
      const told = Effect.fnUntraced(function*(claims: Readonly<Record<string, unknown>>) {
        const bearer = `Authorization: Bearer ${yield* world.token("zoe", { groups: ["red"], ...claims })}`
        const asked = yield* Raw.send(
          world.port,
          Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", [
            "X-Forwarded-Method: GET",
            "X-Forwarded-Uri: /v1/files",
            bearer,
            "Connection: close"
          ])
        )
        yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer, "Connection: close"]))
        const { headers } = world.upstream.last()
        return [headers["x-jotgate-email"] ?? "", headers["x-mail"] ?? "", Raw.header(asked, "x-jotgate-email")]
      })
      const zoe = "zoe%40acme.test"
      assert.deepStrictEqual(yield* told({ email: "zoe@acme.test", email_verified: true }), [zoe, zoe, zoe])
      for (const email_verified of [false, undefined, "no", 1]) {
        assert.deepStrictEqual(yield* told({ email: "root@acme.test", email_verified }), ["", "", ""])
      }
    }))

  it.live("leaves out what does not fit a header raw, and is complete at the doors", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { identityHeaders }, rows: World.people({ "日本": {} }) })
      const token = yield* world.token("日本")
      const answer = yield* Raw.send(
        world.port,
        Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", [
          "X-Forwarded-Method: GET",
          "X-Forwarded-Uri: /v1/files",
          `Authorization: Bearer ${token}`,
          "Connection: close"
        ])
      )
      assert.deepStrictEqual(Raw.statuses(answer), [200], answer)
      assert.strictEqual(Raw.header(answer, "x-user-raw"), "")
      assert.strictEqual(Raw.header(answer, "x-team"), "")
      assert.strictEqual(Raw.header(answer, "x-who"), encodeURIComponent("日本"))
    }))
})
