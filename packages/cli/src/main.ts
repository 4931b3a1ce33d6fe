/**
 * The program `jotgate`.
 *
 * Modules are compiled once and kept in Node's own cache, so that the next start
 * takes half the time; that has to be turned on before they are loaded.
 */
import { enableCompileCache } from "node:module"

// `dev` idles on somebody's laptop: a small young generation and one arena keep it small. Both can be said at the start
// of a process only, so the same process begins anew.
if (
  process.argv[2] === "dev" && typeof process.execve === "function" && process.env["MALLOC_ARENA_MAX"] === undefined
) {
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, "--max-semi-space-size=2", ...process.argv.slice(1)],
    { ...process.env, MALLOC_ARENA_MAX: "1" }
  )
}

enableCompileCache()
await import("./Program.ts")
