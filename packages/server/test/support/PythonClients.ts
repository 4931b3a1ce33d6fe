/** The MCP clients and servers of PyPI: `npm run soak -- mcp-clients` installs them into a folder of their own. */
import { Catalog } from "@jotgate/servers"
import { Effect } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { freePort, type Served } from "./McpServers.ts"

/** What a client got, and what it says of the calls that were denied. */
export interface Used {
  readonly listed: ReadonlyArray<string>
  readonly called: ReadonlyArray<string>
  readonly errors: ReadonlyArray<string>
}

/** What is installed, each pinned. */
export const requirements = join(import.meta.dirname, "../../../../soak/mcp-clients.txt")

/** Where: another folder for other pins. */
export const folder = join(
  Catalog.cache,
  `mcp-clients-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12)}`
)

/** Is there once all of them are. */
export const mark = join(folder, "installed")

export const areInstalled = existsSync(mark)

/** `mcp` opens a session as the revisions up to 2025-11-25 have it; the others ask which revision there is. */
export type ClientName = "mcp" | "mcp.Client" | "fastmcp"

/** One use of a client: it lists, and calls each of these tools. */
export interface Question {
  readonly client: ClientName
  readonly url: string
  readonly token: string
  readonly tools: ReadonlyArray<string>
}

/** What became of each, one after the other in one process. */
export const use = (questions: ReadonlyArray<Question>): Effect.Effect<ReadonlyArray<Used>> =>
  Effect.callback<ReadonlyArray<Used>>((resume) => {
    const child = execFile(
      join(folder, "bin/python"),
      [join(import.meta.dirname, "mcp_clients.py"), JSON.stringify(questions)],
      { timeout: 110_000 },
      (error, out, err) =>
        resume(error === null ? Effect.succeed(JSON.parse(out)) : Effect.die(`${error.message}\n${err}`))
    )
    return Effect.sync(() => void child.kill())
  })

/** A server of revision 2026-07-28 with five tools, written with this package; it listens at `/mcp`. */
export const pythonServer = Effect.fnUntraced(function*(name: "mcp" | "fastmcp") {
  const port = yield* freePort
  const calls = { count: 0 }
  yield* Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const child = spawn(join(folder, "bin/python"), [join(import.meta.dirname, "mcp_servers.py"), name, `${port}`])
      let err = ""
      child.stdout.on("data", (chunk: Buffer) => (calls.count += chunk.toString().split("ran ").length - 1))
      child.stderr.on("data", (chunk: Buffer) => {
        err += chunk.toString()
        if (err.includes("Uvicorn running")) resume(Effect.succeed(child))
      })
      child.on("exit", (code) => resume(Effect.die(new Error(`the server ended with ${code}: ${err}`))))
    }),
    (child) => Effect.sync(() => child.kill())
  )
  return { url: `http://127.0.0.1:${port}`, calls } satisfies Served
})
