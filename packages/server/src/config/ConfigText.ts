/**
 * The text of a configuration file → a plain value, with the place of
 * everything in it.
 *
 * YAML 1.2, one document. Duplicate keys, unknown tags and syntax errors are
 * findings with line and column. `${NAME}` and `${NAME:-default}` inside a
 * string are replaced; `$${` is a literal `${`. What is read never runs or
 * loads anything.
 */
import { pathText } from "@jotgate/core/SchemaFindings"
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml"

/** A place in the file, counted from 1. */
export interface Position {
  /** The line, counted from 1. */
  readonly line: number
  /** The column, counted from 1. */
  readonly column: number
}

/** One thing that is wrong with a file. */
export interface ConfigFinding extends Position {
  /** The path of the setting, such as `issuers[0].audience`; "" when none. */
  readonly path: string
  /** What is wrong. */
  readonly message: string
}

/** A file that was read: its value, and where each path stands in it. */
export interface ConfigText {
  readonly value: unknown
  /** Where a setting's value begins, by its path text; keys of maps have their own places. */
  readonly values: ReadonlyMap<string, Position>
  readonly keys: ReadonlyMap<string, Position>
  readonly findings: ReadonlyArray<ConfigFinding>
}

/** Largest file, in characters. */
const largest = 1024 * 1024
/** Most values, those behind an alias counted at each use: no file can grow without end. */
const most = 50_000

const variable = /\$\$\{|\$\{([^}]*)\}?/g
const reference = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

class Reading {
  readonly values = new Map<string, Position>()
  readonly keys = new Map<string, Position>()
  readonly findings: Array<ConfigFinding> = []
  private visited = 0
  private readonly lines: LineCounter
  private readonly env: Readonly<Record<string, string | undefined>>
  private readonly resolve: (node: Node) => Node | undefined

  constructor(
    lines: LineCounter,
    env: Readonly<Record<string, string | undefined>>,
    resolve: (node: Node) => Node | undefined
  ) {
    this.lines = lines
    this.env = env
    this.resolve = resolve
  }

  position(node: unknown): Position {
    const offset = typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
      ? Number(node.range[0])
      : 0
    const { col, line } = this.lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  /** Replaces the variables of one string; a variable that is not set is a finding. */
  private substituted(text: string, node: Node, path: ReadonlyArray<string | number>): string {
    return text.replace(variable, (whole, inner: string | undefined) => {
      if (whole === "$${") return "${"
      const found = whole.endsWith("}") ? reference.exec(inner ?? "") : null
      const complain = (message: string): string => {
        this.findings.push({ ...this.position(node), path: pathText(path), message })
        return ""
      }
      if (found === null) return complain(`${whole} is no reference to a variable: write \${NAME} or \${NAME:-default}`)
      const value = this.env[found[1] ?? ""]
      // As in a shell, `:-` also stands in for a variable that is set to nothing.
      if (found[2] !== undefined) return value === undefined || value === "" ? found[2] : value
      return value ?? complain(`the variable ${found[1]} is not set`)
    })
  }

  /** The plain value of a node. Aliases are followed; `within` stops one that leads into itself. */
  read(given: unknown, path: ReadonlyArray<string | number>, within: ReadonlyArray<unknown>): unknown {
    const node = isAlias(given) ? this.resolve(given) : given
    this.values.set(pathText(path), this.position(given))
    this.visited += 1
    if (within.includes(node) || this.visited === most) {
      const message = this.visited === most ? `the file holds more than ${most} values` : "the alias leads into itself"
      this.findings.push({ ...this.position(given), path: pathText(path), message })
    }
    if (within.includes(node) || this.visited >= most) return null
    if (isMap(node)) {
      const members: Record<string, unknown> = {}
      for (const pair of node.items) {
        if (!isPair(pair)) continue
        const key = isScalar(pair.key) ? String(pair.key.value) : undefined
        if (key === undefined) {
          this.findings.push({ ...this.position(pair.key), path: pathText(path), message: "a key must be plain text" })
          continue
        }
        const at = [...path, key]
        this.keys.set(pathText(at), this.position(pair.key))
        Object.defineProperty(members, key, {
          value: this.read(pair.value, at, [...within, node]),
          enumerable: true,
          configurable: true,
          writable: true
        })
      }
      return members
    }
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index], [...within, node]))
    if (isScalar(node)) return typeof node.value === "string" ? this.substituted(node.value, node, path) : node.value
    return null
  }
}

/**
 * Reads the text of a configuration file. `env` are the variables that `${…}`
 * can name.
 */
const empty = { line: 1, column: 1, path: "", message: "the file is empty; one that says nothing is written {}" }

export const readConfigText = (text: string, env: Readonly<Record<string, string | undefined>>): ConfigText => {
  const lines = new LineCounter()
  const nothing = { value: {}, values: new Map<string, Position>(), keys: new Map<string, Position>() }
  if (text.length > largest) {
    return { ...nothing, findings: [{ line: 1, column: 1, path: "", message: "the file is larger than 1 MiB" }] }
  }
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    version: "1.2"
  })
  if (!Array.isArray(documents) || documents.length === 0) return { ...nothing, findings: [empty] }
  const [document, second] = documents
  if (document === undefined) return { ...nothing, findings: [] }
  const problems = [...document.errors, ...document.warnings].map((it) => {
    const { col, line } = lines.linePos(it.pos[0])
    return { line: Math.max(1, line), column: Math.max(1, col), path: "", message: it.message.replace(/\s+/g, " ") }
  })
  if (problems.length > 0) return { ...nothing, findings: problems }
  const reading = new Reading(lines, env, (node) => isAlias(node) ? node.resolve(document) : node)
  if (second !== undefined) {
    const position = reading.position(second.contents)
    return { ...nothing, findings: [{ ...position, path: "", message: "the file has more than one document" }] }
  }
  // Nobody means to serve nothing: such a file is one that is being written.
  if (document.contents === null) return { ...nothing, findings: [empty] }
  const value = reading.read(document.contents, [], [])
  return { value, values: reading.values, keys: reading.keys, findings: reading.findings }
}

/** Where a finding of the schema belongs: an unknown key at its key, a missing one at its map, else at the value. */
export const positionOf = (
  text: ConfigText,
  path: ReadonlyArray<string | number>,
  kind: "unknown" | "missing" | "invalid"
): Position => {
  const own = kind === "unknown" ? text.keys.get(pathText(path)) : text.values.get(pathText(path))
  if (own !== undefined) return own
  for (let length = path.length; length > 0; length--) {
    const above = pathText(path.slice(0, length - 1))
    const found = text.keys.get(above) ?? text.values.get(above)
    if (found !== undefined) return found
  }
  return { line: 1, column: 1 }
}
