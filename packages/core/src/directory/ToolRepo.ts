/**
 * Which MCP servers the rows of a directory name: at a named one a caller may
 * use what some level lists, at another everything (DESIGN §11).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { anyNames, noNames, type ServerNames } from "../rules/patterns/ToolPattern.ts"
import type { Now } from "../Trace.ts"
import type { DirectoryUnavailable } from "./Directory.ts"
import { answer, MemoryRows, type MemoryTables, serverTables } from "./MemoryRows.ts"

/** What the rows of a directory say of MCP servers. */
export interface ToolRepo {
  /** The server parts of the patterns in all rows, kind by kind. */
  readonly servers: (now?: Now) => Effect.Effect<ServerNames, DirectoryUnavailable>
}

const anyServer = Exit.succeed(anyNames)

/** A directory that cannot tell: any server may be named (unknown is never none). */
export const unknown: ToolRepo = { servers: () => anyServer }

/** A directory that cannot tell, unless one is provided: every server may be named. */
export const ToolRepo = Context.Reference<ToolRepo>("@jotgate/core/ToolRepo", { defaultValue: () => unknown })

const kinds = ["tool", "prompt", "resource"] as const

const split = (keys: ReadonlySet<string>): ServerNames => {
  const [tool = [], prompt = [], resource = []] = kinds.map((kind) =>
    [...keys].flatMap((key) => key.startsWith(`${kind} `) ? [key.slice(kind.length + 1)] : [])
  )
  return { tool, prompt, resource }
}

/** The names in the tables: the same object while they are the same. */
const namesIn = (tables: MemoryTables): () => ServerNames => {
  let known = noNames
  let keys: ReadonlySet<string> = new Set()
  return () => {
    const now = new Set(serverTables.flatMap((table) => tables[table].values("server")))
    if (now.size !== keys.size || [...now].some((it) => !keys.has(it))) {
      known = split(now)
      keys = now
    }
    return known
  }
}

/** The rows of `MemoryDirectory`. */
export const layerMemory = Layer.effect(
  ToolRepo,
  Effect.map(MemoryRows, (tables): ToolRepo => {
    const names = namesIn(tables)
    return { servers: () => answer(tables, "tools", () => Exit.succeed(names())) }
  })
)
