/**
 * Kills a writing process in the middle, again and again, and checks what it left: no half-made row set, and nothing
 * lost that was acknowledged.
 */
import { assert } from "@effect/vitest"
import { UserId } from "@jotgate/core/Directory"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import { storeOf } from "./StoreOf.ts"

interface Said {
  readonly users: ReadonlyArray<string>
  readonly version: number
}

/** Runs the writer and kills it after it has worked for `life` milliseconds. */
const runAndKill = (url: string, name: string, from: number, life: number): Promise<Said> =>
  new Promise((resolve, reject) => {
    const program = new URL("../programs/Writer.ts", import.meta.url).pathname
    const args = ["--conditions=source", program, url, name, String(from)]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    let problems = ""
    let doomed = false
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString()
      if (doomed || !said.includes("ready\n")) return
      doomed = true
      void sleep(life).then(() => child.kill("SIGKILL"))
    })
    child.stderr.on("data", (chunk: Buffer) => {
      problems += chunk.toString()
    })
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") return reject(new Error(`the writer ended by itself: ${problems}${said}`))
      // The last line may be cut off: what it says was not acknowledged.
      const lines = said.slice(0, said.lastIndexOf("\n")).split("\n")
      const of = (word: string) => lines.flatMap((it) => it.startsWith(`${word} `) ? [it.slice(word.length + 1)] : [])
      resolve({ users: of("user"), version: Math.max(from, ...of("file").map(Number)) })
    })
  })

const check = (url: string, { users, version }: Said) =>
  Effect.gen(function*() {
    const admin = yield* DirectoryAdmin
    const repo = yield* UserRepo
    for (const id of users) assert.strictEqual((yield* repo.byId(UserId.make(id))).id, id, "an acknowledged person")
    let after: string | undefined
    do {
      const page = yield* admin.list("users", { limit: 500, ...(after === undefined ? {} : { after }) })
      for (const row of page.rows) {
        assert.deepStrictEqual([row.subjects.length, row.teams.length], [2, 1], `${row.id} is whole`)
      }
      after = page.next
    } while (after !== undefined)
    const teams = yield* admin.list("teams", { limit: 1_000 })
    const versions = new Set(teams.rows.flatMap((it) => it.models))
    assert.isAtMost(versions.size, 1, "one version of the file")
    const [kept = "version-0"] = versions
    assert.isAtLeast(Number(kept.slice("version-".length)), version, "an acknowledged version")
    return Number(kept.slice("version-".length))
  }).pipe(Effect.provide(storeOf({ url, connection: { timeout: "30s" } })))

/** Kills `times` writers, one after the other, on one directory. */
export const writers = Effect.fnUntraced(function*(url: string, times: number) {
  let version = 0
  let acknowledged = 0
  for (let round = 0; round < times; round++) {
    const said = yield* Effect.promise(() => runAndKill(url, `round-${round}`, version, 20 + Math.random() * 300))
    acknowledged += said.users.length + said.version - version
    version = yield* check(url, said)
  }
  assert.isAbove(acknowledged, 0, "the writers did write")
})
