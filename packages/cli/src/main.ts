/**
 * The program `jotgate`.
 *
 * Modules are compiled once and kept in Node's own cache, so that the next start
 * takes half the time; that has to be turned on before they are loaded.
 */
import { enableCompileCache } from "node:module"

/**
 * What a verb says to Node at its start: `dev` idles on somebody's laptop, and a whole directory goes through
 * `directory`. A small young generation and one arena keep both small, and what an import leaves behind is collected
 * before the heap grows by it.
 */
const frugal: Readonly<Record<string, ReadonlyArray<string>>> = {
  dev: ["--max-semi-space-size=2"],
  directory: ["--max-semi-space-size=2", "--heap-growing-percent=20"]
}

// These can be said at the start of a process only, so the same process begins anew.
const flags = frugal[process.argv[2] ?? ""]
if (flags !== undefined && typeof process.execve === "function" && process.env["MALLOC_ARENA_MAX"] === undefined) {
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)], {
    ...process.env,
    MALLOC_ARENA_MAX: "1"
  })
}

enableCompileCache()
await import("./Program.ts")
