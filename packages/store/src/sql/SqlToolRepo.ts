/**
 * Which MCP servers the rows name, on SQL: the database keeps them beside the
 * rows, and one statement jumps from name to name.
 */
import { serverOf } from "@jotgate/core/ToolPattern"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import { Effect, Exit, Layer } from "effect"
import { Lookups } from "./Lookups.ts"
import type { Read } from "./Rows.ts"

/** A key in two parts: the kind, and the server part of a pattern. */
export const readKey: Read<string> = (row) => Exit.succeed(String(row["key"]))

const ask = {
  name: "servers that rows name",
  text: `WITH RECURSIVE found (key) AS (
      SELECT min(key) FROM tool_servers
      UNION ALL SELECT (SELECT min(s.key) FROM tool_servers s WHERE s.key > found.key) FROM found WHERE found.key IS NOT NULL
    ) SELECT key FROM found WHERE key IS NOT NULL`,
  read: readKey
}

const ofKind = (
  kind: string,
  keys: ReadonlyArray<string>
): ReadonlyArray<string> => [
  ...new Set(keys.flatMap((key) => key.startsWith(`${kind} `) ? [serverOf(key.slice(kind.length + 1))] : []))
]

/** The names in keys such as `tool github`; the database cuts them out of whatever a row holds. */
export const namesIn = (keys: ReadonlyArray<string>) => ({
  tool: ofKind("tool", keys),
  prompt: ofKind("prompt", keys),
  resource: ofKind("resource", keys)
})

/** `ToolRepo` over `Lookups`, without memory. */
export const layer = Layer.effect(
  ToolRepo,
  Effect.map(Lookups, (lookups): ToolRepo => ({
    servers: () => Effect.mapEager(lookups.all(ask, []), namesIn)
  }))
)
