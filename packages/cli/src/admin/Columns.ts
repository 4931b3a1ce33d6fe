/** Rows of an answer for people: columns as wide as they need to be, one line a row. */

export type Row = Readonly<Record<string, unknown>>

/** A text without what would move the cursor of whoever reads it: names in it are of callers. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (it) => `\\u${(it.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)

/** A value as one word or phrase; `-` when there is none. */
export const cell = (value: unknown): string =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0)
    ? "-"
    : Array.isArray(value)
    ? printable(value.map((it) => typeof it === "string" ? it : JSON.stringify(it)).join(","))
    : typeof value === "boolean"
    ? value ? "yes" : "no"
    : printable(typeof value === "object" ? JSON.stringify(value) : String(value))

/** The lines of a table; `heading` says whether the names of the columns come first. */
export const table = (
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<Row>,
  heading = true
): ReadonlyArray<string> => {
  const cells = rows.map((row) => columns.map((name) => cell(row[name])))
  const lines = heading ? [columns.map((it) => it.toUpperCase()), ...cells] : cells
  const widths = columns.map((_, index) => Math.max(0, ...lines.map((line) => line[index]?.length ?? 0)))
  return lines.map((line) => line.map((it, index) => it.padEnd(widths[index] ?? 0)).join("  ").trimEnd())
}

/** One row, a line for each field. */
export const fields = (row: Row): ReadonlyArray<string> => {
  const width = Math.max(0, ...Object.keys(row).map((it) => it.length))
  return Object.entries(row).map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
}
