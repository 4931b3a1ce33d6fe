import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Catalog, describeWith, Ports } from "@jotgate/servers"
import { Effect, FileSystem } from "effect"
import { createServer } from "node:http"
import { blocksOf, shapeOf } from "../support/Documents.ts"
import { commandsOf } from "../support/PageCommands.ts"
import { paste, pasted, type Running, start } from "../support/Process.ts"

/** Pastes a line as it is, with npm's own `npx`. */
const throughNpm = (line: string) => pasted(`unset -f npx jotgate\n${line}`)

const line = (running: Running, begin: string): string =>
  running.out().split("\n").find((it) => it.startsWith(begin)) ?? ""

/** The command of a page that begins so. */
const commandOf = (page: string, begin: string): string =>
  commandsOf(page).find(({ text }) => text.startsWith(begin))?.text ?? `no ${begin} in ${page}`

/** Stands in for Claude Code: asks the server that is added, as it is added, for its tools. */
const claude = `claude() {
  [ "$1 $2 $3 $4 $5 $7" = "mcp add --transport http github --header" ] || return 2
  curl -s "$6" -H "$8" -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' \
    -H 'mcp-protocol-version: 2025-06-18' -d '{ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }'
}`

/** The real one, in a home of its own; it is large, so it is run where it is installed. */
const claudeCode = (home: string) =>
  `export HOME=${home} CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
claude() { '${process.execPath}' '${
    Catalog.locate("coding-agents")
  }/node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs' "$@"; }`

describeWith("coding-agents", "Claude Code at jotgate dev", () => {
  it.live("is connected once it has been told what docs/tools.md and docs/mcp.md say", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const dev = yield* start(["dev", "--port", "0", "--admin-port", "0"])
      const [, gate = ""] = yield* dev.until(/^gate +(\S+)/m)
      const token = (yield* pasted(`npx jotgate token alice --gate ${gate} 2>/dev/null`)).out.trim()
      for (const page of ["docs/tools.md", "docs/mcp.md"]) {
        const home = yield* files.makeTempDirectoryScoped()
        const add = commandOf(page, "claude mcp add").replace(/http:\/\/127\.0\.0\.1:4180|GATE/, gate)
        const list = commandOf("docs/mcp.md", "claude mcp list")
        const listed = yield* pasted(`${claudeCode(home)}\n${add.replace("TOKEN", token)}\n${list}`, { cwd: home })
        assert.match(listed.text, /github: .*Connected/)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

describe("jotgate dev", { concurrent: true }, () => {
  it.live("prints lines that work when pasted, and ends with 0", () =>
    Effect.gen(function*() {
      const dev = yield* start(["dev", "--port", "0", "--admin-port", "0"])
      yield* dev.until(/Ctrl-C/)
      const curl = line(dev, "curl ")
      const [, gate = ""] = yield* dev.until(/^gate +(\S+)/m)
      const [, admin = ""] = yield* dev.until(/^page +(\S+)\//m)

      const streamed = yield* pasted(`${curl} -s`)
      assert.match(streamed.text, /chat\.completion\.chunk/)
      assert.match(streamed.text, /"usage"/)
      assert.match(streamed.text, /data: \[DONE\]\s*$/)

      const status = "-s -o /dev/null -w %{http_code}"
      assert.strictEqual((yield* pasted(`${curl.replace(/-H 'authorization: [^']*'/, "")} ${status}`)).out, "401")
      assert.strictEqual((yield* pasted(`${curl.replace("\"gpt-4o\"", "\"gpt-5\"")} ${status}`)).out, "403")
      const expired = yield* pasted(`npx jotgate token alice --life -120 --gate ${gate} 2>/dev/null`)
      assert.strictEqual(
        (yield* pasted(`${curl.replace(/Bearer [^']*/, `Bearer ${expired.out.trim()}`)} ${status}`)).out,
        "401"
      )

      const why = yield* throughNpm(line(dev, "npx jotgate explain"))
      assert.match(why.text, /200 allow +alice@acme\.test → team red +model gpt-4o +POST \/v1\/chat\/completions/)
      assert.match(why.text, / ✔ team +red: first of 2 groups that may call gpt-4o/)
      assert.strictEqual(why.code, 0)
      const lines = dev.out().split("\n").filter((it) => it.includes(" --tool github/"))
      const [denied, who] = yield* Effect.forEach(lines, (it) => pasted(it))
      assert.match(
        denied?.text ?? "",
        /agent-7 may not call github\/create_issue for alice: alice may, agent-7 may not/
      )
      assert.match(who?.text ?? "", /^team +red[^]*^user +alice/m)

      assert.strictEqual((yield* Effect.promise(() => fetch(`${admin}/readyz`))).status, 200)
      dev.process.kill("SIGINT")
      assert.strictEqual(yield* dev.ended, 0)
    }).pipe(Effect.scoped))

  it.live("starts as README.md says, prints what it shows, and does what docs/tools.md tries there", () =>
    Effect.gen(function*() {
      const [port, adminPort] = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free()]))
      const here = (text: string) => text.replaceAll("4380", `${port}`).replace("4381", `${adminPort}`)
      const flags = here(commandOf("docs/tools.md", "npm start --").replace("npm start", ""))
      // What is installed stays as it is, and the ports are free ones.
      const npm = `npm() { [ "$1" = ci ] || exec npm "$@" ${flags}; }`
      const dev = yield* paste(`${npm}\n${commandOf("README.md", "npm ci && npm start")}`)
      yield* dev.until(/Ctrl-C/)
      const [, greeted = "", explained = ""] = blocksOf("README.md").map(({ text }) => shapeOf(text))
      assert.include(shapeOf(dev.out()), greeted)
      const why = yield* pasted(line(dev, "npx jotgate explain"))
      assert.include(shapeOf(why.text), explained)
      const bob = yield* pasted(line(dev, "npx jotgate explain").replace("--person alice", "--person bob"))
      const help = blocksOf("docs/decisions.md").find(({ text }) => text.startsWith(" → "))?.text ?? "no help is shown"
      assert.include(bob.text.replaceAll(/\S+\/(?=jotgate\.yaml)/g, "").replaceAll(/ +/g, " "), help.trim())

      const gate = `http://127.0.0.1:${port}`
      const tokenOf = (begin: string) => {
        const command = here(commandOf("docs/tools.md", begin))
        return Effect.map(
          pasted(command.includes("--gate") ? command : `${command} --gate ${gate}`),
          ({ out }) => out.trim()
        )
      }
      const add = commandOf("docs/tools.md", "claude mcp add").replace("http://127.0.0.1:4180", gate)
      const counted = yield* Effect.forEach(
        ["jotgate token alice --gate", "npx jotgate token alice", "npx jotgate token alice+agent-7"],
        (begin) =>
          Effect.flatMap(tokenOf(begin), (token) => pasted(`${claude}\n${add.replace("TOKEN", token)}`)).pipe(
            Effect.map(({ text }) => text.match(/"inputSchema"/g)?.length ?? text)
          )
      )
      assert.deepStrictEqual(counted, [3, 3, 1])
    }).pipe(Effect.scoped))

  it.live("a taken port is one line that names the flag, exit 2", () =>
    Effect.gen(function*() {
      const server = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      const address = server.address()
      const port = String(typeof address === "object" ? address?.port : 0)
      const gate = yield* start(["dev", "--port", port, "--admin-port", "0"])
      assert.strictEqual(yield* gate.ended, 2)
      assert.strictEqual(gate.err().trim(), `--port: port ${port} is taken`)
      const admin = yield* start(["dev", "--port", "0", "--admin-port", port])
      assert.strictEqual(yield* admin.ended, 2)
      assert.strictEqual(admin.err().trim(), `--admin-port: port ${port} is taken`)
    }).pipe(Effect.scoped))
})
