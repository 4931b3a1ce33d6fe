import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { Catalog } from "../src/index.ts"

const root = join(import.meta.dirname, "../..")

/** Runs a suite that needs Redis on a machine that has nothing: an empty PATH. */
const run = (ci: string) => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs")
  const args = ["run", "servers/test/Databases", "-t", "Redis", "--reporter=verbose"]
  const env = { ...process.env, PATH: "/nonexistent", CI: ci, NO_COLOR: "1", FORCE_COLOR: "0" }
  const { status, stderr, stdout } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    encoding: "utf8",
    env
  })
  return { status, output: stdout + stderr }
}

describe("without the server", () => {
  it("a suite is skipped by name, with the hint", () => {
    const { output, status } = run("")
    assert.strictEqual(status, 0, output)
    assert.match(output, /↓.*Redis \(skipped: redis is missing: npm run servers, or install redis-server/)
  })

  it("a suite fails in CI", () => {
    const { output, status } = run("true")
    assert.strictEqual(status, 1, output)
    assert.match(output, /redis is missing: npm run servers/)
  })
})

it("every name has a hint that says how to get it", () => {
  for (const name of Catalog.names) assert.match(Catalog.hint(name), new RegExp(`^${name} is missing: npm run servers`))
})
