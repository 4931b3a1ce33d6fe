/**
 * Names the repositories whose every answer comes out of one cache, so that a
 * decision can know which rows it rests on. Absent unless whoever remembers the
 * rows says so.
 */
import * as Context from "effect/Context"
import type { ReadLog } from "../cache/Reads.ts"

export interface RowMemory {
  /** Where the regions behind these repositories report. */
  readonly reads: ReadLog
  /** The repositories themselves: another one, put in front or in place of them, is not meant. */
  readonly repositories: ReadonlySet<object>
}

/** The memory behind the repositories of this context. */
export const RowMemory = Context.Reference<RowMemory | undefined>("@jotgate/core/RowMemory", {
  defaultValue: () => undefined
})
