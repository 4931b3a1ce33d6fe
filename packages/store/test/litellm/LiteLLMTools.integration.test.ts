/** What LiteLLM's object permissions say of MCP servers, on rows as LiteLLM writes them. */
import { assert, it } from "@effect/vitest"
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { AgentId, OrganizationId, TeamId, UserId } from "@jotgate/core/Directory"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { DirectorySuite } from "@jotgate/core/testing"
import type { ToolLists } from "@jotgate/core/ToolPattern"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { describeWith } from "@jotgate/servers"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as LiteLLMStore from "../../src/litellm/LiteLLMStore.ts"
import * as LiteLLMDatabase from "../support/LiteLLMDatabase.ts"
import * as PostgresDatabase from "../support/PostgresDatabase.ts"

const rows = {
  ...DirectorySuite.rows,
  agents: (DirectorySuite.rows.agents ?? []).map((it) => ({ ...it, name: it.name ?? it.id }))
}

const owners = {
  team: ["LiteLLM_TeamTable", "team_id", "red"],
  user: ["LiteLLM_UserTable", "user_id", "u-1"],
  organization: ["LiteLLM_OrganizationTable", "organization_id", "acme"],
  agent: ["LiteLLM_AgentsTable", "agent_id", "scout"]
} as const

/** A permission of an owner. */
const permit = (owner: keyof typeof owners, permission: Readonly<Record<string, unknown>>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [table, column, id] = owners[owner]
    yield* LiteLLMDatabase.insert("LiteLLM_ObjectPermissionTable", {
      object_permission_id: `p-${owner}`,
      ...permission
    })
    yield* sql.unsafe(`UPDATE public."${table}" SET object_permission_id = $1 WHERE ${column} = $2`, [`p-${owner}`, id])
  })

/** A server; a trigger of LiteLLM's own counts it, which knows its tables without their schema. */
const server = (row: Readonly<Record<string, unknown>>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const inserted = LiteLLMDatabase.insert("LiteLLM_MCPServerTable", row)
    yield* sql.withTransaction(Effect.andThen(sql`SET LOCAL search_path TO public`, inserted))
  })

const listsOf = ({ prompts, resources, tools }: ToolLists) => ({ tools, prompts, resources })

const asked = {
  team: Effect.flatMap(TeamRepo, (it) => it.byId(TeamId.make("red"))),
  user: Effect.flatMap(UserRepo, (it) => it.byId(UserId.make("u-1"))),
  organization: Effect.flatMap(OrganizationRepo, (it) => it.byId(OrganizationId.make("acme"))),
  agent: Effect.flatMap(AgentRepo, (it) => it.byId(AgentId.make("scout")))
}

const every = (name: string, ...more: ReadonlyArray<string>) => [name, ...more].map((it) => `${it}/*`)

describeWith(["postgres", "litellm-current"], "object permissions of a LiteLLM database", () => {
  const database = PostgresDatabase.shared()
  const store = Layer.unwrap(
    Effect.map(
      LiteLLMDatabase.fresh(database.server, "current"),
      (options) =>
        Layer.effectDiscard(LiteLLMDatabase.seed(rows, "current")).pipe(
          Layer.provideMerge(LiteLLMStore.layer({ ...options, schema: "public", write: true, folder: null })),
          Layer.provide(PostgresDatabase.patient)
        )
    )
  )

  it.live(
    "servers under every name that they have, named tools, groups of servers, and what grants nothing",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* server({
          server_id: "s-1",
          alias: "gh",
          server_name: "github"
        })
        yield* server({ server_id: "s-2", mcp_access_groups: ["prod"] })
        const servers = Effect.flatMap(ToolRepo, (it) => it.servers())
        assert.deepStrictEqual((yield* servers).tool, [])
        yield* permit("team", { mcp_servers: ["s-1"] })
        yield* permit("user", { mcp_tool_permissions: { "s-1": ["get_repo", "list*"], "s-9": [] } })
        yield* permit("organization", { mcp_access_groups: ["prod"] })
        yield* permit("agent", { mcp_toolsets: ["some"] })
        const github = every("s-1", "gh", "github")
        assert.deepStrictEqual(listsOf(yield* asked.team), { tools: github, prompts: github, resources: github })
        const user = yield* asked.user
        // A name with a star is a tool's name there, and none that a pattern could mean here.
        assert.deepStrictEqual(user.tools, ["s-1/get_repo", "gh/get_repo", "github/get_repo", "!s-9/*"])
        assert.deepStrictEqual(listsOf(yield* asked.organization).tools, every("s-2", "group:prod"))
        assert.deepStrictEqual(listsOf(yield* asked.agent), { tools: [], prompts: [], resources: [] })
        assert.deepStrictEqual((yield* servers).tool.toSorted(), ["gh", "github", "group:prod", "s-1", "s-2", "s-9"])
        assert.deepStrictEqual((yield* servers).resource.toSorted(), (yield* servers).tool.toSorted())
        yield* sql`UPDATE public."LiteLLM_ObjectPermissionTable" SET mcp_servers = ARRAY['all-proxy-mcpservers']
        WHERE object_permission_id = 'p-team'`
      }).pipe(Effect.provide(store))
  )

  it.live("a permission without servers says nothing, and every server is every one", () =>
    Effect.gen(function*() {
      yield* permit("team", { vector_stores: ["v"] })
      yield* permit("user", { mcp_servers: ["all-proxy-mcpservers"] })
      assert.deepStrictEqual(listsOf(yield* asked.team), { tools: null, prompts: null, resources: null })
      assert.deepStrictEqual((yield* asked.user).tools, ["*/*"])
    }).pipe(Effect.provide(store)))
})
