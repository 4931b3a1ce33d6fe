/**
 * The program `jotgate`.
 *
 * Modules are compiled once and kept in Node's own cache, so that the next start
 * takes half the time; that has to be turned on before they are loaded.
 */
import { enableCompileCache } from "node:module"

interface Start {
  readonly flags: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/**
 * What a verb says to Node, which can be said at the start of a process only. `dev` idles on somebody's laptop, and a
 * whole directory goes through `directory`: a small young generation and one arena keep both small, and what an import
 * leaves behind is collected before the heap grows by it. A server does not keep three times 32 MB for short-lived
 * objects, a quarter of that costs no time; and its heap grows to less than twice what lives in it.
 */
const starts: Readonly<Record<string, Start>> = {
  dev: { flags: ["--max-semi-space-size=2"], env: { MALLOC_ARENA_MAX: "1" } },
  directory: { flags: ["--max-semi-space-size=2", "--heap-growing-percent=20"], env: { MALLOC_ARENA_MAX: "1" } },
  serve: { flags: ["--max-semi-space-size=8", "--heap-growing-percent=80"] }
}

// The same process begins anew, unless it was begun so, or with flags of somebody's own.
const start = starts[process.argv[2] ?? ""]
if (
  start !== undefined && typeof process.execve === "function" &&
  !process.execArgv.some((it) => it.startsWith("--max-semi-space-size"))
) {
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...start.flags, ...process.argv.slice(1)], {
    ...process.env,
    ...start.env
  })
}

enableCompileCache()
await import("./Program.ts")
