/**
 * Laws of tools, over about 1 000 drawn questions: what is listed can be called, agents only take away, told patterns
 * never say more than the rule. `npm run soak -- laws` asks 10 000.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { noTool, type RequestedTool, type ToolKind } from "../../src/Request.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const servers = ["github", "jira"]
const mcp = servers.map((server) => ({ server, path: `/mcp/${server}` }))
const names = ["get", "get_a", "get_b", "put", "x", "get/x", "Get", "g"]

const Pattern = Schema.Literals([
  "*",
  "github/*",
  "github/get*",
  "github/put",
  "git*/get_*",
  "jira/*",
  "jira/*x",
  "*/get",
  "!github/get",
  "!*/x",
  "!jira/*",
  "!*/get_a"
])
type Patterns = ReadonlyArray<typeof Pattern.Type> | null
const List = Schema.Union([Schema.Null, Schema.Array(Pattern).check(Schema.isMaxLength(3))])
const drawn = {
  kind: Schema.Literals(["tool", "prompt", "resource"]),
  red: List,
  blue: List,
  user: List,
  member: List,
  organization: List,
  grants: List,
  role: List,
  scope: List,
  holds: Schema.Boolean,
  agent: List,
  other: List,
  groups: Schema.Array(Schema.Literals(["red", "blue"])).check(Schema.isMaxLength(2))
}

/** The rule of patterns once more, as a reader of DESIGN §11 would write it. */
const covers = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split("*").map((it) => it.replace(/[^\w]/g, "\\$&")).join(".*")}$`).test(text)
const withServer = (pattern: string): string => pattern.includes("/") ? pattern : `${pattern}/*`
const lists = (patterns: ReadonlyArray<string>, server: string, name: string): boolean => {
  const matching = patterns.filter((it) => {
    const [ofServer = "", ...rest] = withServer(it.replace("!", "")).split("/")
    return covers(ofServer, server) && covers(rest.join("/"), name)
  })
  return matching.length > 0 && !matching.some((it) => it.startsWith("!"))
}
const isNamedBy = (all: ReadonlyArray<Patterns>, server: string): boolean =>
  all.some((list) => list?.some((it) => covers(it.replace("!", "").split("/")[0] ?? "", server)) === true)

const membersOf = { tool: "tools", prompt: "prompts", resource: "resources" } as const

it.effect.prop(
  "listed is callable; with agents: what the user may and each agent may; told patterns never match more",
  drawn,
  (draw) => {
    const { agent, groups, holds, kind, other } = draw
    const said = (patterns: Patterns) => patterns === null ? {} : { [membersOf[kind]]: patterns }
    const world: CoreTest.World = {
      issuer: { claims: { ...CoreTest.mapping, agent: {} }, grants: said(draw.grants) },
      policy: {
        mcp,
        roles: [{ role: "internal_user", ...said(draw.role) }],
        scopes: draw.scope === null ? [] : [{ scope: "s", ...said(draw.scope) }]
      },
      rows: {
        organizations: [CoreTest.organization("acme", said(draw.organization))],
        teams: [
          CoreTest.team("red", { ...said(draw.red), organization: "acme" }),
          CoreTest.team("blue", said(draw.blue))
        ],
        users: [CoreTest.user("u", said(draw.user))],
        memberships: [CoreTest.membership("u", "red", said(draw.member))],
        agents: [CoreTest.agent("a", said(agent)), CoreTest.agent("b", said(other))]
      }
    }
    const all = [draw.red, draw.blue, draw.user, draw.member, draw.organization, draw.grants, draw.role, draw.scope]
    const claims = {
      uid: "u",
      roles: "internal_user",
      ...(holds ? { scope: "s" } : {}),
      ...(groups.length === 0 ? {} : { groups })
    }
    return Effect.gen(function*() {
      const core = yield* CoreTest.CoreTest
      const may = (server: string, name: string, who: object) =>
        Effect.map(
          core.quietly({
            claims: { ...claims, ...who },
            path: `/mcp/${server}`,
            tool: { _tag: "Known", tool: { kind, server, name } } satisfies RequestedTool
          }),
          ({ allowed }) => allowed
        )
      const listing = yield* core.quietly({ claims, path: "/mcp/github", tool: noTool })
      assert.isTrue(listing.allowed, listing.line)
      const reach = listing.decision?.reach
      const told = reach?.tools() ?? []
      for (const server of servers) {
        const isNamed = isNamedBy([...all, agent, other], server)
        const agentMay = (patterns: Patterns, name: string) => patterns === null || lists(patterns, server, name)
        for (const name of names) {
          const what = `${kind} ${server}/${name}`
          const userMay = yield* may(server, name, {})
          assert.strictEqual(reach?.mayUse(kind satisfies ToolKind, server, name), userMay, `${what} is listed`)
          if (kind === "tool" && lists(told, server, name)) assert.isTrue(userMay, `${what} is told`)
          if (!isNamed) assert.isTrue(userMay, `${what}: nothing is said about this server`)
          assert.strictEqual(
            yield* may(server, name, { act: { sub: "a" } }),
            userMay && (!isNamed || agentMay(agent, name)),
            `${what} by an agent`
          )
          assert.strictEqual(
            yield* may(server, name, { act: { sub: "b", act: { sub: "a" } } }),
            userMay && (!isNamed || (agentMay(agent, name) && agentMay(other, name))),
            `${what} by two`
          )
        }
      }
    }).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))
  },
  runs(21)
)
