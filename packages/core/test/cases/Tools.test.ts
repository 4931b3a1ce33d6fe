/** Who may use what of MCP servers, asked through the whole pipeline. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { noTool, severalTools, toolFrom, unseenTool } from "../../src/Request.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const { agent, membership, organization, team, user } = CoreTest

const mcp = [{ server: "github", path: "/mcp/github" }, { server: "jira", path: "/mcp/jira" }]
const users = [user("alice", { teams: ["red"] }), user("bob", { teams: ["blue"] })]
type Claims = Readonly<Record<string, unknown>>

const alice = { uid: "alice" }
const bob = { uid: "bob" }
const three = ["github/get_repo", "github/list_repos", "github/create_issue"]

const lines = (world: CoreTest.World, asks: Readonly<Record<string, CoreTest.Ask>>) =>
  CoreTest.lines({ ...world, policy: { mcp, ...world.policy } }, asks)

const calls = (claims: Claims, tools: ReadonlyArray<string>) =>
  Object.fromEntries(tools.map((tool) => [tool, { claims, tool }]))

describe("tools of MCP servers (DESIGN §11)", () => {
  it.effect("at a server that no rule and no row names whoever may use its route may everything", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red"), team("blue", { tools: ["github/get_*"] })] }
      assert.deepStrictEqual(yield* lines({ rows }, calls(alice, ["jira/close", "github/get_repo"])), {
        "jira/close": "allow user=alice team=red",
        "github/get_repo": "403 tool_denied"
      })
    }))

  it.effect("at a named one some level must list it, and no level that has a list may lack it", () =>
    Effect.gen(function*() {
      const rows = {
        users,
        teams: [team("red", { tools: three }), team("blue")],
        memberships: [membership("alice", "red", { tools: ["github/*", "!github/create_*"] })]
      }
      assert.deepStrictEqual(yield* lines({ rows }, calls(alice, [...three, "github/delete_repo"])), {
        "github/get_repo": "allow user=alice team=red",
        "github/list_repos": "allow user=alice team=red",
        "github/create_issue": "403 tool_denied",
        "github/delete_repo": "403 tool_denied"
      })
      assert.deepStrictEqual(yield* lines({ rows }, calls(bob, ["github/get_repo"])), {
        "github/get_repo": "403 tool_denied"
      })
    }))

  const listing = { tools: ["github/get_*", "!github/get_secret"] }
  const levels: Readonly<Record<string, CoreTest.World & { readonly claims?: Claims }>> = {
    issuer: { issuer: { grants: listing } },
    role: { policy: { roles: [{ role: "internal_user", ...listing }] } },
    scope: { policy: { scopes: [{ scope: "s", ...listing }] }, claims: { ...alice, scope: "s" } },
    organization: {
      rows: { organizations: [organization("acme", listing)], users, teams: [team("red")] },
      claims: { ...alice, org_id: "acme" }
    },
    "the team's organization": {
      rows: { organizations: [organization("acme", listing)], users, teams: [team("red", { organization: "acme" })] }
    },
    team: { rows: { users, teams: [team("red", listing)] } },
    membership: { rows: { users, teams: [team("red")], memberships: [membership("alice", "red", listing)] } },
    user: { rows: { users: [user("alice", { teams: ["red"], ...listing })], teams: [team("red")] } }
  }
  for (const [level, { claims = alice, ...world }] of Object.entries(levels)) {
    it.effect(`${level} lists, and takes away`, () =>
      Effect.gen(function*() {
        const rows = world.rows ?? { users, teams: [team("red")] }
        assert.deepStrictEqual(
          yield* lines({ ...world, rows }, calls(claims, ["github/get_repo", "github/get_secret", "github/delete"])),
          {
            "github/get_repo": `allow user=alice team=red${level === "organization" ? " organization=acme" : ""}`,
            "github/get_secret": "403 tool_denied",
            "github/delete": "403 tool_denied"
          }
        )
      }))
  }

  it.effect("an empty list and one of `!` alone allow nothing; what is left out says nothing", () =>
    Effect.gen(function*() {
      for (const tools of [[], ["!github/delete_*"]]) {
        const rows = {
          users: [user("alice", { teams: ["red"], tools })],
          teams: [team("red", { tools: ["github/*"] })]
        }
        assert.deepStrictEqual(yield* lines({ rows }, calls(alice, ["github/get_repo"])), {
          "github/get_repo": "403 tool_denied"
        })
      }
    }))

  it.effect("each kind has rules of its own", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { tools: [], resources: ["github/file:///docs/*"] })] }
      const asked = (kind: "tool" | "prompt" | "resource", text: string): CoreTest.Ask => {
        const named = toolFrom(text, kind)
        return {
          claims: alice,
          path: "/mcp/github",
          tool: named === undefined ? noTool : { _tag: "Known", tool: named }
        }
      }
      assert.deepStrictEqual(
        yield* lines({ rows }, {
          read: asked("resource", "github/file:///docs/a/b"),
          other: asked("resource", "github/file:///etc/passwd"),
          prompt: asked("prompt", "github/review")
        }),
        { read: "allow user=alice team=red", other: "403 tool_denied", prompt: "allow user=alice team=red" }
      )
    }))

  it.effect("several are allowed together or not at all; unseen is not none (RULES D53)", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { tools: ["github/get_*"] })] }
      const both = ["github/get_repo", "github/delete_repo"].flatMap((it) => toolFrom(it) ?? [])
      const path = "/mcp/github"
      assert.deepStrictEqual(
        yield* lines({ rows }, {
          several: { claims: alice, path, tool: severalTools(both) },
          one: { claims: alice, path, tool: severalTools(both.slice(0, 1)) },
          list: { claims: alice, path, tool: noTool },
          unseen: { claims: alice, tool: unseenTool("github") },
          unsaid: { claims: alice, path },
          elsewhere: { claims: alice, tool: unseenTool("jira") }
        }),
        {
          several: "403 tool_denied",
          one: "allow user=alice team=red",
          list: "allow user=alice team=red",
          unseen: "403 tool_unseen",
          unsaid: "403 tool_unseen",
          elsewhere: "allow user=alice team=red"
        }
      )
    }))

  it.effect("every missing scope is in one denial, where scopes are all that is missing", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = {
        policy: {
          mcp: [{ server: "github", path: "/mcp/github", scopes: ["mcp", "github"] }],
          scopes: [{ scope: "repo.write", tools: ["github/create_*"] }, { scope: "repo.read", tools: ["github/get_*"] }]
        },
        rows: { users, teams: [team("red", { tools: ["github/get_*", "github/create_*"] })] }
      }
      const scopes = (one: CoreTest.Ask) =>
        Effect.map(CoreTest.ask(world, one), ({ answer, line }) =>
          answer._tag === "Success" ? line : JSON.stringify(answer).match(/"scope":\[[^\]]*\]/)?.[0] ?? line)
      const path = "/mcp/github"
      const all = "mcp github repo.read"
      assert.strictEqual(yield* scopes({ claims: alice, path, tool: noTool }), `"scope":["mcp","github"]`)
      assert.strictEqual(
        yield* scopes({ claims: { ...alice, scope: "mcp" }, tool: "github/create_issue" }),
        `"scope":["github","repo.write"]`
      )
      assert.strictEqual(
        yield* scopes({ claims: { ...alice, scope: all }, tool: "github/get_repo" }),
        "allow user=alice team=red"
      )
      assert.strictEqual(yield* scopes({ claims: { ...alice, scope: all }, tool: "github/delete" }), "403 tool_denied")
    }))

  it.effect("the first group that lists it is chosen; one that says nothing only when none does", () =>
    Effect.gen(function*() {
      const rows = {
        users,
        teams: [team("everyone"), team("red", { tools: ["github/get_*"] }), team("blue", { tools: ["jira/*"] })]
      }
      const claims = { ...alice, groups: ["everyone", "red", "blue"] }
      assert.deepStrictEqual(
        yield* lines({ rows }, calls(claims, ["github/get_repo", "jira/close", "github/delete"])),
        {
          "github/get_repo": "allow user=alice team=red",
          "jira/close": "allow user=alice team=blue",
          "github/delete": "403 tool_denied"
        }
      )
      const [list] = yield* reach({ rows }, claims)
      assert.deepStrictEqual(list, ["github/get_*", "jira/*"])
    }))

  const reach = (world: CoreTest.World, claims: Claims, names: ReadonlyArray<string> = []) =>
    Effect.map(
      CoreTest.ask({ ...world, policy: { mcp, ...world.policy } }, { claims, path: "/mcp/github", tool: noTool }),
      ({ decision, line }) => {
        if (decision === undefined) throw new RangeError(line)
        return [
          [...decision.reach.tools()],
          names.filter((it) => {
            const [server = "", name = ""] = it.split("/")
            return decision.reach.mayUse("tool", server, name)
          })
        ] as const
      }
    )

  it.effect("a list names what can be called, and patterns never more", () =>
    Effect.gen(function*() {
      const rows = {
        users: [user("alice", { teams: ["red"], tools: ["github/*", "!github/delete_*"] })],
        teams: [team("red", { tools: ["github/get_*", "github/delete_repo", "github/list"] })]
      }
      const names = ["github/get_a", "github/delete_repo", "github/list", "github/put", "jira/x"]
      assert.deepStrictEqual(yield* reach({ rows }, alice, names), [
        ["github/get_*", "github/list", "jira/*"],
        ["github/get_a", "github/list", "jira/x"]
      ])
    }))

  it.effect("a template is listed when every expansion of its beginning is allowed", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { resources: ["github/repo://*", "!github/repo://secret/*"] })] }
      const world = { rows, policy: { mcp } }
      const { decision } = yield* CoreTest.ask(world, { claims: alice, path: "/mcp/github", tool: noTool })
      const every = (prefix: string) => decision?.reach.mayUseEvery("resource", "github", prefix)
      assert.deepStrictEqual(["repo://", "repo://open/", "repo://secret/x", "file://"].map(every), [
        false,
        true,
        false,
        false
      ])
    }))

  it.effect("a pattern is SERVER/NAME with `*` as its only special character", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { tools: ["git*/*_repo", "!*/delete_repo"] })] }
      assert.deepStrictEqual(
        yield* lines({ rows }, calls(alice, ["github/get_repo", "github/delete_repo", "github/x", "jira/get_repo"])),
        {
          "github/get_repo": "allow user=alice team=red",
          "github/delete_repo": "403 tool_denied",
          "github/x": "403 tool_denied",
          // `!*/…` is about every server: jira is named, and nothing lists this.
          "jira/get_repo": "403 tool_denied"
        }
      )
    }))

  it.effect("without a configured server nothing is looked up and nothing is restricted", () =>
    Effect.gen(function*() {
      const rows = { users, teams: [team("red", { tools: [] })] }
      const { decision } = yield* CoreTest.ask({ rows, failing: ["tools"] }, { claims: alice })
      assert.deepStrictEqual(decision?.reach.tools(), ["*"])
      const outage = yield* CoreTest.ask({ rows, policy: { mcp }, failing: ["tools"] }, {
        claims: alice,
        tool: "jira/x"
      })
      assert.strictEqual(outage.line, "503 directory_unavailable")
    }))
})

describe("agents and tools (DESIGN §11)", () => {
  const issuer = { claims: { ...CoreTest.mapping, agent: { actor: "act" } } }
  const sentence = (world: CoreTest.World, claims: Claims, tool: string) =>
    Effect.map(
      CoreTest.ask({ issuer, ...world, policy: { mcp, ...world.policy } }, { claims, tool }),
      ({ line, steps }) =>
        steps.flatMap((it) => it.step === "tool" && it.outcome === "denied" ? it.facts.text ?? [] : [])[0] ?? line
    )
  const rows = {
    users: [user("bob", { teams: ["red"] })],
    teams: [team("red", { tools: ["github/*"] })],
    agents: [
      agent("agent-7", { tools: ["github/get_*"] }),
      agent("agent-8"),
      agent("robot", { tools: ["github/get_*"], autonomous: true }),
      agent("idle", { autonomous: true })
    ]
  }
  const acting = (...chain: ReadonlyArray<string>) =>
    chain.toReversed().reduce<object | undefined>(
      (inner, sub) => ({ sub, ...(inner === undefined ? {} : { act: inner }) }),
      undefined
    )

  it.effect("what the user may, each agent of the chain narrows", () =>
    Effect.gen(function*() {
      const claims = { uid: "bob", act: acting("agent-8", "agent-7") }
      assert.strictEqual(yield* sentence({ rows }, claims, "github/get_repo"), "allow user=bob team=red")
      assert.strictEqual(
        yield* sentence({ rows }, { uid: "bob", act: acting("agent-7") }, "github/delete_repo"),
        "agent-7 may not call github/delete_repo for bob: bob may, agent-7 may not"
      )
      assert.strictEqual(
        yield* sentence({ rows }, claims, "github/delete_repo"),
        "agent-8 may not call github/delete_repo for bob: bob may, agent-8 may, agent-7 may not"
      )
    }))

  it.effect("an agent gives nothing that the user has not", () =>
    Effect.gen(function*() {
      const bare = { ...rows, teams: [team("red")] }
      assert.strictEqual(
        yield* sentence({ rows: bare }, { uid: "bob", act: acting("agent-7") }, "github/get_repo"),
        "agent-7 may not call github/get_repo for bob: bob may not (nothing that is said about the caller lists it), agent-7 may"
      )
    }))

  it.effect("an agent on its own has its own list, and only when it is autonomous", () =>
    Effect.gen(function*() {
      const alone = (sub: string) => ({ act: acting(sub) })
      assert.strictEqual(yield* sentence({ rows }, alone("robot"), "github/get_repo"), "allow")
      assert.strictEqual(
        yield* sentence({ rows }, alone("robot"), "github/delete_repo"),
        "robot may not call github/delete_repo: the agent robot does not list it"
      )
      assert.strictEqual(yield* sentence({ rows }, alone("agent-7"), "github/get_repo"), "403 principal_required")
      assert.strictEqual(
        yield* sentence({ rows }, alone("idle"), "github/get_repo"),
        "idle may not call github/get_repo: nothing that is said about the caller lists it"
      )
    }))
})
