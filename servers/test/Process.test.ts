import { assert, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Caddy, describeWith, Ports, Process } from "../src/index.ts"

const index = join(import.meta.dirname, "../src/index.ts")

describeWith("redis", "a test run that dies", () => {
  it.skipIf(process.platform !== "linux")("takes its servers along, however it dies", async () => {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const folder = mkdtempSync(join(tmpdir(), "jotgate-orphan-"))
      const program = `import { Redis } from ${JSON.stringify(index)}
        const server = await Redis.start()
        console.log(server.pid())
        setInterval(() => {}, 1000)`
      const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (it) => resolve(Number(it))))
      assert.isTrue(Process.isRunning(pid))
      parent.kill(signal)
      for (let waited = 0; Process.isRunning(pid) && waited < 5_000; waited += 20) await sleep(20)
      assert.isFalse(Process.isRunning(pid), signal)
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describeWith("caddy", "a port that is taken", () => {
  it("is said, and the stranger on it does not pass for our server", async () => {
    const stranger = createServer()
    const port = await Ports.free()
    await new Promise<void>((resolve) => stranger.listen(port, Ports.host, resolve))
    try {
      const config = `http://${Ports.host}:${port} {\n  respond one\n}\n`
      const failed = await Caddy.start({ config, port }).then(async (it) => it.stop(), (error: unknown) => error)
      assert.instanceOf(failed, Process.ServerFailed)
      assert.match(failed.message, /port \d+ is taken/)
    } finally {
      stranger.close()
    }
  })
})

it("a program that is not there is said at once", async () => {
  const failed = await Process.start({
    name: "nothing",
    program: "/nonexistent/program",
    args: [],
    ready: () => Promise.resolve(false)
  }).then(() => undefined, (error: unknown) => error)
  assert.instanceOf(failed, Process.ServerFailed)
})
