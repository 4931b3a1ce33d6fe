/** The gRPC door asked with messages of every shape: an answer of ours or a gRPC error, one record each, no OK without a decision. */
import { assert, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import { Effect } from "effect"
import * as GrpcClient from "../../support/GrpcClient.ts"
import * as World from "../../support/World.ts"

const chat = "/v1/chat/completions"
const gpt = JSON.stringify({ model: "gpt-4o", messages: [] })

const setting = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
  const world = yield* World.make({ grpc: true, ...options })
  const token = yield* world.token("alice", { groups: ["red"] })
  const bearer = ["authorization", `Bearer ${token}`] as const
  const ask = (message: Uint8Array) => GrpcClient.check(world.grpcPort, message)
  const post = (body: string, headers: ReadonlyArray<readonly [string, string]> = []) =>
    ask(GrpcClient.messageOf({
      method: "POST",
      path: chat,
      body,
      headers: [bearer, ["content-type", "application/json"], ...headers]
    }))
  return { world, token, bearer, ask, post }
})

const codeOf = ({ body }: GrpcClient.Answer): unknown => JSON.parse(body).code

/** A message in the older form: a map of joined headers, and a text as body. */
const mapped = (headers: Readonly<Record<string, string>>, more: object = {}) =>
  GrpcClient.bytes({
    attributes: {
      request: {
        http: { method: "POST", path: chat, headers: { ":method": "POST", ":path": chat, ...headers }, ...more }
      }
    }
  })

describe("an allow", () => {
  it.live(
    "tells who is calling as headers and as dynamic metadata, and takes away what it does not set",
    () =>
      Effect.gen(function*() {
        const { post, world } = yield* setting()
        const answer = yield* post(gpt, [
          ["x_jotgate_user", "root"],
          ["X-Jotgate.Admin", "true"],
          ["x-api-key", "sk-mine"],
          ["x-team-id", "red"]
        ])
        const [record] = world.log.recent(1)
        assert.strictEqual(answer.code, 0)
        assert.deepInclude(answer.headers, {
          "x-jotgate-user": "alice",
          "x-jotgate-team": "red",
          "x-jotgate-models": "gpt-4o*",
          "x-jotgate-decision": record?.decision ?? ""
        })
        assert.includeMembers([...answer.removed], [
          "authorization",
          "x-team-id",
          "x-litellm-team-id",
          "x-jotgate-admin",
          "x-jotgate-organization",
          "x_jotgate_user",
          "x-jotgate.admin"
        ])
        assert.isEmpty(answer.removed.filter((name) => name in answer.headers))
        assert.deepStrictEqual(answer.metadata, {
          decision: record?.decision,
          user: "alice",
          email: "alice@acme.test",
          team: "red",
          admin: false,
          models: ["gpt-4o*"],
          tools: ["*"],
          route: chat,
          model: "gpt-4o"
        })
        assert.strictEqual(record?.door, "grpc")
      })
  )

  it.live(
    "takes away what an upstream could read as one of our names, or as a credential, in another spelling",
    () =>
      Effect.gen(function*() {
        const { post } = yield* setting({ doors: { identityHeaders: { "x-member": "user" } } })
        const spelt = ["X_Member", "x-pass-x-jotgate-user", "x_team_id", "X.Litellm.Team.Id"]
        const answer = yield* post(gpt, [...spelt, "x-member", "x-jotgate-user"].map((it) => [it, "root"]))
        assert.includeMembers([...answer.removed], spelt.map((it) => it.toLowerCase()))
        assert.deepInclude(answer.headers, { "x-member": "alice", "x-jotgate-user": "alice" })
        const again = yield* post(gpt)
        assert.notIncludeMembers([...again.removed], ["x_member"])
      })
  )

  it.live("says the id of its own record each time that a decision is given again", () =>
    Effect.gen(function*() {
      const { post, world } = yield* setting()
      const ids: Array<string> = []
      for (let i = 0; i < 4; i++) {
        const { headers, metadata } = yield* post(gpt, [["x-request-id", i === 3 ? "x".repeat(2_000) : `r-${i}`]])
        assert.strictEqual(headers["x-jotgate-decision"], metadata["decision"])
        ids.push(String(metadata["decision"]))
      }
      const records = world.log.recent(10).toReversed()
      assert.deepStrictEqual(records.map((it) => it.decision), ids)
      // What is no id is not kept.
      assert.deepStrictEqual(records.map((it) => it.requestId), ["r-0", "r-1", "r-2", null])
    }))

  it.live("RULES D53: does not see messages over WebSocket, whether or not it is told of the upgrade", () =>
    Effect.gen(function*() {
      const { ask, bearer } = yield* setting({ doors: { forwardAuth: { authorization: false, unseenModel: "deny" } } })
      for (
        const [path, method] of [["/v1/responses", "GET"], ["/v1/realtime", "GET"], [
          "/v1/responses",
          "CONNECT"
        ]] as const
      ) {
        for (const upgrade of [[], [["upgrade", "websocket"]]] as const) {
          const answer = yield* ask(GrpcClient.messageOf({ method, path, headers: [bearer, ...upgrade], body: "" }))
          assert.strictEqual(codeOf(answer), "model_unseen", `${method} ${path}`)
        }
      }
      const plain = yield* ask(
        GrpcClient.messageOf({ method: "GET", path: "/v1/responses/r-1", headers: [bearer], body: "" })
      )
      assert.strictEqual(plain.status, 200)
    }))

  it.live(
    "carries the upstream's credential where forward auth does, as header and as metadata",
    () =>
      Effect.gen(function*() {
        const { post } = yield* setting({
          doors: { forwardAuth: { authorization: true, unseenModel: "pass" } },
          upstream: { authorization: { default: "env:KEY" } },
          env: { KEY: "sk-team" }
        })
        const answer = yield* post(gpt)
        assert.strictEqual(answer.headers["authorization"], "Bearer sk-team")
        assert.notInclude(answer.removed, "authorization")
        assert.deepStrictEqual(answer.metadata["upstream"], { authorization: "Bearer sk-team" })
      })
  )

  it.live(
    "a credential with a header of its own stands under that name, as Envoy AI Gateway reads it",
    () =>
      Effect.gen(function*() {
        const { post } = yield* setting({
          doors: { forwardAuth: { authorization: true, unseenModel: "pass" } },
          upstream: { authorization: { team: { red: "env:RED" } }, header: "x-aigw-api-key" },
          env: { RED: "sk-red" }
        })
        const answer = yield* post(gpt, [["x-aigw-api-key", "sk-mine"]])
        assert.strictEqual(answer.headers["x-aigw-api-key"], "sk-red")
        assert.deepInclude(answer.metadata, { "x-aigw-api-key": "sk-red", upstream: { authorization: "sk-red" } })
      })
  )
})

describe("a denial", () => {
  it.live("has status, challenge and body of every door, and a code that is not 0", () =>
    Effect.gen(function*() {
      const { ask, post, world } = yield* setting()
      const missing = yield* ask(GrpcClient.messageOf({ method: "GET", path: "/v1/files", headers: [] }))
      assert.strictEqual(missing.status, 401)
      assert.strictEqual(missing.code, 16)
      assert.strictEqual(
        missing.headers["www-authenticate"],
        `Bearer realm="jotgate", resource_metadata="https://gate.example:8443/.well-known/oauth-protected-resource/v1/files"`
      )
      const denied = yield* post(JSON.stringify({ model: "o1" }))
      assert.deepStrictEqual([denied.status, denied.code, codeOf(denied)], [403, 7, "team_model_denied"])
      const [record] = world.log.recent(1)
      assert.strictEqual(JSON.parse(denied.body).decision, record?.decision)
    }))
})

describe("a message that two readers could take differently is denied with 400", () => {
  const bearerOf = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" })
  const messages: Readonly<Record<string, (token: string) => Uint8Array>> = {
    "no attributes": () => GrpcClient.bytes({}),
    "no HTTP request": () => GrpcClient.bytes({ attributes: { request: {} } }),
    "no method": () => GrpcClient.bytes({ attributes: { request: { http: { path: "/v1/files" } } } }),
    "no path": () => GrpcClient.bytes({ attributes: { request: { http: { method: "GET" } } } }),
    "body and raw_body that differ": (token) =>
      mapped(bearerOf(token), { body: gpt, raw_body: Buffer.from(gpt.replace("gpt-4o", "o1")) }),
    "headers and header_map that differ": (token) =>
      mapped(bearerOf(token), {
        header_map: { headers: [{ key: "authorization", raw_value: Buffer.from("Bearer x") }] }
      }),
    "a path with a dot segment": (token) => mapped(bearerOf(token), { path: "/v1/../key/generate" }),
    "a path with an encoded slash": (token) => mapped(bearerOf(token), { path: "/v1/files%2Fx" })
  }
  for (const [title, message] of Object.entries(messages)) {
    it.live(title, () =>
      Effect.gen(function*() {
        const { ask, token, world } = yield* setting()
        const answer = yield* ask(message(token))
        assert.deepStrictEqual([answer.status, codeOf(answer)], [400, "request_ambiguous"])
        assert.notStrictEqual(answer.code, 0)
        assert.strictEqual(world.log.recent(100).length, 1)
      }))
  }

  it.live("what a proxy says beside the request is no credential and names nobody", () =>
    Effect.gen(function*() {
      const { ask } = yield* setting()
      const fields = { authorization: { string_value: "Bearer x" }, user: { string_value: "alice" } }
      const answer = yield* ask(GrpcClient.bytes({
        attributes: {
          source: { principal: "spiffe://acme.test/alice" },
          context_extensions: { user: "alice", "x-jotgate-user": "alice", decision: "allow" },
          metadata_context: { filter_metadata: { "envoy.filters.http.jwt_authn": { fields } } },
          tls_session: { sni: "admin.acme.test" },
          request: { http: { method: "GET", path: "/v1/files" } }
        }
      }))
      assert.deepStrictEqual([answer.status, codeOf(answer)], [401, "token_missing"])
    }))

  it.live("two credentials, listed or joined, with one record each", () =>
    Effect.gen(function*() {
      const { ask, bearer, token, world } = yield* setting()
      const listed = GrpcClient.messageOf({
        method: "GET",
        path: "/v1/files",
        headers: [bearer, ["authorization", "Bearer other"]]
      })
      const joined = mapped({ authorization: `Bearer ${token},Bearer other` }, { method: "GET", path: "/v1/files" })
      for (const message of [listed, joined]) assert.include([400, 401], (yield* ask(message)).status)
      assert.strictEqual(world.log.recent(100).length, 2)
    }))
})

describe("the model", () => {
  it.live("is judged in a body that comes whole, in either form", () =>
    Effect.gen(function*() {
      const { ask, token } = yield* setting()
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      for (const [model, status] of [["gpt-4o", 200], ["o1", 403]] as const) {
        const body = JSON.stringify({ model })
        assert.strictEqual((yield* ask(mapped(headers, { body }))).status, status)
        assert.strictEqual((yield* ask(mapped(headers, { raw_body: Buffer.from(body) }))).status, status)
      }
    }))

  it.live("is not taken from a body that was cut, by its mark or by its length", () =>
    Effect.gen(function*() {
      const { post, world } = yield* setting()
      const whole = yield* post(gpt)
      assert.strictEqual(whole.metadata["model"], "gpt-4o")
      const cut = [
        yield* post(gpt, [["x-envoy-auth-partial-body", "true"]]),
        yield* post(gpt, [["content-length", String(gpt.length + 1)]]),
        yield* post("", [["transfer-encoding", "chunked"]])
      ]
      for (const it of cut) assert.isUndefined(it.metadata["model"])
      assert.strictEqual(world.log.recent(100).length, 1 + cut.length)
    }))
})

describe("the listener", () => {
  it.live("only believed peers may ask", () =>
    Effect.gen(function*() {
      const { post } = yield* setting({ doors: { trustedProxies: ["10.0.0.0/8"] } })
      assert.strictEqual(codeOf(yield* post(gpt)), "peer_untrusted")
    }))

  it.live("takes messages as large as body and head may be, and no larger ones", () =>
    Effect.gen(function*() {
      const { post, world } = yield* setting({
        doors: { limits: { ...World.defaultLimits, body: 6 * 1024 * 1024, headers: 2 * 1024 * 1024 } }
      })
      const large = JSON.stringify({ model: "gpt-4o", prompt: "x".repeat(5 * 1024 * 1024) })
      assert.strictEqual((yield* post(large)).code, 0)
      assert.strictEqual((yield* post(gpt, [["x-large", "y".repeat(1024 * 1024)]])).code, 0)
      assert.strictEqual(world.log.recent(100).length, 2)
      const error = yield* Effect.flip(post(JSON.stringify({ model: "gpt-4o", prompt: "x".repeat(9 * 1024 * 1024) })))
      assert.strictEqual(error.code, grpc.status.RESOURCE_EXHAUSTED)
      assert.strictEqual((yield* post(gpt)).code, 0)
    }))

  it.live(
    "what is too large for the gate is denied as at the gate, whatever a message may hold",
    () =>
      Effect.gen(function*() {
        const { ask, bearer, post, world } = yield* setting({
          doors: { limits: { ...World.defaultLimits, body: 1_000_000, headers: 10_000 } }
        })
        const many = Array.from({ length: 2_000 }, (_, at) => [`x-${at}`, "y"] as const)
        const large = [
          yield* post(gpt, [["x-large", "y".repeat(20_000)]]),
          yield* post(gpt, many),
          yield* ask(
            GrpcClient.messageOf({ method: "GET", path: `/v1/files?${"x".repeat(20_000)}`, headers: [bearer] })
          ),
          yield* post(JSON.stringify({ model: "gpt-4o", prompt: "x".repeat(1_000_001) }))
        ]
        assert.deepStrictEqual(large.map((it) => [it.status, codeOf(it)]), [
          [431, "headers_too_large"],
          [431, "headers_too_large"],
          [431, "headers_too_large"],
          [413, "body_too_large"]
        ])
        assert.strictEqual(world.log.recent(10).length, large.length)
      })
  )

  it.live("bytes that are no message are a gRPC error, and the next check is answered", () =>
    Effect.gen(function*() {
      const { ask, post } = yield* setting()
      const error = yield* Effect.flip(ask(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])))
      assert.strictEqual(error.code, grpc.status.INTERNAL)
      assert.strictEqual((yield* post(gpt)).code, 0)
    }))

  it.live("health is told for the door and for what is known of it", () =>
    Effect.gen(function*() {
      const { world } = yield* setting()
      assert.strictEqual(yield* GrpcClient.health(world.grpcPort), 1)
      assert.strictEqual(yield* GrpcClient.health(world.grpcPort, "envoy.service.auth.v3.Authorization"), 1)
      const unknown = yield* Effect.flip(GrpcClient.health(world.grpcPort, "other"))
      assert.strictEqual(unknown.code, grpc.status.NOT_FOUND)
      world.state.draining = true
      assert.strictEqual(yield* GrpcClient.health(world.grpcPort), 2)
    }))

  it.live("whoever is no gRPC client gets an error, and the process goes on", () =>
    Effect.gen(function*() {
      const { post, world } = yield* setting()
      const answer = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${world.grpcPort}/`).then(() => "answered", () => "refused")
      )
      assert.strictEqual(answer, "refused")
      assert.strictEqual((yield* post(gpt)).code, 0)
    }))
})
