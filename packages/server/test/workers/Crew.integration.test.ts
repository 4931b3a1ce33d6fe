/** Processes that are not as they should be, under an owner that is. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const crew = fileURLToPath(new URL("../support/crew.ts", import.meta.url))

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("the owner of several processes", () => {
  it("outlives what they say, and they do not outlive it", async () => {
    const owner = spawn(process.execPath, ["--conditions=source", crew], { stdio: ["ignore", "pipe", "inherit"] })
    const ended = once(owner, "exit")
    try {
      let said = ""
      for await (const chunk of owner.stdout) {
        said += String(chunk)
        if (/^whole .*\n/m.test(said)) break
      }
      // Everybody who spoke nonsense, died or fell silent is replaced; who only asked too much may stay.
      const [, answers = "", sessions, pids = ""] = /^whole (.*), (\d+) sessions, pids (.*)$/m.exec(said) ??
        assert.fail(`it ended: ${said}`)
      assert.match(answers, /^good good good good good (?:good|refused)$/)
      // One caller keeps so many, whatever a process says of it.
      assert.isAtMost(Number(sessions), 2_000)
      const processes = pids.split(" ").map(Number)
      assert.lengthOf(processes, 6)
      owner.kill("SIGKILL")
      await ended
      while (processes.some(isThere)) await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      owner.kill("SIGKILL")
    }
  }, 120_000)
})
