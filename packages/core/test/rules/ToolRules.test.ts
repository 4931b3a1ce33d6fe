/** The rule of tools, asked by itself: patterns, levels of each kind, scopes, and what a team fits. */
import { assert, describe, it } from "@effect/vitest"
import { knownTool, noModel, noTool, severalTools, type Tool, type ToolKind, unseenTool } from "../../src/Request.ts"
import { namesOf, noNames, type ToolLists } from "../../src/rules/patterns/ToolPattern.ts"
import { placed } from "../../src/rules/RulePlace.ts"
import { compile, type Level } from "../../src/rules/Tool.ts"
import { type ToolQuestion, ToolRules } from "../../src/rules/ToolRules.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

type Policy = NonNullable<CoreTest.World["policy"]>

const mcp = [{ server: "github", path: "/mcp/github" }, { server: "jira", path: "/mcp/jira", scopes: ["mcp", "jira"] }]
const rulesOf = (policy: Policy = {}) =>
  new ToolRules(CoreTest.settingsOf({ policy: { mcp, ...policy } }), placed(() => undefined))

const rules = rulesOf()

const level = (of: Level["of"], lists: ToolLists): Level => ({ of, name: of, lists: rules.lists(lists) })

const question = (levels: ReadonlyArray<Level>, more: Partial<ToolQuestion> = {}): ToolQuestion => ({
  names: namesOf([{ tools: ["github/x"], prompts: ["github/x"], resources: ["github/x"] }]),
  levels,
  scopes: [],
  alone: false,
  ...more
})

const tool = (name: string, server = "github", kind: ToolKind = "tool"): Tool => ({ kind, server, name })
const asked = (wanted: ReadonlyArray<Tool>, path = "/elsewhere") => ({
  method: "POST",
  path,
  rawHeaders: [],
  model: noModel,
  tool: severalTools(wanted)
})
const speaker = { caller: "bob", agents: [] }

describe("a list of patterns", () => {
  it("that no writer takes gives nothing, and takes away all that it could mean", () => {
    for (const bad of ["github", "github/", "/get", " github/get", "github /get", "github/ get", "", "a\u0000b/get"]) {
      const list = compile([bad])
      assert.isFalse(list.allows("github", "get") || list.allows("jira", "get"), bad)
      assert.isFalse(list.allowsEvery("github", "") || list.allowsSome("github", "g"), bad)
      assert.deepStrictEqual(list.at("github").given, [], bad)
    }
    const left = (taking: string) =>
      ["github/get", "github/put", "jira/get", "jira/put"].filter((it) => {
        const [server = "", name = ""] = it.split("/")
        return compile(["*", taking]).allows(server, name)
      })
    for (const bad of ["!github", "!github/", "!github/ get", "!github/a\u0000"]) {
      assert.deepStrictEqual(left(bad), ["jira/get", "jira/put"], bad)
    }
    for (const bad of ["!/get", "! github/get", "!!github/get", "!github /get"]) {
      assert.deepStrictEqual(left(bad), ["github/put", "jira/put"], bad)
    }
    for (const bad of ["!", "!/", "! "]) assert.deepStrictEqual(left(bad), [], bad)
  })

  it("names every server where it could be about any", () => {
    const named = (text: string) => namesOf([{ tools: [text] }]).tool
    assert.deepStrictEqual(["github", "!github/", "github/get"].map(named), [["github"], ["github"], ["github"]])
    assert.deepStrictEqual(["/get", "!", " github/get", "!!x/get", "*"].map(named), [["*"], ["*"], ["*"], ["*"], ["*"]])
  })

  it("says of a beginning what it says at that server, and nothing of others", () => {
    const list = compile(["github/*", "!jira/get*", "jira/put*"])
    assert.isTrue(list.allowsEvery("github", "get"))
    assert.isFalse(list.allowsEvery("jira", "get"))
    assert.isTrue(list.allowsEvery("jira", "put_"))
    assert.isFalse(list.allowsSome("jira", "x"))
    assert.isTrue(list.allowsSome("jira", "pu"))
    assert.isFalse(compile(["github/get"]).allowsEvery("github", "get"))
  })
})

describe("what a rule or a row says", () => {
  it("is said of its own kind alone", () => {
    const lists = rules.lists({ tools: ["github/t"], prompts: ["github/p"], resources: ["github/r"] })
    for (const [kind, name] of [["tool", "t"], ["prompt", "p"], ["resource", "r"]] as const) {
      const found = ["t", "p", "r"].filter((it) => lists[kind]?.allows("github", it))
      assert.deepStrictEqual(found, [name])
    }
    assert.isUndefined(rules.lists({ prompts: ["github/p"] }).tool)
    assert.isDefined(rules.lists({ prompts: ["github/p"] }).prompt)
    assert.isDefined(rules.lists({ resources: [] }).resource)
    const names = namesOf([{ tools: ["t/*"], prompts: ["p/*"], resources: ["!r/*"] }])
    assert.deepStrictEqual(names, { tool: ["t"], prompt: ["p"], resource: ["r"] })
  })

  it("of scopes counts for the kinds that some scope lists", () => {
    const identity = (scopes: ReadonlyArray<string>) => ({ issuer: "idp", scopes }) as never
    const standing = { role: undefined, admin: false, because: "nothing" } as const
    const kindsOf = (policy: Policy, scopes: ReadonlyArray<string>) =>
      rulesOf(policy).ofToken(identity(scopes), standing).flatMap(({ lists }) =>
        (["tool", "prompt", "resource"] as const).flatMap((it) =>
          lists[it] === undefined ? [] : [`${it} ${lists[it].patterns.join()}`]
        )
      )
    assert.deepStrictEqual(kindsOf({}, ["s"]), [])
    for (const [member, kind] of [["tools", "tool"], ["prompts", "prompt"], ["resources", "resource"]] as const) {
      const scopes = [{ scope: "s", [member]: ["github/a"] }, { scope: "t", [member]: ["github/b"] }, { scope: "u" }]
      assert.deepStrictEqual(kindsOf({ scopes }, ["s", "u"]), [`${kind} github/a`])
      assert.deepStrictEqual(kindsOf({ scopes }, []), [`${kind} `])
    }
  })
})

describe("whether a caller may", () => {
  const gets = { tools: ["github/get*"] }

  it("an agent's list opens nothing, unless it acts alone", () => {
    const agents = [level("agent", gets)]
    assert.isFalse(rules.allows("tool", "github", "get", question(agents)))
    assert.isFalse(rules.allowsEvery("tool", "github", "get", question(agents)))
    assert.isTrue(rules.allows("tool", "github", "get", question(agents, { alone: true })))
    assert.isTrue(rules.allowsEvery("tool", "github", "get", question(agents, { alone: true })))
    assert.isFalse(rules.allows("tool", "github", "put", question(agents, { alone: true })))
  })

  it("every list counts, of calls and of beginnings", () => {
    const levels = [level("team", { tools: ["github/*"] }), level("user", gets)]
    assert.isTrue(rules.allowsEvery("tool", "github", "get_", question(levels)))
    assert.isFalse(rules.allowsEvery("tool", "github", "put", question(levels)))
    assert.isFalse(rules.allows("tool", "github", "put", question(levels)))
  })

  it("a server's scopes must all be held, for whatever is asked there", () => {
    const held = (scopes: ReadonlyArray<string>) => question([], { names: noNames, scopes })
    for (const scopes of [[], ["mcp"], ["jira"]]) {
      assert.isFalse(rules.allows("tool", "jira", "x", held(scopes)))
      assert.isFalse(rules.allowsEvery("prompt", "jira", "", held(scopes)))
    }
    assert.isTrue(rules.allows("tool", "jira", "x", held(["mcp", "jira"])))
    assert.isTrue(rules.allowsEvery("prompt", "jira", "", held(["mcp", "jira"])))
  })
})

describe("what a request is refused", () => {
  const scopes = [{ scope: "read", tools: ["github/get*"] }, { scope: "write", tools: ["github/put*"] }]
  const withScopes = rulesOf({ scopes })
  const scopesLevel = level("scope", { tools: [] })

  it("one scope that is missing is a denial, wherever the request went", () => {
    const missing = rules.judge(asked([tool("x", "jira")]), question([], { names: noNames, scopes: ["mcp"] }), speaker)
    assert.strictEqual(missing?.code, "tool_denied")
    assert.deepStrictEqual(missing?.scope, ["jira"])
    const list = rules.judge(
      { ...asked([]), tool: noTool, path: "/mcp/jira/x" },
      question([], { names: noNames }),
      speaker
    )
    assert.deepStrictEqual(list?.scope, ["mcp", "jira"])
    const both = question([], { names: noNames, scopes: ["mcp", "jira"] })
    assert.isUndefined(rules.judge(asked([tool("x", "jira")]), both, speaker))
  })

  it("tells what the token holds of the scopes that servers of the request, and rules of tools, ask for", () => {
    const rules = rulesOf({ scopes: [...scopes, { scope: "chat", models: ["gpt-4o"] }] })
    const levels = [level("team", { tools: ["*"] }), scopesLevel]
    const denied = (server: string, scopes: ReadonlyArray<string>) =>
      rules.judge(asked([tool("put_a", server)]), question(levels, { scopes }), speaker)
    const jira = denied("jira", ["chat", "openid", "write", "mcp"])
    assert.deepStrictEqual([jira?.scope, jira?.held], [["jira"], ["mcp", "write"]])
    const github = denied("github", ["read", "jira", "mcp"])
    assert.deepStrictEqual([github?.scope, github?.held], [["write"], ["read"]])
    assert.deepStrictEqual(denied("jira", [])?.held, [])
  })

  it("names the scopes only when nothing else is missing", () => {
    const levels = [level("team", { tools: ["github/*"] }), scopesLevel]
    const gets = asked([tool("get_a"), tool("put_a"), tool("get_b")])
    assert.deepStrictEqual(withScopes.judge(gets, question(levels), speaker)?.scope, ["read", "write"])
    const others = [level("team", { tools: ["github/get_a"] }), scopesLevel]
    const denied = withScopes.judge(gets, question(others), speaker)
    assert.strictEqual(denied?.code, "tool_denied")
    assert.isUndefined(denied?.scope)
    assert.isUndefined(withScopes.judge(asked([tool("delete")]), question(levels), speaker)?.scope)
  })

  it("what is unseen is refused where any kind is named, and nowhere else", () => {
    const unseen = { ...asked([]), tool: unseenTool("github") }
    const named = (lists: ToolLists) => rules.judge(unseen, question([], { names: namesOf([lists]) }), speaker)?.code
    assert.strictEqual(named({ prompts: ["github/*"] }), "tool_unseen")
    assert.strictEqual(named({ resources: ["!*/x"] }), "tool_unseen")
    assert.isUndefined(named({ tools: ["jira/*"] }))
  })

  it("MCP at a path that is no server's is unseen, and refused where anything is named", () => {
    const elsewhere = (path: string) => ({ method: "POST", path, rawHeaders: [], model: noModel })
    const code = (names: typeof noNames, policy: Policy = {}, path = "/github/mcp") => {
      const these = rulesOf(policy)
      return these.concerns(elsewhere(path))
        ? these.judge(elsewhere(path), question([], { names }), speaker)?.code
        : "none"
    }
    for (const lists of [{ tools: ["other/x"] }, { prompts: ["!other/x"] }, { resources: ["other/x"] }]) {
      assert.strictEqual(code(namesOf([lists])), "tool_unseen")
    }
    assert.strictEqual(code(noNames, { scopes: [{ scope: "s", tools: ["github/x"] }] }), "tool_unseen")
    assert.isUndefined(code(noNames))
    assert.strictEqual(code(namesOf([{ tools: ["github/x"] }]), {}, "/v1/models"), "none")
    assert.strictEqual(code(namesOf([{ tools: ["github/x"] }]), { mcp: [] }), "none")
  })

  it("patterns may call a server by its aliases, those that take away too", () => {
    const these = rulesOf({ mcp: [{ server: "github", path: "/mcp/github", aliases: ["0a1b", "group:dev"] }] })
    const allows = (tools: ReadonlyArray<string>, name: string) =>
      these.allows(
        "tool",
        "github",
        name,
        question([{ of: "team", name: "red", lists: these.lists({ tools }) }], { names: namesOf([{ tools }]) })
      )
    assert.isTrue(allows(["0a1b/get"], "get"))
    assert.isTrue(allows(["group:dev/*"], "get"))
    assert.isFalse(allows(["github/*", "!0a*/get"], "get"))
    assert.isFalse(allows(["0a1b/get"], "put"))
    assert.isTrue(these.isNamed("tool", "github", namesOf([{ tools: ["0a1b/get"] }])))
    assert.isFalse(these.isNamed("tool", "github", namesOf([{ tools: ["other/get"] }])))
  })

  it("a request on no path of a server concerns the rules when it names a tool", () => {
    assert.isTrue(rules.concerns({ ...asked([]), tool: knownTool(tool("x")) }))
    const { tool: _, ...bare } = asked([])
    assert.isFalse(rules.concerns(bare))
    assert.isTrue(rules.concerns({ ...bare, path: "/mcp/github/x" }))
    assert.isFalse(new ToolRules(CoreTest.settingsOf({}), placed(() => undefined)).concerns(asked([tool("x")])))
  })
})

describe("a team", () => {
  it("fits what it lists, lacks what it does not, and is silent where nothing else is said", () => {
    const names = namesOf([{ tools: ["github/x"] }])
    const fit = (team: ToolLists, before: ReadonlyArray<Level> = []) =>
      rules.fit(team, asked([tool("get")]), names, before)
    assert.strictEqual(fit({ tools: ["github/get"] }), "fits")
    assert.strictEqual(fit({ tools: ["github/put"] }), "tool")
    assert.strictEqual(fit({}), "silent")
    assert.strictEqual(fit({}, [level("role", { tools: ["github/*"] })]), "fits")
    assert.strictEqual(fit({}, [level("role", { prompts: ["github/*"] })]), "silent")
    assert.strictEqual(rules.fit({ tools: [] }, asked([tool("get", "jira")]), names, []), "fits")
  })
})
