/**
 * The clients that people use, against servers that people run, through the gate and through proxies that ask it:
 * alice lists and calls exactly three tools, bob none, an agent for alice one.
 */
import { assert, describe, it } from "@effect/vitest"
import { AgentId, makeAgent, makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import { first, newest, use } from "../support/McpClients.ts"
import { message, modern, sendMessage } from "../support/McpMessages.ts"
import { modernServer, sharedEverythingServer } from "../support/McpServers.ts"
import { plainProxies } from "../support/PlainProxies.ts"
import { proxies } from "../support/Proxies.ts"
import { sendSpoofed, spoofedCalls } from "../support/SpoofedCalls.ts"
import * as World from "../support/World.ts"

const everything = sharedEverythingServer()

const user = (id: string, team: string) =>
  makeUser({ id: UserId.make(id), email: `${id}@acme.test`, role: "internal_user", teams: [TeamId.make(team)] })

const rows = (server: string, three: ReadonlyArray<string>) => ({
  users: [user("alice", "red"), user("bob", "blue")],
  teams: [
    makeTeam({ id: TeamId.make("red"), models: ["*"], tools: three.map((it) => `${server}/${it}`) }),
    makeTeam({ id: TeamId.make("blue"), models: ["*"], tools: [] })
  ],
  agents: [makeAgent({ id: AgentId.make("agent-7"), tools: [`${server}/${three[0]}`] })]
})

const callers = {
  alice: (world: World.World) => world.token("alice", { groups: ["red"] }),
  bob: (world: World.World) => world.token("bob", { groups: ["blue"] }),
  agent: (world: World.World) => world.token("alice", { groups: ["red"], act: { sub: "agent-7" } })
}

const policy = (server: string) => ({
  teamRoutes: ["llm_api_routes", "/mcp/*"],
  mcp: [{ server, path: "/mcp" }]
})

/** What each caller lists and calls: all five are tried. */
const expected = (three: ReadonlyArray<string>) => ({ alice: three, bob: [], agent: three.slice(0, 1) })

/** What a server of every feature offers, in part; the last two are nobody's here. */
const three = ["echo", "get-sum", "get-tiny-image"]
const five = [...three, "get-env", "toggle-simulated-logging"]

const everythingWorld = (more: World.WorldOptions = {}) =>
  World.make({ policy: policy("everything"), rows: rows("everything", three), claims: { agent: {} }, ...more })

describe("an MCP server behind the gate", () => {
  it.live(
    "server-everything: each caller lists and calls what is theirs, with the SDK of sessions",
    () =>
      Effect.gen(function*() {
        const { url } = yield* everything
        const world = yield* everythingWorld({ mcp: { everything: { url } } })
        for (const [name, token] of Object.entries(callers)) {
          const bearer = yield* token(world)
          const used = yield* use(() => first(`${world.url}/mcp`, bearer), five)
          const mine = expected(three)[name as keyof typeof callers]
          assert.deepStrictEqual(used.listed.toSorted(), mine.toSorted(), name)
          assert.deepStrictEqual(used.called, mine, name)
          for (const error of used.errors) assert.match(error, /may not|denied|403/i)
        }
      })
  )

  for (const [client, open] of Object.entries({ first, newest })) {
    it.live(
      `a server of the newest revision: each caller lists and calls what is theirs, ${client} client`,
      () =>
        Effect.gen(function*() {
          const three = ["one", "two", "three"]
          const { calls, url } = yield* modernServer
          const world = yield* World.make({
            policy: policy("modern"),
            rows: rows("modern", three),
            claims: { agent: {} },
            mcp: { modern: { url } }
          })
          for (const [name, token] of Object.entries(callers)) {
            calls.count = 0
            const bearer = yield* token(world)
            const used = yield* use(() => open(`${world.url}/mcp`, bearer), [...three, "four", "five"])
            const mine = expected(three)[name as keyof typeof callers]
            assert.deepStrictEqual(used.listed, mine, name)
            assert.deepStrictEqual(used.called, mine, name)
            assert.strictEqual(calls.count, mine.length)
          }
        })
    )
  }
})

describe("calls that say something else than they do", () => {
  it.live("300 of them reach no tool", () =>
    Effect.gen(function*() {
      const { calls, url } = yield* modernServer
      const world = yield* World.make({
        policy: policy("modern"),
        rows: rows("modern", ["one", "two", "three"]),
        mcp: { modern: { url } }
      })
      const alice = yield* callers.alice(world)
      const all = spoofedCalls("/mcp", "one", "four")
      assert.isAtLeast(all.length, 300)
      for (const it of all) {
        const status = yield* sendSpoofed(world.url, alice, it)
        assert.strictEqual(calls.count, 0, it.what)
        assert.notStrictEqual(status, 0, it.what)
        assert.notStrictEqual(status, 500, it.what)
      }
      const good = spoofedCalls("/mcp", "four", "one")[0]
      if (good !== undefined) assert.strictEqual(yield* sendSpoofed(world.url, alice, good), 200)
      assert.strictEqual(calls.count, 1)
    }))
})

describe("server-everything behind real proxies", () => {
  it.live(
    `in front of the gate ${Object.keys(plainProxies).join(", ")}: each caller lists and calls what is theirs`,
    () =>
      Effect.gen(function*() {
        const { url } = yield* everything
        const world = yield* everythingWorld({ mcp: { everything: { url } } })
        for (const [name, start] of Object.entries(plainProxies)) {
          const front = yield* start(new URL(world.url))
          for (const [caller, token] of Object.entries(callers)) {
            const bearer = yield* token(world)
            const used = yield* use(() => first(`${front.url}/mcp`, bearer), five)
            const mine = expected(three)[caller as keyof typeof callers]
            assert.deepStrictEqual(used.listed.toSorted(), mine.toSorted(), `${caller} behind ${name}`)
            assert.deepStrictEqual(used.called, mine, `${caller} behind ${name}`)
          }
        }
      })
  )

  // The others are other versions of these, or ask in the way of one of them.
  const some = ["nginx", "caddy, current", "haproxy", "traefik", "envoy over gRPC"]
  for (const [name, proxy] of Object.entries(proxies).filter(([it]) => some.includes(it))) {
    const seesBodies = ["traefik", "envoy over gRPC"].includes(name)
    const started = Effect.gen(function*() {
      const { url } = yield* everything
      const world = yield* everythingWorld({ grpc: true })
      const front = yield* proxy.start({
        gate: new URL(world.url),
        grpc: { host: "127.0.0.1", port: world.grpcPort },
        upstream: new URL(url)
      })
      return { front, server: url, world }
    })
    if (seesBodies) {
      it.live(`${name} sees bodies: each caller calls what is theirs`, () =>
        Effect.gen(function*() {
          const { front, world } = yield* started
          for (const [caller, token] of Object.entries(callers)) {
            const bearer = yield* token(world)
            const used = yield* use(() => first(`${front.url}/mcp`, bearer), five)
            assert.deepStrictEqual(used.called, expected(three)[caller as keyof typeof callers], caller)
          }
        }))
      continue
    }
    it.live(
      `${name} sees no body: a server that speaks no 2026-07-28 is called by nobody, whatever the headers say`,
      () =>
        Effect.gen(function*() {
          const { front, server, world } = yield* started
          const alice = yield* callers.alice(world)
          const refused = yield* Effect.promise(() => first(`${front.url}/mcp`, alice).then(() => "let in", String))
          assert.match(refused, /tool_unseen/)
          assert.deepInclude(world.log.recent(1)[0], { verdictCode: "tool_unseen", verdict: "deny" })
          // Somebody who has a session all the same, and says of each call that it is one of the newest revision.
          const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } }
          const opened = yield* sendMessage({ url: server }, alice, {
            path: "/mcp",
            body: message("initialize", hello)
          })
          const session = ["mcp-session-id", String(opened.headers["mcp-session-id"])]
          const post = (headers: ReadonlyArray<string>, body: string, url = front.url) =>
            sendMessage({ url }, alice, { path: "/mcp", headers: [...headers, ...session], body })
          const call = (name: string) => message("tools/call", { name, arguments: { message: "hi" } })
          assert.strictEqual((yield* post([], call("echo"), server)).status, 200)
          assert.strictEqual((yield* post(modern("tools/call", "echo"), call("echo"))).status, 400)
          const tenth = Object.keys(proxies).indexOf(name)
          for (const [at, it] of spoofedCalls("/mcp", "echo", "get-env").entries()) {
            if (at % 10 !== tenth || it.method !== "POST" || it.path !== "/mcp") continue
            const status = yield* sendSpoofed(front.url, alice, { ...it, headers: [...it.headers, ...session] })
            assert.notStrictEqual(status, 200, it.what)
          }
        })
    )
  }
})

describe("an MCP server behind a proxy that asks the gate", () => {
  for (const [name, proxy] of Object.entries(proxies)) {
    it.live(`${name}: calls are judged, lists pass`, () =>
      Effect.gen(function*() {
        const three = ["one", "two", "three"]
        const { calls, url } = yield* modernServer
        const world = yield* World.make({
          policy: policy("modern"),
          rows: rows("modern", three),
          claims: { agent: {} },
          grpc: true
        })
        const { url: front } = yield* proxy.start({
          gate: new URL(world.url),
          grpc: { host: "127.0.0.1", port: world.grpcPort },
          upstream: new URL(url)
        })
        for (const [caller, token] of Object.entries(callers)) {
          calls.count = 0
          const bearer = yield* token(world)
          const used = yield* use(() => newest(`${front}/mcp`, bearer), [...three, "four", "five"])
          const mine = expected(three)[caller as keyof typeof callers]
          assert.lengthOf(used.listed, 5, "nobody filters lists there")
          assert.deepStrictEqual(used.called, mine, caller)
          assert.strictEqual(calls.count, mine.length)
        }
        calls.count = 0
        const alice = yield* callers.alice(world)
        // A tenth of them at each proxy, each another one.
        const some = spoofedCalls("/mcp", "one", "four").filter((_, at) =>
          at % 10 === Object.keys(proxies).indexOf(name)
        )
        for (const it of some) yield* sendSpoofed(front, alice, it)
        assert.strictEqual(calls.count, 0)
      }))
  }
})
