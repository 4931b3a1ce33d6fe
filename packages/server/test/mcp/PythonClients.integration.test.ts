/**
 * The clients of PyPI against the reference server behind the gate, behind proxies in front of it, and behind proxies
 * that ask it: alice lists and calls three tools, bob none, an agent one; and servers of PyPI, of which 300 spoofed calls
 * reach none. The proxies are for `npm run soak -- mcp-clients`.
 */
import { assert, describe, it } from "@effect/vitest"
import { AgentId, makeAgent, makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect, type Scope } from "effect"
import { everythingServer, modernServer, type Served } from "../support/McpServers.ts"
import { plainProxies } from "../support/PlainProxies.ts"
import { proxies } from "../support/Proxies.ts"
import { areInstalled, type ClientName, pythonServer, use } from "../support/PythonClients.ts"
import { sendSpoofed, spoofedCalls } from "../support/SpoofedCalls.ts"
import * as World from "../support/World.ts"

const three = ["echo", "get-sum", "get-tiny-image"]
const user = (id: string, team: string) =>
  makeUser({ id: UserId.make(id), role: "internal_user", teams: [TeamId.make(team)] })

const worldOf = (tools: ReadonlyArray<string>, more: World.WorldOptions) =>
  World.make({
    policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp: [{ server: "files", path: "/mcp" }] },
    rows: {
      users: [user("alice", "red"), user("bob", "blue")],
      teams: [
        makeTeam({ id: TeamId.make("red"), models: ["*"], tools: tools.map((it) => `files/${it}`) }),
        makeTeam({ id: TeamId.make("blue"), models: ["*"], tools: [] })
      ],
      agents: [makeAgent({ id: AgentId.make("agent-7"), tools: [`files/${tools[0]}`] })]
    },
    claims: { agent: {} },
    ...more
  })

/** Each client as each caller at this address. */
const useAll = Effect.fnUntraced(function*(
  world: World.World,
  url: string,
  tools: ReadonlyArray<string>,
  others: ReadonlyArray<string>,
  { clients = ["mcp", "fastmcp"], listed }: {
    readonly clients?: ReadonlyArray<ClientName>
    /** What each lists, where nobody filters lists. */
    readonly listed?: ReadonlyArray<string>
  } = {}
) {
  const callers = [
    { name: "alice", token: yield* world.token("alice", { groups: ["red"] }), mine: tools },
    { name: "bob", token: yield* world.token("bob", { groups: ["blue"] }), mine: [] },
    {
      name: "agent-7",
      token: yield* world.token("alice", { groups: ["red"], act: { sub: "agent-7" } }),
      mine: tools.slice(0, 1)
    }
  ]
  const questions = clients.flatMap((client) => callers.map((it) => ({ ...it, client })))
  const all = yield* use(
    questions.map(({ client, token }) => ({ client, url, token, tools: [...tools, ...others] }))
  )
  for (const [index, { client, mine, name }] of questions.entries()) {
    const used = all[index]
    assert.deepStrictEqual(used?.called, [...mine], `${name} by ${client}: ${used?.errors.join("\n")}`)
    assert.deepStrictEqual(used?.listed.toSorted(), [...listed ?? mine].toSorted(), `${name} by ${client}`)
  }
})

describe.skipIf(!areInstalled)("an MCP server behind the gate", () => {
  it.live(
    "server-everything: each caller lists and calls what is theirs, with mcp and fastmcp of PyPI",
    () =>
      Effect.gen(function*() {
        const { url } = yield* everythingServer
        const world = yield* worldOf(three, { mcp: { files: { url } } })
        yield* useAll(world, `${world.url}/mcp`, three, ["get-env"])
      }),
    360_000
  )
})

describe.skipIf(!areInstalled || process.env["PROXIES"] === undefined)("and behind real proxies", () => {
  for (const [name, start] of Object.entries(plainProxies)) {
    it.live(
      `${name} in front of the gate: each caller lists and calls what is theirs`,
      () =>
        Effect.gen(function*() {
          const { url } = yield* everythingServer
          const world = yield* worldOf(three, { mcp: { files: { url } } })
          const front = yield* start(new URL(world.url))
          yield* useAll(world, `${front.url}/mcp`, three, ["get-env"])
        }),
      360_000
    )
  }

  const everything = ["traefik", "envoy", "envoy over gRPC"]
  /** Without a body what is called is seen of servers of the newest revision alone: of npm, and of PyPI. */
  const newest = { npm: modernServer, mcp: pythonServer("mcp"), fastmcp: pythonServer("fastmcp") }
  const oldest = { "server-everything": Effect.map(everythingServer, ({ url }) => ({ url, calls: { count: 0 } })) }

  for (const [name, proxy] of Object.entries(proxies)) {
    for (
      const [what, server] of Object.entries<Effect.Effect<Served, never, Scope.Scope>>(
        everything.includes(name) ? oldest : newest
      )
    ) {
      it.live(
        `${name} asks the gate before ${what}: each caller calls what is theirs, and lists pass`,
        () =>
          Effect.gen(function*() {
            const isEverything = everything.includes(name)
            const { calls, url } = yield* server
            const tools = isEverything ? three : ["one", "two", "three"]
            const world = yield* worldOf(tools, { grpc: true })
            const front = yield* proxy.start({
              gate: new URL(world.url),
              grpc: { host: "127.0.0.1", port: world.grpcPort },
              upstream: new URL(url)
            })
            const direct = yield* worldOf(["*"], { mcp: { files: { url } } })
            // To a session of the older client fastmcp's server lists nothing, with and without a gate.
            const [all] = yield* use([{
              client: isEverything ? "mcp" : "mcp.Client",
              url: `${direct.url}/mcp`,
              token: yield* direct.token("alice", { groups: ["red"] }),
              tools: []
            }])
            yield* useAll(world, `${front.url}/mcp`, tools, isEverything ? ["get-env"] : ["four"], {
              clients: isEverything ? ["mcp", "fastmcp"] : ["mcp.Client", "fastmcp"],
              listed: all?.listed ?? []
            })
            if (isEverything) return
            const before = calls.count
            const alice = yield* world.token("alice", { groups: ["red"] })
            for (const it of spoofedCalls("/mcp", "one", "four")) yield* sendSpoofed(front.url, alice, it)
            assert.strictEqual(calls.count, before)
          }),
        360_000
      )
    }
  }
})
