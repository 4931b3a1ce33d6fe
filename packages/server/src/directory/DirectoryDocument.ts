/**
 * The text of a directory file (YAML or JSON) → its rows, or everything that is
 * wrong with it, each with `file:line:column`; of a duplicate both places.
 *
 * JSON is read as such, because parsing YAML costs a hundred times as much; only
 * to say where something is wrong it is read again. Long YAML is read in pieces.
 */
import { type DirectoryFile, type Finding, parse, type Place } from "@jotgate/core/DirectoryFile"
import { pathText } from "@jotgate/core/SchemaFindings"
import { Result } from "effect"
import { LineCounter, parseDocument } from "yaml"
import * as JsonMembers from "./JsonMembers.ts"
import * as YamlPieces from "./YamlPieces.ts"

/** Most findings that are told. */
const most = 50

/** Longest text that is read as a whole to say where something is, in characters. */
const longest = 4 * 1024 * 1024

/** Texts from here on are read in pieces when they can be, in characters. */
const long = 256 * 1024

type Lines = ReadonlyArray<string>
type PlaceOf = (path: Place) => string

const asJson = (text: string): unknown => {
  // YAML is a superset of JSON; what looks like JSON and is none is told about as YAML.
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `line:column` of an offset. */
const offsetText = (text: string, offset: number): string => {
  const before = text.slice(0, offset)
  return `${before.split("\n").length}:${offset - before.lastIndexOf("\n")}`
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
  const placeOf: PlaceOf = (path) => {
    for (let length = path.length; length > 0; length--) {
      const found = rangeOf(document.getIn(path.slice(0, length), true))
      if (found !== undefined) return at(found)
    }
    return at(0)
  }
  return { document, at, placeOf }
}

const worded = (name: string, findings: ReadonlyArray<Finding>, placeOf: PlaceOf): Lines =>
  findings.slice(0, most).map(({ message, other, path }) => {
    const where = path.length === 0 ? "" : `${pathText(path)}: `
    const first = other === undefined ? "" : ` (first at ${placeOf(other)}, ${pathText(other)})`
    return `${name}:${placeOf(path)}: ${where}${message}${first}`
  }).concat(findings.length > most ? [`${name}: ${findings.length - most} more findings`] : [])

/** Where things are in a text. */
const placesIn = (text: string): PlaceOf =>
  (text.length > long && asJson(text) === undefined ? YamlPieces.read(text)?.placeOf : undefined) ??
    (text.length > longest ? () => "1:1" : yamlOf(text).placeOf)

/** The section of a directory file for each kind of row that has one. */
const sections = [
  ["team", "teams"],
  ["user", "users"],
  ["membership", "memberships"],
  ["organization", "organizations"],
  ["endUser", "endUsers"],
  ["agent", "agents"]
] as const

/** Under which key a row's line is found. */
export const rowKey = (kind: string, id: string): string => `${kind} ${id}`

/** The line of each row of a text; of a long one none, because reading it would keep others waiting. */
export const rowLines = (text: string): ReadonlyMap<string, number> => {
  if (text.length > long) return new Map()
  const { document, placeOf } = yamlOf(text)
  const rows = parse(valueOf(document))
  if (Result.isFailure(rows)) return new Map()
  return new Map(
    sections.flatMap(([kind, section]) =>
      (rows.success[section] ?? []).map((row, at): readonly [string, number] => [
        rowKey(kind, "id" in row ? row.id : `${row.user}/${row.team}`),
        Number.parseInt(placeOf([section, at]), 10)
      ])
    )
  )
}

/** Words findings about a text that was read from the file `name`. */
export const findingLines = (name: string, text: string, findings: ReadonlyArray<Finding>): Lines =>
  worded(name, findings, placesIn(text))

/** The plain value of the text of the file `name`, whatever it says. */
const value = (name: string, text: string): Result.Result<unknown, Lines> => {
  if (text.trim() === "") return Result.fail([`${name}: is empty; a directory without rows is written {}`])
  const json = asJson(text)
  if (json !== undefined) {
    const twice = JsonMembers.repeated(text)
    if (twice === undefined) return Result.succeed(json)
    const [at, first] = [offsetText(text, twice.at), offsetText(text, twice.first)]
    return Result.fail([`${name}:${at}: ${pathText(twice.path)}: is there twice (first at ${first})`])
  }
  const pieces = text.length > long ? YamlPieces.read(text) : undefined
  if (pieces !== undefined) return Result.succeed(pieces.value)
  const { at, document } = yamlOf(text)
  const problems = [...document.errors, ...document.warnings]
  return problems.length === 0
    ? Result.succeed(valueOf(document))
    : Result.fail(problems.slice(0, most).map((it) => `${name}:${at(it.pos[0])}: ${it.message.replace(/\s+/g, " ")}`))
}

/** The text of the file `name` as JSON, whatever it says. */
export const json = (name: string, text: string): Result.Result<string, Lines> =>
  Result.map(value(name, text), (it) => asJson(text) === undefined ? JSON.stringify(it) : text)

/** Reads the text of the file `name`; the failure has one line for each finding. */
export const read = (name: string, text: string): Result.Result<DirectoryFile, Lines> =>
  Result.flatMap(
    value(name, text),
    (document) => Result.mapError(parse(document), (findings) => findingLines(name, text, findings))
  )

/** The plain value; an alias that is used again and again ends in a text, which is no directory. */
const valueOf = (document: ReturnType<typeof parseDocument>): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? "nothing"
  } catch {
    return "too many aliases"
  }
}
