/**
 * Where rows stand in the file of `directory.file`, so that whoever reads that a
 * row denied something is led to its line.
 */
import type { Line, Row } from "@jotgate/core/Remedy"
import { readFileSync, statSync } from "node:fs"
import { rowKey, rowLines } from "./DirectoryDocument.ts"

/** Finds rows in a file as it is now: it is read when it has changed and a row of it is asked for. */
export const make = (file: string): (row: Row) => Line | undefined => {
  let seen = ""
  let lines: ReadonlyMap<string, number> = new Map()
  return (row) => {
    try {
      const { ino, mtimeMs, size } = statSync(file)
      const now = [ino, mtimeMs, size].join(" ")
      if (now !== seen) {
        lines = rowLines(readFileSync(file, "utf8"))
        seen = now
      }
    } catch {
      // Without the file there are no lines.
      return undefined
    }
    const line = lines.get(rowKey(row.kind, row.id))
    return line === undefined ? undefined : { line, file }
  }
}
