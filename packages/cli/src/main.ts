/**
 * The program `jotgate`.
 *
 * Modules are compiled once and kept in Node's own cache, so that the next start
 * takes half the time; that has to be turned on before they are loaded.
 */
import { enableCompileCache } from "node:module"
import { atStart, flagsOf, hasFlags } from "./NodeFlags.ts"
import * as OwnModules from "./OwnModules.ts"
import { version } from "./Version.ts"

const verb = process.argv[2] ?? ""

// The same process begins anew, unless it was begun so, or with flags of somebody's own. What idles on a laptop or ends
// soon keeps one arena for memory outside the heap.
if (atStart(verb, process.versions.v8) && typeof process.execve === "function" && !hasFlags(process.execArgv)) {
  const flags = [...process.execArgv, ...flagsOf(verb)]
  process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], {
    ...process.env,
    ...(verb === "serve" ? {} : { MALLOC_ARENA_MAX: "1" })
  })
}

// Scripts ask for the version again and again: nothing of the program is needed to tell it.
if (verb === "--version" && process.argv.length === 3) console.log(version)
else {
  enableCompileCache()
  OwnModules.register(import.meta.url)
  await import("./Program.ts")
}
