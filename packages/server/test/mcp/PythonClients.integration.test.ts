/** The clients of PyPI against the reference server behind the gate: alice lists and calls three tools, bob none, an agent one. */
import { assert, describe, it } from "@effect/vitest"
import { AgentId, makeAgent, makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import { everythingServer } from "../support/McpServers.ts"
import { areInstalled, clients, use } from "../support/PythonClients.ts"
import * as World from "../support/World.ts"

const three = ["echo", "get-sum", "get-tiny-image"]
const user = (id: string, team: string) =>
  makeUser({ id: UserId.make(id), role: "internal_user", teams: [TeamId.make(team)] })

describe.skipIf(!areInstalled)("an MCP server behind the gate", () => {
  for (const client of clients) {
    it.live(
      `server-everything: each caller lists and calls what is theirs, with ${client} of PyPI`,
      () =>
        Effect.gen(function*() {
          const { url } = yield* everythingServer
          const world = yield* World.make({
            policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp: [{ server: "everything", path: "/mcp" }] },
            rows: {
              users: [user("alice", "red"), user("bob", "blue")],
              teams: [
                makeTeam({ id: TeamId.make("red"), models: ["*"], tools: three.map((it) => `everything/${it}`) }),
                makeTeam({ id: TeamId.make("blue"), models: ["*"], tools: [] })
              ],
              agents: [makeAgent({ id: AgentId.make("agent-7"), tools: ["everything/echo"] })]
            },
            claims: { agent: {} },
            mcp: { everything: { url } }
          })
          const callers: ReadonlyArray<readonly [string, string, object, ReadonlyArray<string>]> = [
            ["alice", "red", {}, three],
            ["bob", "blue", {}, []],
            ["alice", "red", { act: { sub: "agent-7" } }, ["echo"]]
          ]
          for (const [sub, group, more, mine] of callers) {
            const token = yield* world.token(sub, { groups: [group], ...more })
            const used = yield* use(client, `${world.url}/mcp`, token, [...three, "get-env"])
            assert.deepStrictEqual(used.listed.toSorted(), mine.toSorted(), JSON.stringify(more))
            assert.deepStrictEqual(used.called, mine, used.errors.join("\n"))
          }
        }),
      360_000
    )
  }
})
