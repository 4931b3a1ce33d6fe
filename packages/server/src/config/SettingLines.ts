/**
 * Where a setting stands in its file, and a row in that of rows, so that whoever reads why something was
 * denied is led to the line.
 */
import type { LineOf, Row } from "@jotgate/core/Remedy"

/** The path that a path stands below: `a.b[0]` below `a.b`, that below `a`. */
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")))

/**
 * Finds the line of a setting, or of the first one below it; `issuers[]` is the issuer in question. `issuers` are their
 * ids in order, `lines` the lines of all paths of the file, `rows` finds rows in the file of `directory.file`, where there is one.
 */
export const lineOf = (
  issuers: ReadonlyArray<string>,
  lines: ReadonlyMap<string, number>,
  rows: (row: Row) => ReturnType<LineOf> = () => undefined
): LineOf => {
  const known = new Map(lines)
  for (const [path, line] of lines) {
    for (let above = parentOf(path); above !== "" && !known.has(above); above = parentOf(above)) known.set(above, line)
  }
  return (setting, row) => {
    const inRows = setting === "directory" && row !== null ? rows(row) : undefined
    const issuer = row?.kind === "issuer" ? issuers.indexOf(row.id) : 0
    const line = known.get(setting.replace("issuers[]", `issuers[${Math.max(0, issuer)}]`))
    return inRows ?? (line === undefined ? undefined : { line })
  }
}
