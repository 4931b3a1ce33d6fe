/** Laws of tools: what is listed can be called, agents only take away, patterns never say more than the rule. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { noTool } from "../../src/Request.ts"
import { compile } from "../../src/rules/Tool.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const mcp = [{ server: "github", path: "/mcp/github" }, { server: "jira", path: "/mcp/jira" }]
const names = ["github/get", "github/get_a", "github/put", "jira/get", "jira/x"]

const Pattern = Schema.Literals([
  "*",
  "github/*",
  "github/get*",
  "github/put",
  "jira/*",
  "*/get",
  "!github/get",
  "!*/x"
])
const List = Schema.Union([Schema.Null, Schema.Array(Pattern).check(Schema.isMaxLength(3))])
const drawn = {
  red: List,
  blue: List,
  user: List,
  member: List,
  organization: List,
  grants: List,
  agent: List,
  groups: Schema.Array(Schema.Literals(["red", "blue"])).check(Schema.isMaxLength(2))
}
const runs = {
  arbitrary: { runs: Number(process.env["RUNS"] ?? 15), seed: process.env["SEED"] ?? "jotgate" },
  timeout: 60_000
}

it.effect.prop(
  "listed is callable; with an agent: what the user may and the agent may; told patterns never match more",
  drawn,
  ({ agent, blue, grants, groups, member, organization, red, user }) => {
    const world: CoreTest.World = {
      issuer: {
        claims: { ...CoreTest.mapping, agent: {} },
        grants: grants === null ? {} : { tools: grants }
      },
      policy: { mcp },
      rows: {
        organizations: [CoreTest.organization("acme", { tools: organization })],
        teams: [CoreTest.team("red", { tools: red, organization: "acme" }), CoreTest.team("blue", { tools: blue })],
        users: [CoreTest.user("u", { tools: user })],
        memberships: [CoreTest.membership("u", "red", { tools: member })],
        agents: [CoreTest.agent("a", { tools: agent })]
      }
    }
    const claims = { uid: "u", ...(groups.length === 0 ? {} : { groups }) }
    return Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const listing = yield* core.quietly({ claims, path: "/mcp/github", tool: noTool })
      assert.isTrue(listing.allowed, listing.line)
      const told = compile(listing.decision?.reach.tools() ?? [])
      for (const tool of names) {
        const [server = "", name = ""] = tool.split("/")
        const { allowed } = yield* core.quietly({ claims, tool })
        assert.strictEqual(listing.decision?.reach.mayUse("tool", server, name), allowed, `${tool} is listed`)
        if (told.allows(server, name)) assert.isTrue(allowed, `${tool} is told`)
        const acting = yield* core.quietly({ claims: { ...claims, act: { sub: "a" } }, tool })
        // Another list may name a server: only where the agent says nothing is the user's verdict the same.
        const agentMay = agent === null || compile(agent).allows(server, name)
        const isNamed = [red, blue, user, member, organization, grants, agent].some((list) =>
          list?.some((it) =>
            it.replace("!", "") === "*" || /^!?(?:\*|github|jira)\//.test(it) &&
              (it.replace("!", "").startsWith("*/") || it.replace("!", "").startsWith(`${server}/`))
          )
        )
        assert.strictEqual(acting.allowed, allowed && (!isNamed || agentMay), `${tool} by the agent`)
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))
  },
  runs
)
