/** What a caller may use of MCP servers, and what is told of it: never more than could be called. */
import { assert, describe, it } from "@effect/vitest"
import { ToolReach, type ToolRows } from "../../src/decision/ToolReach.ts"
import { makeTeam, TeamId } from "../../src/directory/Directory.ts"
import { knownTool, noModel } from "../../src/Request.ts"
import * as Model from "../../src/rules/Model.ts"
import { namesOf, notAsked, type ToolLists } from "../../src/rules/patterns/ToolPattern.ts"
import type { LoadedTeam } from "../../src/rules/RowRules.ts"
import { placed } from "../../src/rules/RulePlace.ts"
import type { Level } from "../../src/rules/Tool.ts"
import { ToolRules } from "../../src/rules/ToolRules.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const mcp = [{ server: "github", path: "/mcp/github" }, { server: "jira", path: "/mcp/jira", scopes: ["jira"] }]
const rules = new ToolRules(CoreTest.settingsOf({ policy: { mcp } }), placed(() => undefined))

interface Said extends ToolLists {
  readonly closed?: boolean
}

const levels = (of: Level["of"], lists: ToolLists | undefined): ReadonlyArray<Level> =>
  lists === undefined ? [] : [{ of, name: of, lists: rules.lists(lists) }]

/** A reach over teams in this order; `role` is said before a team is known, `user` with whichever team. */
const reachOf = (
  teams: Readonly<Record<string, Said>>,
  { names, role, scopes = ["jira"], user }: {
    readonly role?: ToolLists
    readonly user?: ToolLists
    readonly scopes?: ReadonlyArray<string>
    readonly names?: ToolRows["question"]["names"]
  } = {}
): ToolReach => {
  const loaded = Object.entries(teams).map(([id, { closed: _, ...lists }]): LoadedTeam => ({
    team: makeTeam({ id: TeamId.make(id), ...lists }),
    models: Model.everyModel
  }))
  const before = levels("role", role)
  const known = names ?? namesOf([...Object.values(teams), role ?? {}, user ?? {}])
  return new ToolReach({
    rules,
    question: { names: known, scopes, alone: false },
    before,
    levels: (team) => [...before, ...(team === undefined ? [] : levels("team", team.team)), ...levels("user", user)],
    candidates: () => loaded,
    choose: (kind, server, name) => {
      const asked = {
        method: "POST",
        path: "/x",
        rawHeaders: [],
        model: noModel,
        tool: knownTool({ kind, server, name })
      }
      const fits = loaded.map((it) => rules.fit(it.team, asked, known, before))
      return loaded[fits.indexOf("fits")] ?? loaded[fits.indexOf("silent")]
    },
    isOpen: ({ team }) => teams[team.id]?.closed !== true
  })
}

describe("what nobody looked up", () => {
  it("may not be used, told, or taken for everything", () => {
    const reach = reachOf({}, { names: notAsked })
    assert.isFalse(reach.mayUse("tool", "github", "get"))
    assert.isFalse(reach.mayUseEvery("tool", "github", ""))
    assert.deepStrictEqual(reach.tools(), [])
  })
})

describe("a call", () => {
  it("goes to the team that lists it, and is denied where none does or that one is closed", () => {
    const reach = reachOf({ red: { tools: ["github/get"] }, blue: { tools: ["github/put"] } })
    assert.deepStrictEqual(["get", "put", "x"].filter((it) => reach.mayUse("tool", "github", it)), ["get", "put"])
    const closed = reachOf({ red: { tools: ["github/get"], closed: true }, blue: { tools: ["github/*"] } })
    assert.isFalse(closed.mayUse("tool", "github", "get"))
    assert.isTrue(closed.mayUse("tool", "github", "put"))
    // A single team takes whatever is asked, and one that is closed refuses it, also what no rule names.
    assert.isFalse(reachOf({ red: { closed: true } }).mayUse("tool", "github", "get"))
    // Nobody fits: not the server's own emptiness, but a denial.
    const user = { tools: ["jira/c"] }
    const none = reachOf({ red: { tools: ["jira/a"] }, blue: { tools: ["jira/b"] } }, { user })
    assert.isFalse(none.mayUse("tool", "jira", "c"))
    assert.isTrue(none.mayUse("tool", "github", "c"))
  })
})

describe("everything of a beginning", () => {
  it("is allowed by the first team that may take any of it, and by no later one", () => {
    const every = (teams: Readonly<Record<string, Said>>) => reachOf(teams).mayUseEvery("tool", "github", "get_")
    assert.isTrue(every({ red: { tools: ["github/get_*"] } }))
    assert.isTrue(every({ red: { tools: ["jira/x"] }, blue: { tools: ["github/get_*"] } }))
    assert.isFalse(every({ red: { tools: ["github/get_a"] }, blue: { tools: ["github/get_*"] } }))
    assert.isFalse(every({ red: {}, blue: { tools: ["github/get_*"] } }))
    assert.isFalse(every({ red: { tools: ["github/get_*"], closed: true }, blue: { tools: ["github/*"] } }))
    assert.isFalse(every({ red: { tools: ["jira/x"] }, blue: { tools: ["jira/y", "github/put"] } }))
  })
})

describe("what is told", () => {
  const told = (...given: Parameters<typeof reachOf>) => reachOf(...given).tools()

  it("of a server that nobody names is everything, while some team is open and its scopes are held", () => {
    assert.deepStrictEqual(told({ red: {} }), ["github/*", "jira/*"])
    assert.deepStrictEqual(told({ red: {} }, { scopes: [] }), ["github/*"])
    assert.deepStrictEqual(told({ red: { closed: true } }), [])
    assert.deepStrictEqual(told({ red: { closed: true }, blue: {} }), ["github/*", "jira/*"])
  })

  it("of one that is named is what open teams list and others leave", () => {
    assert.deepStrictEqual(told({ red: { tools: ["github/get_*", "!github/get_x", "!github/put"] } }), [
      "github/get_*",
      "!github/get_x",
      "jira/*"
    ])
    assert.deepStrictEqual(told({ red: { tools: ["github/get"], closed: true } }), [])
    // What the first takes and refuses is not the second's to give.
    assert.deepStrictEqual(
      told({ red: { tools: ["github/get_a"], closed: true }, blue: { tools: ["github/get_*", "github/put"] } }),
      ["github/put", "jira/*"]
    )
  })

  it("what any level takes away is taken", () => {
    assert.deepStrictEqual(
      told({ red: { tools: ["github/*"] } }, { user: { tools: ["github/*", "!github/put"] } }),
      ["github/*", "!github/put", "jira/*"]
    )
  })

  it("a team that says nothing gives what the caller's own lists give and no other team lists", () => {
    const user = { tools: ["github/get_*", "github/put"] }
    // Without a rule that lists, such a team is taken last: what another may take is not its to give.
    assert.deepStrictEqual(told({ red: {}, blue: { tools: ["github/get_a"] } }, { user }), [
      "github/put",
      "github/get_a",
      "jira/*"
    ])
    // With one it is taken in its turn, and takes everything.
    const role = { tools: ["github/*"] }
    const reach = reachOf({ red: { closed: true }, blue: { tools: ["github/get_*"] } }, { role })
    assert.isFalse(reach.mayUse("tool", "github", "get_a"))
    assert.deepStrictEqual(reach.tools(), ["jira/*"])
    assert.deepStrictEqual(told({ red: {}, blue: { tools: ["github/get_*"] } }, { role }), ["github/*", "jira/*"])
  })

  it("is nothing that could not be called", () => {
    const worlds: ReadonlyArray<Parameters<typeof reachOf>> = [
      [{ red: { tools: ["github/get_*"], closed: true }, blue: { tools: ["github/get_a", "github/put"] } }],
      [{ red: {}, blue: { tools: ["github/*", "!github/put"] } }, { user: { tools: ["github/put", "github/get_a"] } }],
      [{ red: { tools: ["github/get_a"] }, blue: {}, green: { closed: true } }, { user: { tools: ["github/get_a"] } }]
    ]
    for (const [at, world] of worlds.entries()) {
      const reach = reachOf(...world)
      const list = rules.lists({ tools: reach.tools() }).tool
      for (const name of ["get_a", "get_b", "put", "x"]) {
        if (list?.allows("github", name) === true) assert.isTrue(reach.mayUse("tool", "github", name), `${at} ${name}`)
      }
    }
  })
})
