/**
 * MCP: what a tool costs a decision, and a configured server one that is about no tool; how long a list of 1 000 tools
 * takes to be filtered, and what a stream of 10 000 events costs when each is looked at, against the same stream on a
 * route that is no MCP server's. CPU time, of the stream that of gate, upstream and client together.
 */
import { Effect } from "effect"
import { filterAnswer, idKey } from "../packages/server/src/mcp/ListAnswer.ts"
import { listOf } from "../packages/server/src/mcp/McpMethod.ts"
import * as World from "../packages/server/test/support/World.ts"
import { noise, ofTools } from "./decision.ts"
import { figure, report, row, spread } from "./Measure.ts"

const WARM = 5
const PASSES = 21
const TIMES = 10
const EVENTS = 10_000
const ROUNDS = 21

const tool = (name: string) => ({
  name,
  title: `Does ${name}`,
  description: "Looks something up, changes it, and says what became of it. ".repeat(4),
  inputSchema: {
    type: "object",
    properties: { id: { type: "string", description: "what" }, limit: { type: "integer", maximum: 100 } },
    required: ["id"],
    additionalProperties: false
  },
  annotations: { readOnlyHint: true, openWorldHint: false }
})

const list = listOf("tools/list")
if (list === undefined) throw new Error("no such list")
const tools = Array.from({ length: 1000 }, (_, at) => tool(`tool_${at}`))
const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools, nextCursor: "abc" } }))
const allowed = new Set(tools.filter((_, at) => at % 2 === 0).map((it) => it.name))
const plan = {
  lists: new Map([[idKey("1"), list]]),
  may: (_: unknown, name: string) => allowed.has(name),
  instead: () => ""
}

/** Milliseconds of CPU for one of several. */
const filtering = (): number => {
  const before = process.cpuUsage()
  for (let i = 0; i < TIMES; i++) {
    if (filterAnswer(text, plan)?.isComplete !== true) throw new Error("the list was not filtered")
  }
  const { system, user } = process.cpuUsage(before)
  return (system + user) / TIMES / 1000
}

for (const make of [...noise, ...ofTools]) report(await make())

for (let i = 0; i < WARM; i++) filtering()
figure(spread(Array.from({ length: PASSES }, filtering))[1], "ms", "a list of 1 000 tools, filtered", 5)

const event = `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}\n\n`

const streams = Effect.gen(function*() {
  const world = yield* World.make({
    policy: {
      withoutTeam: "all",
      userRoutes: ["llm_api_routes", "/mcp/*"],
      roles: [{ role: "internal_user", tools: ["files/one"] }],
      mcp: [{ server: "files", path: "/mcp/files" }]
    }
  })
  world.upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    let left = EVENTS
    const more = (): void => {
      for (let i = 0; i < 20 && left > 0; i++, left--) response.write(event)
      if (left === 0) response.end()
      else setImmediate(more)
    }
    more()
  }
  const token = yield* world.token("carol", { roles: "internal_user" })
  const read = (path: string) =>
    Effect.promise(async () => {
      const before = process.cpuUsage()
      const response = await fetch(`${world.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
      const body = await response.arrayBuffer()
      if (response.status !== 200 || body.byteLength !== EVENTS * event.length) {
        throw new Error(`${path}: ${response.status}`)
      }
      const { system, user } = process.cpuUsage(before)
      return system + user
    })
  const ratios: Array<number> = []
  const same: Array<number> = []
  for (let round = -3; round < ROUNDS; round++) {
    const plain = yield* read("/v1/files")
    const looked = yield* read("/mcp/files")
    const again = yield* read("/v1/files")
    if (round < 0) continue
    ratios.push(plain / looked)
    same.push(plain / again)
  }
  row(`a stream of ${EVENTS} events of itself (noise)`, spread(same), 0)
  row(`a stream of ${EVENTS} events, each looked at`, spread(ratios), 0.9)
})

await Effect.runPromise(Effect.scoped(streams))
process.exit()
