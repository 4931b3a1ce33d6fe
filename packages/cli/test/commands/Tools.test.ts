/** Tools and agents at the command line: explained, tested, planned with, and asked for the other way round. */
import { assert, describe, it } from "@effect/vitest"
import type { KeptQuestion } from "@jotgate/server/KeptQuestion"
import { RecordStore } from "@jotgate/store/RecordStore"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jotgate } from "../support/Shell.ts"

const rows = `
users: [{ id: alice }, { id: bob }, { id: carol }]
teams: [{ id: red, tools: ["github/*"], resources: ["github/file:///docs/*"] }, { id: blue, tools: ["github/get_*"] }]
memberships: [{ user: alice, team: blue }, { user: bob, team: red }]
agents:
  - { id: agent-7, tools: ["github/get_*"] }
  - { id: agent-8, tools: ["github/*"], teams: [red] }
  - { id: agent-9, tools: ["github/*"], autonomous: true }
  - { id: agent-0, tools: ["github/*"], blocked: true }
`

const configuration = (roleTools = "") =>
  `issuers:
  - { id: idp, issuer: http://127.0.0.1:1, audience: [llm], jwks: file:keys.json, claims: { user: sub, teams: groups, agent: { actor: act } } }
directory: { url: sqlite:./jotgate.db, file: rows.yaml }
gateway: { admin: 127.0.0.1:0 }
decisions: { store: sqlite:./records.db }
policy:
  mcp: [{ server: github, path: /mcp/github }]
${roleTools}`

const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  write("rows.yaml", rows)
  write("keys.json", JSON.stringify({ keys: [] }))
  const config = write("jotgate.yaml", configuration())
  return { folder, config, write, run: (...args: ReadonlyArray<string>) => jotgate(...args, "--config", config) }
})

describe("explain", () => {
  it.live("says of a tool and an agent who may not, which list lacks it, and what would allow it", () =>
    Effect.gen(function*() {
      const { run } = yield* world
      const deletes = ["--tool", "github/delete_repo"]
      const allowed = yield* run("explain", "--user", "bob", ...deletes)
      assert.strictEqual(allowed.code, 0, allowed.err)
      assert.match(allowed.out, /^200 allow {3}bob → team red {3}tool github\/delete_repo {3}POST \/mcp\/github /m)
      assert.match(allowed.out, /^ ✔ tool +github\/delete_repo ∈ \["github\/\*"\]$/m)
      const denied = yield* run("explain", "--user", "bob", "--agent", "agent-7", ...deletes)
      assert.strictEqual(denied.code, 1, denied.err)
      assert.match(
        denied.out,
        /^403 deny {3}tool_denied {3}bob by agent agent-7 → team red {3}tool github\/delete_repo /m
      )
      assert.match(
        denied.out,
        /^ ✘ tool +agent-7 may not call github\/delete_repo for bob: bob may, agent-7 may not, agent agent-7 lists \["github\/get_\*"\]$/m
      )
      assert.match(
        denied.out,
        /^ → It would be allowed with "github\/delete_repo" among the tools of the agent "agent-7"\.$/m
      )
      const json = JSON.parse((yield* run("explain", "--user", "bob", "--agent", "agent-7", ...deletes, "--json")).out)
      assert.deepInclude(json, {
        code: "tool_denied",
        tool: "github/delete_repo",
        agent: { id: "agent-7", chain: ["agent-7"] }
      })
      // A chain is as narrow as its narrowest link; an agent alone has its own rights.
      assert.strictEqual((yield* run("explain", "--user", "bob", "--agent", "agent-8,agent-7", ...deletes)).code, 1)
      assert.strictEqual((yield* run("explain", "--user", "bob", "--agent", "agent-8", ...deletes)).code, 0)
      assert.strictEqual((yield* run("explain", "--agent", "agent-9", ...deletes)).code, 0)
      assert.include((yield* run("explain", "--agent", "agent-7", ...deletes)).out, "principal_required")
      assert.include((yield* run("explain", "--user", "bob", "--agent", "agent-0", ...deletes)).out, "agent_blocked")
    }))

  it.live("names the setting with its line; a prompt and a resource alike", () =>
    Effect.gen(function*() {
      const { config, run, write } = yield* world
      write(
        "jotgate.yaml",
        configuration(
          `  roles:\n    - { role: internal_user, tools: ["github/get_*"], prompts: ["github/hello"], resources: ["github/file:///docs/*"] }\n`
        )
      )
      const denied = yield* run("explain", "--user", "bob", "--tool", "github/delete_repo")
      assert.match(denied.out, new RegExp(`rule policy\\.roles\\[0\\]\\.tools \\(${config}:9\\)$`, "m"))
      assert.include(denied.out, "among the tools of policy.roles[0].")
      const prompt = yield* run("explain", "--user", "bob", "--prompt", "github/other")
      assert.include(prompt.out, "bob may not get github/other: policy.roles[0] does not list it")
      const [read, other] = [
        yield* run("explain", "--user", "bob", "--resource", "github/file:///docs/a"),
        yield* run("explain", "--user", "bob", "--resource", "github/file:///etc/passwd")
      ]
      assert.deepStrictEqual([read.code, other.code], [0, 1])
      assert.include(other.out, "bob may not read github/file:///etc/passwd")
    }))

  it.live("holds the scopes that are said, and names those that a server asks for besides", () =>
    Effect.gen(function*() {
      const { run, write } = yield* world
      write("jotgate.yaml", configuration().replace("path: /mcp/github }", "path: /mcp/github, scopes: [mcp, repo] }"))
      const asked = ["explain", "--user", "bob", "--tool", "github/get_repo"]
      const none = yield* run(...asked, "--scope", "mcp")
      assert.deepStrictEqual([none.code, none.out.includes("with the scope \"repo\"")], [1, true], none.out)
      assert.strictEqual((yield* run(...asked, "--scope", "mcp", "--scope", "repo")).code, 0)
      const alone = ["explain", "--agent", "agent-9", "--tool", "github/get_repo"]
      assert.strictEqual((yield* run(...alone, "--scope", "mcp")).code, 1)
      assert.strictEqual((yield* run(...alone, "--scope", "mcp", "--scope", "repo")).code, 0)
    }))

  it.live("refuses what no request could ask for, and an agent where nothing reads who acts", () =>
    Effect.gen(function*() {
      const { run, write } = yield* world
      const refused = (...args: ReadonlyArray<string>) =>
        Effect.map(run("explain", ...args), ({ code, err }) => [code, err])
      assert.deepStrictEqual(
        yield* refused("--user", "bob", "--tool", "gitlab/x"),
        [2, "policy.mcp has no server \"gitlab\" (it has github)"]
      )
      assert.match(String(yield* refused("--user", "bob", "--tool", "github/get_*")), /^2,.*without a pattern/)
      assert.match(String(yield* refused("--token", "a.b.c", "--agent", "agent-7")), /^2,--agent: a token says itself/)
      write("jotgate.yaml", configuration().replace(", agent: { actor: act }", ""))
      assert.match(String(yield* refused("--user", "bob", "--agent", "agent-7")), /^2,.*claims\.agent/)
    }))
})

describe("who and can", () => {
  it.live("say in one command which agents can call a tool, and for whom", () =>
    Effect.gen(function*() {
      const { run } = yield* world
      yield* run("directory", "apply", (yield* world).write("again.yaml", rows))
      const who = JSON.parse((yield* run("who", "--tool", "github/delete_repo", "--json")).out)
      assert.deepStrictEqual(
        who.agents.map((it: { readonly id: string }) => it),
        [
          { id: "agent-8", name: null, alone: false, teams: ["red"], users: ["bob"] },
          { id: "agent-9", name: null, alone: true, teams: ["red"], users: ["bob"] }
        ]
      )
      assert.deepStrictEqual(who.teams, [{ id: "red", alias: null }])
      assert.deepStrictEqual(who.users.map((it: { readonly id: string }) => it.id), ["bob"])
      const table = (yield* run("who", "--tool", "github/delete_repo")).out
      assert.match(table, /^agent +agent-8 +- +team red,bob +no$/m)
      assert.match(table, /^agent +agent-9 +- +team red,bob +yes$/m)
      assert.notInclude(table, "agent-7")
      const reads = JSON.parse((yield* run("who", "--tool", "github/get_repo", "--agent", "agent-8", "--json")).out)
      assert.deepStrictEqual([reads.teams, reads.users.map((it: { readonly id: string }) => it.id)], [
        [{ id: "red", alias: null }],
        ["bob"]
      ])
      const can = JSON.parse((yield* run("can", "--user", "bob", "--agent", "agent-7", "--json")).out)
      assert.deepStrictEqual(can.tools, ["github/get_*"])
      assert.strictEqual((yield* run("can", "--user", "alice", "--agent", "agent-8")).code, 1)
      assert.strictEqual((yield* run("can", "--agent", "agent-7")).code, 1)
      assert.strictEqual((yield* run("who", "--tool", "github/get_repo", "--agent", "agent-0")).code, 1)
      const prompts = JSON.parse((yield* run("who", "--prompt", "github/hello", "--json")).out)
      assert.deepStrictEqual(prompts.users.map((it: { readonly id: string }) => it.id), ["alice", "bob", "carol"])
      const [docs, etc] = ["github/file:///docs/a", "github/file:///etc/passwd"]
      const readers = JSON.parse((yield* run("who", "--resource", docs, "--json")).out)
      assert.deepStrictEqual(readers.users.map((it: { readonly id: string }) => it.id), ["bob"])
      assert.strictEqual((yield* run("who", "--resource", etc)).code, 1)
      assert.strictEqual((yield* run("can", "--user", "bob", "--resource", docs)).code, 0)
      assert.strictEqual((yield* run("can", "--user", "bob", "--resource", etc)).code, 1)
      assert.match((yield* run("who", "--prompt", "gitlab/x")).err, /policy\.mcp has no server "gitlab"/)
      assert.strictEqual((yield* run("who", "--prompt", "github/a", "--tool", "github/a")).code, 2)
      assert.match((yield* run("who", "--tool", "gitlab/x")).err, /policy\.mcp has no server "gitlab"/)
    }))
})

describe("test", () => {
  it.live("holds tools and agents to what a file says, and shows the sentence where they are not", () =>
    Effect.gen(function*() {
      const { write } = yield* world
      const file = (allowed: boolean) => `
given:
  config: { policy: { mcp: [{ server: github, path: /mcp/github }] } }
  directory: ${
        JSON.stringify({
          users: [{ id: "bob" }],
          teams: [{ id: "red", tools: ["github/*"], prompts: ["github/hello"] }],
          memberships: [{ user: "bob", team: "red" }],
          agents: [{ id: "agent-7", tools: ["github/get_*"] }, { id: "agent-9", tools: ["github/*"], autonomous: true }]
        })
      }
tests:
  - { name: bob, given: { user: bob }, when: { tool: github/delete_repo }, then: { allowed: true, agent: null, tools: ["github/*"] } }
  - { name: agent-7 for bob, given: { user: bob, agent: agent-7 }, when: { tool: github/delete_repo }, then: { allowed: ${allowed}, agent: agent-7 } }
  - { name: claims, given: { claims: { sub: bob, act: { sub: agent-7 } } }, when: { tool: github/get_repo }, then: { allowed: true, agent: agent-7, tools: ["github/get_*"] } }
  - { name: alone, given: { agent: [agent-9] }, when: { tool: github/delete_repo }, then: { allowed: true, user: null } }
  - { name: prompt, given: { user: bob }, when: { prompt: github/other }, then: { code: tool_denied } }
  - { name: list, given: { user: bob }, when: { path: /mcp/github }, then: { allowed: true } }
`
      const good = yield* jotgate("test", write("good.yaml", file(false)))
      assert.strictEqual(good.code, 0, good.out + good.err)
      const bad = yield* jotgate("test", write("bad.yaml", file(true)))
      assert.strictEqual(bad.code, 1)
      assert.match(bad.out, /^not ok 2 - agent-7 for bob$/m)
      assert.include(bad.out, "agent-7 may not call github/delete_repo for bob: bob may, agent-7 may not")
      const odd = yield* jotgate(
        "test",
        write("odd.yaml", file(true).replace("tool: github/get_repo", "tool: nowhere/x"))
      )
      assert.deepStrictEqual([odd.code, odd.err.includes("claims: policy.mcp has no server")], [2, true])
    }))
})

describe("plan", () => {
  const question = (name: string, more: object = {}): KeptQuestion => ({
    issuer: "idp",
    method: "POST",
    path: "/mcp/github",
    team: null,
    asks: "None",
    models: [],
    tools: { named: [{ kind: "tool", server: "github", name }] },
    claims: { sub: "bob", ...more }
  })
  const record = (number: number, asked: KeptQuestion, agent: string | null, verdict: "allow" | "deny") => {
    const id = `d_01ARZ3NDEKTSV4RRFFQ69G5F${String(number).padStart(2, "0")}`
    const code = verdict === "deny" ? "tool_denied" : null
    const body = {
      verdict,
      verdictCode: code,
      user: "bob",
      team: code === null ? "red" : null,
      agent,
      claimed: { user: "bob", email: null }
    }
    const of = {
      id,
      status: code === null ? 200 : 403,
      code,
      person: "bob",
      claimed: "bob",
      email: null,
      team: body.team
    }
    return { ...of, model: null, tool: "github/x", agent, body: JSON.stringify(body), question: JSON.stringify(asked) }
  }

  it.live("names who loses or gains a tool, and who acted", () =>
    Effect.gen(function*() {
      const { folder, run, write } = yield* world
      const acting = { act: { sub: "agent-7" } }
      const { tools: _, ...seen } = question("x")
      yield* Effect.provide(
        RecordStore.use((store) =>
          store.append([
            record(1, question("delete_repo"), null, "allow"),
            record(2, question("get_repo", acting), "agent-7", "allow"),
            record(3, question("delete_repo", acting), "agent-7", "deny"),
            record(4, { ...seen, tools: { named: [] } }, null, "allow"),
            record(5, { ...seen, tools: { unseen: "github" } }, null, "deny")
          ])
        ),
        RecordStore.layerSqlite(join(folder, "records.db"))
      )
      const same = yield* run("plan")
      assert.deepStrictEqual([same.code, same.out], [0, "5 questions: 0 lose, 0 gain, 0 change team"], same.err)
      write("rows.yaml", rows.replace(`red, tools: ["github/*"]`, `red, tools: ["github/get_*"]`))
      const narrower = yield* run("plan")
      assert.strictEqual(narrower.code, 1)
      assert.match(narrower.out, /^- bob {2}github\/delete_repo: allowed in team red, would be tool_denied$/m)
      write("rows.yaml", rows.replace(`agent-7, tools: ["github/get_*"]`, `agent-7, tools: ["github/delete_*"]`))
      const { out } = yield* run("plan")
      assert.match(out, /^- bob by agent agent-7 {2}github\/get_repo: allowed in team red, would be tool_denied$/m)
      assert.match(
        out,
        /^\+ bob by agent agent-7 {2}github\/delete_repo: was tool_denied, would be allowed in team red$/m
      )
    }))
})
