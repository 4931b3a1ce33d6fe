import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { main, type Running, start } from "../support/Process.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

/** Pastes one line into a shell at the root of the workspace. */
const paste = (line: string) =>
  Effect.callback<{ readonly code: number; readonly out: string }>((resume) => {
    execFile("bash", ["-c", line], { cwd: root }, (error, stdout, stderr) =>
      resume(
        Effect.succeed({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          out: stdout + stderr
        })
      ))
  })

/** Pastes a line of which `npx jotgate` is what is built: the way through npm is walked once. */
const pasteBuilt = (line: string) => paste(`npx() { shift; '${process.execPath}' '${main}' "$@"; }; ${line}`)

const line = (running: Running, begin: string): string =>
  running.out().split("\n").find((it) => it.startsWith(begin)) ?? ""

describe("jotgate dev", { concurrent: true }, () => {
  it.live("prints lines that work when pasted, and ends with 0", () =>
    Effect.gen(function*() {
      const dev = yield* start(["dev", "--port", "0", "--admin-port", "0"])
      yield* dev.until(/Ctrl-C/)
      const curl = line(dev, "curl ")
      const [, gate = ""] = yield* dev.until(/^gate +(\S+)/m)
      const [, admin = ""] = yield* dev.until(/^page +(\S+)\//m)

      const streamed = yield* paste(`${curl} -s`)
      assert.match(streamed.out, /chat\.completion\.chunk/)
      assert.match(streamed.out, /"usage"/)
      assert.match(streamed.out, /data: \[DONE\]\s*$/)

      const status = "-s -o /dev/null -w %{http_code}"
      assert.strictEqual((yield* paste(`${curl.replace(/-H 'authorization: [^']*'/, "")} ${status}`)).out, "401")
      assert.strictEqual((yield* paste(`${curl.replace("\"gpt-4o\"", "\"gpt-5\"")} ${status}`)).out, "403")
      const expired = yield* pasteBuilt(`npx jotgate token alice --life -120 --gate ${gate} 2>/dev/null`)
      assert.strictEqual(
        (yield* paste(`${curl.replace(/Bearer [^']*/, `Bearer ${expired.out.trim()}`)} ${status}`)).out,
        "401"
      )

      const why = yield* paste(line(dev, "npx jotgate explain"))
      assert.match(why.out, /200 allow +alice@acme\.test → team red +model gpt-4o +POST \/v1\/chat\/completions/)
      assert.match(why.out, / ✔ team +red: first of 2 groups that may call gpt-4o/)
      assert.strictEqual(why.code, 0)
      const pasted = dev.out().split("\n").filter((it) => it.includes(" --tool github/"))
      const [denied, who] = yield* Effect.forEach(pasted, pasteBuilt)
      assert.match(denied?.out ?? "", /agent-7 may not call github\/create_issue for alice: alice may, agent-7 may not/)
      assert.match(who?.out ?? "", /^team +red[^]*^user +alice/m)

      assert.strictEqual((yield* Effect.promise(() => fetch(`${admin}/readyz`))).status, 200)
      dev.process.kill("SIGINT")
      assert.strictEqual(yield* dev.ended, 0)
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
