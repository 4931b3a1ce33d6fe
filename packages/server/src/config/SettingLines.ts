/**
 * Where a setting stands in its file, so that whoever reads why something was
 * denied is led to the line.
 */
import type { LineOf } from "@jotgate/core/Remedy"

/** The path that a path stands below: `a.b[0]` below `a.b`, that below `a`. */
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")))

/**
 * Finds the line of a setting, or of the first one below it; `issuers[]` is the issuer in question. `issuers` are their
 * ids in order, `lines` the lines of all paths of the file.
 */
export const lineOf = (issuers: ReadonlyArray<string>, lines: ReadonlyMap<string, number>): LineOf => {
  const known = new Map(lines)
  for (const [path, line] of lines) {
    for (let above = parentOf(path); above !== "" && !known.has(above); above = parentOf(above)) known.set(above, line)
  }
  return (setting, row) => {
    const issuer = row?.kind === "issuer" ? issuers.indexOf(row.id) : 0
    return known.get(setting.replace("issuers[]", `issuers[${Math.max(0, issuer)}]`))
  }
}
