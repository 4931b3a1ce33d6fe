/**
 * Reads a long YAML file of lists (`users:` and then one row after the other)
 * some rows at a time: the parser keeps a hundred times the size of what it is
 * reading, so that a whole directory at once takes a gigabyte.
 *
 * A file is cut only between two rows, at the indentation of its list, and only
 * when every piece is good by itself: then the pieces say what the whole says.
 * Whatever is not so plain, or wrong in any way, is left to the parser of whole
 * files (`undefined` here), which also words it.
 */
import { LineCounter, parseDocument } from "yaml"

/** Characters after which the next row begins a new piece. */
const SIZE = 64 * 1024

/** Rows of one list that are parsed together. */
interface Piece {
  readonly kind: string
  /** From here to `end` in the text; `line` is the number of the first line. */
  readonly start: number
  end: number
  readonly line: number
}

/** A list's name alone on its line, or an empty list. */
const heading = /^([A-Za-z]+):[ \t]*(\[\])?[ \t]*(?:#.*)?\r?$/
const nothing = /^[ \t]*(?:#.*)?\r?$/
const row = /^( *)-(?: |\r?$)/

/** The pieces of a text, and the lists that are empty; `undefined` when it is not so plain. */
const cut = (
  text: string
): { readonly pieces: ReadonlyArray<Piece>; readonly kinds: ReadonlySet<string> } | undefined => {
  const pieces: Array<Piece> = []
  const kinds = new Set<string>()
  let kind: string | undefined
  let indent = -1
  let piece: Piece | undefined
  let line = 0
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start)
    const next = newline === -1 ? text.length : newline + 1
    const words = text.slice(start, newline === -1 ? text.length : newline)
    line += 1
    if (nothing.test(words) || (words.trimEnd() === "---" && kinds.size === 0)) {
      // Goes on whatever there is.
    } else if (/^[^ \t-]/.test(words)) {
      const [, name, empty] = heading.exec(words) ?? []
      if (name === undefined || kinds.has(name)) return undefined
      kinds.add(name)
      kind = empty === undefined ? name : undefined
      indent = -1
      piece = undefined
    } else {
      const found = row.exec(words)?.[1]?.length
      if (kind === undefined || (piece === undefined && found === undefined)) return undefined
      if (piece === undefined) indent = found ?? 0
      if (piece === undefined || (found === indent && piece.end - piece.start > SIZE)) {
        piece = { kind, start, end: start, line }
        pieces.push(piece)
      }
    }
    if (piece !== undefined) piece.end = next
    start = next
  }
  return { pieces, kinds }
}

const options = { prettyErrors: false, strict: true, uniqueKeys: true, version: "1.2" } as const

/** The text of a piece: its list with these rows alone. */
const textOf = (text: string, { end, kind, start }: Piece): string => `${kind}:\n${text.slice(start, end)}`

const rowsOf = (text: string, piece: Piece): ReadonlyArray<unknown> | undefined => {
  const document = parseDocument(textOf(text, piece), options)
  if (document.errors.length + document.warnings.length > 0) return undefined
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })[piece.kind]
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What a file says, and where in it. */
export interface Pieces {
  readonly value: Readonly<Record<string, ReadonlyArray<unknown>>>
  /** `line:column` of a place, or of the nearest one around it. */
  readonly placeOf: (path: ReadonlyArray<string | number>) => string
}

/** Reads the file piece by piece; `undefined`: it has to be read as a whole. */
export const read = (text: string): Pieces | undefined => {
  const found = cut(text)
  if (found === undefined) return undefined
  const value: Record<string, Array<unknown>> = Object.fromEntries(Array.from(found.kinds, (kind) => [kind, []]))
  const begins = new Map<Piece, number>()
  for (const piece of found.pieces) {
    const rows = rowsOf(text, piece)
    const list = value[piece.kind]
    if (rows === undefined || list === undefined) return undefined
    begins.set(piece, list.length)
    for (const it of rows) list.push(it)
  }
  const placeOf = ([kind, index = 0, ...rest]: ReadonlyArray<string | number>): string => {
    const piece = found.pieces.findLast((it) => it.kind === kind && (begins.get(it) ?? 0) <= Number(index))
    if (piece === undefined) return "1:1"
    const lines = new LineCounter()
    const document = parseDocument(textOf(text, piece), { ...options, lineCounter: lines })
    const path = [piece.kind, Number(index) - (begins.get(piece) ?? 0), ...rest]
    for (let length = path.length; length > 1; length--) {
      const node = document.getIn(path.slice(0, length), true)
      if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
        const { col, line } = lines.linePos(Number(node.range[0]))
        return `${piece.line + line - 2}:${col}`
      }
    }
    return `${piece.line}:1`
  }
  return { value, placeOf }
}
