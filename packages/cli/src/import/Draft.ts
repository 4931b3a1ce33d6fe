/**
 * A configuration file in the making: the values as the file says them, where
 * each came from, and the line of the report for every key that was read.
 */
import type { ParityLine, ParityReport, Verdict } from "./ParityReport.ts"

/** A value of the configuration file. */
export type Value = string | number | boolean | null | ReadonlyArray<Value> | { readonly [key: string]: Value }

/** A place in the configuration file. */
export type Path = ReadonlyArray<string | number>

interface Members {
  [key: string]: Value | Members
}

/** The key of a place in `origins`. */
export const placeOf = (path: Path): string => path.join(".")

export class Draft {
  private readonly root: Members = {}
  private readonly lines: Array<ParityLine> = []
  /** For each written place, the key of the file that it came from. */
  readonly origins = new Map<string, string>()

  /** Writes `value` at `path` (a later one wins); `origin` becomes the comment of that line. */
  set(path: ReadonlyArray<string>, value: Value, origin?: string): void {
    let members = this.root
    for (const key of path.slice(0, -1)) {
      const next = members[key]
      if (isMembers(next)) {
        members = next
      } else {
        const created: Members = {}
        members[key] = created
        members = created
      }
    }
    const last = path.at(-1)
    if (last !== undefined) members[last] = value
    if (origin !== undefined) this.origins.set(placeOf(path), origin)
  }

  /** Notes what was done with one key. */
  line(
    key: string,
    verdict: Verdict,
    reason: string,
    more: { readonly setting?: string; readonly deviations?: ReadonlyArray<string>; readonly recommendation?: string } =
      {}
  ): void {
    this.lines.push({
      key,
      verdict,
      setting: more.setting ?? null,
      deviations: more.deviations ?? [],
      reason,
      recommendation: more.recommendation ?? null
    })
  }

  /** The file as it stands. */
  get file(): { readonly [key: string]: Value } {
    return this.root
  }

  get report(): ParityReport {
    return this.lines
  }
}

const isMembers = (value: Value | Members | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)
