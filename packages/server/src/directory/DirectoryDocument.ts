/**
 * The text of a directory file (YAML or JSON) → its rows, or everything that is
 * wrong with it, each with `file:line:column`; of a duplicate both places.
 *
 * JSON is read as such, because an import of many rows is JSON and parsing YAML
 * costs a hundred times as much; only to say where something is wrong it is read
 * again.
 */
import { type DirectoryFile, type Finding, parse, type Place } from "@jotgate/core/DirectoryFile"
import { pathText } from "@jotgate/core/SchemaFindings"
import { Result } from "effect"
import { LineCounter, parseDocument } from "yaml"

/** Most findings that are told. */
const most = 50

/** Longest text in which places are looked for, in characters. */
const longest = 4 * 1024 * 1024

const asJson = (text: string): unknown => {
  // YAML is a superset of JSON; what looks like JSON and is none is told about as YAML.
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A YAML document and where things are in it. */
const yamlOf = (text: string) => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    version: "1.2"
  })
  const at = (offset: number): string => {
    const { col, line } = lines.linePos(offset)
    return `${Math.max(1, line)}:${Math.max(1, col)}`
  }
  const rangeOf = (node: unknown): number | undefined =>
    typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
      ? Number(node.range[0])
      : undefined
  /** Of the place itself, else of the nearest one around it. */
  const placeOf = (path: Place): string => {
    for (let length = path.length; length > 0; length--) {
      const found = rangeOf(document.getIn(path.slice(0, length), true))
      if (found !== undefined) return at(found)
    }
    return at(0)
  }
  return { document, at, placeOf }
}

const worded = (name: string, findings: ReadonlyArray<Finding>, placeOf: (path: Place) => string) =>
  findings.slice(0, most).map(({ message, other, path }) => {
    const where = path.length === 0 ? "" : `${pathText(path)}: `
    const first = other === undefined ? "" : ` (first at ${placeOf(other)}, ${pathText(other)})`
    return `${name}:${placeOf(path)}: ${where}${message}${first}`
  }).concat(findings.length > most ? [`${name}: ${findings.length - most} more findings`] : [])

/** Words findings about a text that was read from the file `name`. */
export const findingLines = (
  name: string,
  text: string,
  findings: ReadonlyArray<Finding>
): ReadonlyArray<string> =>
  text.length > longest
    ? worded(name, findings, () => "1:1")
    : worded(name, findings, yamlOf(text).placeOf)

/** Reads the text of the file `name`; the failure has one line for each finding. */
export const read = (name: string, text: string): Result.Result<DirectoryFile, ReadonlyArray<string>> => {
  if (text.trim() === "") return Result.fail([`${name}: is empty; a directory without rows is written {}`])
  const json = asJson(text)
  if (json !== undefined) {
    return Result.mapError(parse(json), (findings) => findingLines(name, text, findings))
  }
  const { at, document, placeOf } = yamlOf(text)
  const problems = [...document.errors, ...document.warnings]
  if (problems.length > 0) {
    return Result.fail(
      problems.slice(0, most).map((it) => `${name}:${at(it.pos[0])}: ${it.message.replace(/\s+/g, " ")}`)
    )
  }
  return Result.mapError(parse(valueOf(document)), (findings) => worded(name, findings, placeOf))
}

/** The plain value; an alias that is used again and again ends in a text, which is no directory. */
const valueOf = (document: ReturnType<typeof parseDocument>): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? "nothing"
  } catch {
    return "too many aliases"
  }
}
