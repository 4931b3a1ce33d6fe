import { assert, describe, it, layer } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import { Context, Effect, Layer, Schema } from "effect"
import { connect } from "node:net"
import { type Dialect, dialects } from "../../src/doors/Dialect.ts"
import type { AnswerRecord } from "../../src/record/AnswerRecord.ts"
import * as GrpcClient from "../support/GrpcClient.ts"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const doors = [...dialects, "proxy", "websocket", "grpc"] as const
type Door = (typeof doors)[number]

/** Whatever callers send: the table is drawn from at random, so most of it goes wrong somewhere. */
const table = {
  door: Schema.Literals(doors),
  method: Schema.Literals(["GET", "POST", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]),
  path: Schema.Literals([
    "/v1/chat/completions",
    "/v1/models",
    "/v1/models/claude-x",
    "/v1/files/f-1?a=b",
    "/key/generate",
    "/nothing/here",
    "/v1/../key/generate",
    "/v1//files",
    "/v1/files;x=1",
    "//evil.test/v1",
    "/_jotgate/other",
    "/down",
    "/_jotgate/auth/nginx"
  ]),
  token: Schema.Literals(["none", "bad", "red", "both", "stranger", "blocked", "expired"]),
  body: Schema.Literals([
    "",
    `{"model":"gpt-4o"}`,
    `{"model":"claude-x"}`,
    `{"model":"gpt-4o","model":"o1"}`,
    "model=gpt-4o",
    "{",
    "x".repeat(3000)
  ]),
  header: Schema.Literals([
    "X-Test: 1",
    "X-Team-Id: blue",
    "X-Team-Id: green",
    "Content-Type: text/plain",
    "Content-Encoding: gzip",
    "Host: twice.test",
    "X-Request-Id: r-1",
    "X-Api-Key: other",
    "Expect: 100-continue",
    `X-Long: ${"y".repeat(9000)}`
  ])
}

class Setting extends Context.Service<Setting, {
  readonly world: World.World
  readonly tokens: Readonly<Record<string, string>>
  /** Every record, as it was written. */
  readonly told: ReadonlyArray<AnswerRecord>
}>()("test/EveryAnswer") {
  static readonly layer = Layer.effect(
    Setting,
    Effect.gen(function*() {
      const world = yield* World.make({
        grpc: true,
        doors: {
          trustedProxies: ["127.0.0.1"],
          websocket: ["/v1/*"],
          limits: { ...World.defaultLimits, body: 2000, headers: 8192 },
          upstreams: [{ url: "http://127.0.0.1:1", match: { path: "/down" } }]
        },
        policy: { passThroughRoutes: [], teamRoutes: ["llm_api_routes", "info_routes", "/down"] }
      })
      const { token } = world
      const told: Array<AnswerRecord> = []
      yield* Effect.acquireRelease(
        Effect.sync(() => world.log.follow((it) => void told.push(it))),
        (stop) => Effect.sync(stop)
      )
      return {
        world,
        told,
        tokens: {
          bad: "a.b.c",
          red: yield* token("alice", { groups: ["red"] }),
          both: yield* token("alice", { groups: ["red", "blue"] }),
          stranger: yield* token("nobody"),
          blocked: yield* token("bob", { groups: ["red"] }),
          expired: yield* token("alice", { iat: 1, exp: 2 })
        }
      }
    })
  )
}

/** The message of one request at the gRPC door. */
const messageOf = (
  it: { readonly method: string; readonly path: string; readonly lines: ReadonlyArray<string>; readonly body: string }
) => {
  const headers = it.lines.map((line) => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return GrpcClient.messageOf({ method: it.method, path: it.path, body: it.body, headers })
}

/** The bytes of one request at a door. */
const bytesOf = (
  door: Exclude<Door, "grpc">,
  it: { readonly method: string; readonly path: string; readonly lines: ReadonlyArray<string>; readonly body: string }
): string => {
  const told: Readonly<Record<Dialect, ReadonlyArray<string>>> = {
    nginx: [`X-Original-Method: ${it.method}`, `X-Original-URI: ${it.path}`],
    "ingress-nginx": [`X-Original-Method: ${it.method}`, `X-Original-URL: https://gate.test${it.path}`],
    caddy: [`X-Forwarded-Method: ${it.method}`, `X-Forwarded-Uri: ${it.path}`],
    traefik: [`X-Forwarded-Method: ${it.method}`, `X-Forwarded-Uri: ${it.path}`],
    haproxy: [`X-Forwarded-Method: ${it.method}`, `X-Forwarded-Uri: ${it.path}`],
    envoy: []
  }
  const length = it.body === "" ? [] : [`Content-Length: ${it.body.length}`]
  const lines = [...it.lines, ...length]
  if (door === "proxy") return Raw.request(`${it.method} ${it.path} HTTP/1.1`, ["Connection: close", ...lines], it.body)
  if (door === "envoy") {
    return Raw.request(`${it.method} /_jotgate/envoy${it.path} HTTP/1.1`, ["Connection: close", ...lines], it.body)
  }
  if (door === "websocket") {
    const upgrade = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: eA=="
    ]
    return Raw.request(`GET ${it.path} HTTP/1.1`, [...upgrade, ...lines], it.body)
  }
  return Raw.request(`GET /_jotgate/auth/${door} HTTP/1.1`, ["Connection: close", ...told[door], ...lines], it.body)
}

/** The id and the code that an answer tells its caller. */
const toldBy = (answer: string) => {
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4)
  const problem = body.startsWith("{") && body.includes(`"decision"`) ? JSON.parse(body) : undefined
  return {
    id: Raw.header(answer, "x-jotgate-decision"),
    code: problem?.code ?? null,
    inBody: problem?.decision,
    status: Raw.statuses(answer).at(-1) ?? 0
  }
}

const tooLarge = { id: undefined, code: null, inBody: undefined, status: 0 }

/** The same of an answer over gRPC. */
const toldByMessage = ({ body, headers, status }: GrpcClient.Answer) => {
  const problem = body.startsWith("{") ? JSON.parse(body) : undefined
  return {
    id: headers["x-jotgate-decision"] ?? problem?.decision,
    code: problem?.code ?? null,
    inBody: problem?.decision,
    status
  }
}

const until = (condition: () => boolean) =>
  Effect.promise(async () => {
    const end = performance.now() + 60_000
    while (!condition() && performance.now() < end) await new Promise((done) => setTimeout(done, 2))
  })

layer(Setting.layer, { excludeTestServices: true })("every answer", (it) => {
  it.effect.prop(
    "at any door has exactly one record: its id, status and code are what the caller got",
    table,
    ({ body, door, header, method, path, token }) =>
      Effect.gen(function*() {
        const { told, tokens, world } = yield* Setting
        const before = told.length
        const upstreamCalls = world.upstream.requests.length
        const lines = [...(tokens[token] === undefined ? [] : [`Authorization: Bearer ${tokens[token]}`]), header]
        const { code, id, inBody, status } = door === "grpc"
          ? yield* GrpcClient.check(world.grpcPort, messageOf({ method, path, lines, body })).pipe(
            Effect.map(toldByMessage),
            // Bytes that are more than a message may have are an error of gRPC: nothing was asked.
            Effect.catch(({ code }) =>
              code === grpc.status.RESOURCE_EXHAUSTED ? Effect.succeed(tooLarge) : Effect.die(code)
            )
          )
          : toldBy(
            (yield* Raw.send(world.port, bytesOf(door, { method, path, lines, body }))).replace(
              /^HTTP\/1\.1 100 Continue\r\n\r\n/,
              ""
            )
          )
        const carried = id ?? world.upstream.requests.slice(upstreamCalls).at(-1)?.headers["x-jotgate-decision"]
        if (carried === undefined) {
          if (status === 0) return
          assert.strictEqual(
            status,
            408,
            `an answer without a decision: ${JSON.stringify({ door, method, path, header })}`
          )
          return
        }
        yield* until(() => told.some((it) => it.decision === carried))
        const records = told.slice(before)
        assert.strictEqual(records.length, 1, "one record, no more")
        const record = records.find((it) => it.decision === carried)
        assert.isDefined(record)
        assert.strictEqual(record?.status, status)
        assert.strictEqual(record?.code, code)
        if (inBody !== undefined) assert.strictEqual(inBody, carried)
        if (status >= 400 && code !== null) {
          // A body that is no JSON names no model: whoever sent it is told why.
          const isForeign = record?.verdictCode === "model_unnamed" && code === "media_type_unsupported"
          assert.strictEqual(isForeign ? code : record?.verdictCode ?? code, code)
          if (record?.verdict === "deny") {
            assert.isTrue(record?.steps?.some((it) => it.outcome !== "ok"), "has its steps")
          }
        }
        assert.notInclude(JSON.stringify(record), tokens["red"] ?? "")
      }),
    { arbitrary: { runs: 200 } }
  )
})

describe("what the upstream did", () => {
  const red = Effect.fnUntraced(function*(options: World.WorldOptions = {}) {
    const world = yield* World.make(options)
    const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
    const last = () => world.log.recent(1)[0]
    return { world, bearer, last }
  })

  it.live("its name, its status and when it began to answer; the rules allowed it, the caller saw what it said", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red()
      world.upstream.answer = (_, response) => void response.writeHead(418).end("a teapot")
      yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer, "Connection: close"]))
      yield* until(() => last() !== undefined)
      const record = last()
      assert.deepInclude(record, { status: 418, code: null, verdict: "allow", verdictCode: null, cause: null })
      assert.deepInclude(record, { user: "alice", team: "red", issuer: "idp.test" })
      assert.isUndefined(record?.steps)
      assert.deepStrictEqual(record?.claimed, { user: "alice", email: null, teams: ["red"] })
      assert.strictEqual(record?.upstream?.name, `127.0.0.1:${world.upstream.port}`)
      assert.strictEqual(record?.upstream?.status, 418)
      assert.isAbove(record?.upstream?.firstByteMillis ?? -1, 0)
    }))

  it.live("it cannot be reached: 502, allowed by the rules, with the cause", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red({ doors: { upstream: { url: "http://127.0.0.1:1" } } })
      yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer, "Connection: close"]))
      const record = last()
      assert.deepInclude(record, { status: 502, code: "upstream_unreachable", verdict: "allow", cause: "ECONNREFUSED" })
      assert.deepStrictEqual(record?.upstream, { name: "127.0.0.1:1", status: null, firstByteMillis: null })
    }))

  it.live("a team without a key is 403 after an allow", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red({
        upstream: { authorization: { team: "file:/nowhere/{team}" }, onMissingTeamKey: "deny" }
      })
      yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer, "Connection: close"]))
      assert.deepInclude(last(), { status: 403, code: "upstream_key_missing", verdict: "allow", verdictCode: null })
    }))

  /** Sends a request, waits for `when`, and breaks the connection off. */
  const hangUp = (port: number, text: string, when: (socket: { readonly read: string }) => boolean) =>
    Effect.promise(() =>
      new Promise<void>((done) => {
        const seen = { read: "" }
        const socket = connect(port, "127.0.0.1", () => socket.write(text))
        const look = setInterval(() => {
          if (!when(seen)) return
          clearInterval(look)
          socket.destroy()
          done()
        }, 2)
        socket.on("data", (chunk) => void (seen.read += chunk.toString("latin1")))
        socket.on("error", () => {})
      })
    )

  it.live("a caller who goes in the middle of a stream got the status that was sent; who goes before it, 499", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red()
      const request = Raw.request("GET /v1/files HTTP/1.1", [bearer])
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n")
      }
      yield* hangUp(world.port, request, ({ read }) => read.includes("data: 1"))
      yield* until(() => last() !== undefined)
      assert.deepInclude(last(), { status: 200, verdict: "allow", aborted: true })
      world.upstream.answer = () => {}
      const asked = world.upstream.requests.length
      yield* hangUp(world.port, request, () => world.upstream.requests.length > asked)
      yield* until(() => last()?.status === 499)
      assert.deepInclude(last(), { status: 499, code: null, verdict: "allow", aborted: true })
    }))

  it.live("an upstream that breaks off in the middle is told as aborted, with the cause", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red()
      world.upstream.answer = (_, response) => {
        response.writeHead(200, { "content-length": "100" }).write("half")
        setTimeout(() => response.destroy(), 20)
      }
      yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer]))
      yield* until(() => last() !== undefined)
      const record = last()
      assert.deepInclude(record, { status: 200, verdict: "allow", aborted: true })
      assert.isString(record?.cause)
    }))

  it.live("at the nginx door the status is what nginx is told, the code the real one", () =>
    Effect.gen(function*() {
      const { bearer, last, world } = yield* red()
      const stranger = `Authorization: Bearer ${yield* world.token("nobody")}`
      const ask = (line: string) =>
        Raw.send(
          world.port,
          Raw.request("GET /_jotgate/auth/nginx HTTP/1.1", [
            "X-Original-Method: GET",
            "X-Original-URI: /v1/files",
            line,
            "Connection: close"
          ])
        )
      yield* ask(stranger)
      assert.deepInclude(last(), { door: "nginx", status: 403, verdictCode: "user_not_found", code: "user_not_found" })
      yield* ask(bearer)
      assert.deepInclude(last(), { door: "nginx", status: 200, code: null, verdict: "allow", upstream: null })
    }))
})
