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

export const clients = ["mcp", "fastmcp"] as const

/** Lists, and calls each of these tools. */
export const use = (
  client: (typeof clients)[number],
  url: string,
  token: string,
  tools: ReadonlyArray<string>
): Effect.Effect<Used> =>
  Effect.callback<Used>((resume) => {
    const question = JSON.stringify({ client, url, token, tools })
    const child = execFile(
      join(folder, "bin/python"),
      [join(import.meta.dirname, "mcp_clients.py"), question],
      { timeout: 110_000 },
      (error, out, err) =>
        resume(error === null ? Effect.succeed(JSON.parse(out)) : Effect.die(`${error.message}\n${err}`))
    )
    return Effect.sync(() => void child.kill())
  })
