/**
 * What a schema found wrong with a value, one finding per place, worded for the
 * person who wrote the file.
 *
 * An unknown key comes with the key that was probably meant. A finding never
 * holds the value itself: it could be a secret.
 */
import type * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"

/** One thing that is wrong, and where. */
export interface SchemaFinding {
  readonly path: ReadonlyArray<string | number>
  readonly kind: "unknown" | "missing" | "invalid"
  /** A clause about the place, such as `unknown key, did you mean "issuer"?`. */
  readonly message: string
}

/** Number of single-character changes between two texts, at most `limit + 1`. */
const distance = (left: string, right: string, limit: number): number => {
  if (Math.abs(left.length - right.length) > limit) return limit + 1
  let before = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const change = (before[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(change, (before[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    before = current
  }
  return before[right.length] ?? limit + 1
}

/** The candidate that was probably meant by `name`, if one is close enough. Case and separators count little. */
export const suggestion = (name: string, candidates: Iterable<string>): string | undefined => {
  const plain = (text: string): string => text.toLowerCase().replace(/[_\-\s]/g, "")
  const wanted = plain(name)
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of candidates) {
    const it = distance(wanted, plain(candidate), limit)
    if (it < least) {
      best = candidate
      least = it
    }
  }
  return best
}

const keysOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  ast._tag === "Objects" ? ast.propertySignatures.map((it) => String(it.name)) : []

const list = (alternatives: ReadonlyArray<string>): string =>
  alternatives.length > 3 ? `one of ${alternatives.join(", ")}` : alternatives.join(" or ")

/** What a place may hold, in the words of a configuration file. */
const expectedOf = (ast: SchemaAST.AST): string => {
  const annotated = ast.annotations?.["expected"]
  if (typeof annotated === "string") return annotated
  switch (ast._tag) {
    case "String":
      return "text"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    case "Null":
      return "null"
    case "Arrays":
      return "a list"
    case "Objects":
      return "a map"
    case "Literal":
      return JSON.stringify(ast.literal)
    case "Union":
      return list([...new Set(ast.types.map((it) => expectedOf(encodedSide(it))))])
    default:
      return "another type"
  }
}

/** The side of a schema that a file is read with: the last of the chain of encodings. */
const encodedSide = (ast: SchemaAST.AST): SchemaAST.AST => {
  const link = ast.encoding?.at(-1)
  return link === undefined ? ast : encodedSide(link.to)
}

const messageOf = (annotations: unknown): string | undefined => {
  if (typeof annotations !== "object" || annotations === null) return undefined
  if ("message" in annotations && typeof annotations.message === "string") return annotations.message
  return "expected" in annotations && typeof annotations.expected === "string"
    ? clause(annotations.expected)
    : undefined
}

/** An expectation of the schema library as a clause. */
const clause = (expected: string): string =>
  expected === "a value with a length of at least 1"
    ? "must not be empty"
    : `must be ${expected.replace(/^a value (?=greater|less|between)/, "")}`

const places = (
  issue: SchemaIssue.Issue,
  path: ReadonlyArray<string | number>,
  override: string | undefined
): ReadonlyArray<SchemaFinding> => {
  const invalid = (message: string): ReadonlyArray<SchemaFinding> => [
    { path, kind: "invalid", message: override ?? message }
  ]
  switch (issue._tag) {
    case "Pointer":
      return places(
        issue.issue,
        [...path, ...issue.path.map((key) => typeof key === "number" ? key : String(key))],
        override
      )
    case "Filter":
      return places(
        issue.issue,
        path,
        override ?? messageOf(issue.filter.annotations) ??
          messageOf("annotations" in issue.issue && issue.issue.annotations)
      )
    case "Encoding":
      return places(issue.issue, path, override)
    case "Composite":
      return issue.issues.flatMap((it) => places(it, path, override))
    case "AnyOf":
      return issue.issues.length === 0
        ? invalid(`must be ${expectedOf(issue.ast)}`)
        : issue.issues.flatMap((it) => places(it, path, override))
    case "InvalidType":
      return invalid(`must be ${expectedOf(encodedSide(issue.ast))}`)
    case "InvalidValue":
      return invalid(messageOf(issue.annotations) ?? "is not a valid value")
    case "MissingKey":
      return [{ path, kind: "missing", message: "is missing" }]
    case "UnexpectedKey": {
      const key = String(path.at(-1) ?? "")
      const meant = suggestion(key, keysOf(issue.ast))
      return [{
        path,
        kind: "unknown",
        message: meant === undefined ? "unknown key" : `unknown key, did you mean ${JSON.stringify(meant)}?`
      }]
    }
    case "Forbidden":
    case "OneOf":
      return invalid("is not a valid value")
  }
}

/** Every finding of a failed decoding, in the order of the schema, without duplicates. */
export const findings = (issue: SchemaIssue.Issue): ReadonlyArray<SchemaFinding> => {
  const seen = new Set<string>()
  return places(issue, [], undefined).filter((it) => {
    const key = JSON.stringify([it.path, it.message])
    return !seen.has(key) && seen.add(key) !== undefined
  })
}

/** A path as it is written in messages: `issuers[0].claims.user`. */
export const pathText = (path: ReadonlyArray<string | number>): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number"
        ? `${text}[${key}]`
        : /^[\w-]+$/.test(key)
        ? `${text}${text === "" ? "" : "."}${key}`
        : `${text}[${JSON.stringify(key)}]`,
    ""
  )
