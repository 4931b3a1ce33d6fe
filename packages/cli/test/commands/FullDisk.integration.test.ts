import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { main } from "../support/Process.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-disk-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Runs the command in a process that can make no file larger than so many blocks of 512 bytes. */
const limited = (blocks: number | "unlimited", ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(
    "sh",
    ["-c", `ulimit -f ${blocks}; exec "$@"`, "sh", process.execPath, main, ...args],
    { encoding: "utf8" }
  )
  return { code: status, out: stdout, err: stderr }
}

describe("a disk that takes no more", () => {
  it.live(
    "is said so, exit 2; what was there is there, and the same works once there is room",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        const config = join(path, "jotgate.yaml")
        writeFileSync(
          config,
          `issuers: [{ id: idp, issuer: "https://idp.test", audience: [llm] }]\ndirectory: { url: sqlite:./jotgate.db }\n`
        )
        const rows = join(path, "rows.json")
        writeFileSync(
          rows,
          JSON.stringify({ users: Array.from({ length: 20_000 }, (_, index) => ({ id: `u-${index}` })) })
        )
        const run = (blocks: number | "unlimited", ...args: ReadonlyArray<string>) =>
          limited(blocks, ...args, "--config", config, "--direct")
        assert.strictEqual(run("unlimited", "team", "create", "red").code, 0)
        const full = run(2_000, "directory", "apply", rows)
        assert.deepStrictEqual([full.code, /done/.test(full.out)], [2, false], full.err)
        assert.match(full.err, /Nothing was changed: the disk/)
        assert.match(
          run("unlimited", "directory", "export").out,
          /^organizations: \[\]\nmodelGroups: \[\]\nteams:\n {2}- id: red\nusers: \[\]/
        )
        assert.match(run("unlimited", "directory", "apply", rows).out, /done: 20000 rows/)
      }),
    120_000
  )
})
