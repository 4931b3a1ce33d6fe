/** The MCP clients of PyPI: `npm run soak -- mcp-clients` installs them into a folder of their own. */
import { Catalog } from "@jotgate/servers"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

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
