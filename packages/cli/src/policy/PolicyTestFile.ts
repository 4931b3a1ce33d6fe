/**
 * A file of policy tests: who asks for what, and what must be answered.
 *
 * Whatever a file says that is not known is refused with its place: a test that
 * is not read as it was meant proves nothing.
 */
import { findings as schemaFindings, pathText } from "@jotgate/core/SchemaFindings"
import { findingText } from "@jotgate/server/ConfigFile"
import { positionOf, readConfigText } from "@jotgate/server/ConfigText"
import { Result, Schema } from "effect"

const optional = Schema.optionalKey
const Name = Schema.NonEmptyString

/** Who asks: claims, a person of the directory, or a token. */
const Given = Schema.Struct({
  claims: optional(Schema.Record(Schema.String, Schema.Json)),
  issuer: optional(Name),
  user: optional(Name),
  teams: optional(Schema.Array(Name)),
  /** The scopes of the token, for a person or an agent without claims. */
  scopes: optional(Schema.Array(Name)),
  /** Who acts, outermost first: for the person, or on its own. */
  agent: optional(Schema.Union([Name, Schema.NonEmptyArray(Name)])),
  token: optional(Name)
})
export type Given = typeof Given.Type

const When = Schema.Struct({
  method: optional(Schema.String),
  path: optional(Schema.String.check(Schema.isPattern(/^\//, { message: "must start with a slash" }))),
  model: optional(Name),
  /** What of an MCP server: SERVER/NAME. */
  tool: optional(Name),
  prompt: optional(Name),
  resource: optional(Name),
  team: optional(Name),
  headers: optional(Schema.Record(Schema.String, Schema.String))
})
export type When = typeof When.Type

const Then = Schema.Struct({
  allowed: optional(Schema.Boolean),
  status: optional(Schema.Int),
  code: optional(Schema.NullOr(Name)),
  user: optional(Schema.NullOr(Name)),
  team: optional(Schema.NullOr(Name)),
  agent: optional(Schema.NullOr(Name)),
  models: optional(Schema.Array(Name)),
  /** Patterns of the tools that may be called. */
  tools: optional(Schema.Array(Name)),
  admin: optional(Schema.Boolean)
})
export type Then = typeof Then.Type

/** `then` in the file; an object with a member of that name would be taken for a promise. */
const Test = Schema.Struct({ name: Name, given: optional(Given), when: optional(When), must: Then }).pipe(
  Schema.encodeKeys({ must: "then" })
)
export type Test = typeof Test.Type

const File = Schema.Struct({
  given: optional(
    Schema.Struct({
      ...Given.fields,
      /** Rows, as in a directory file; instead of those of `--config`. */
      directory: optional(Schema.Record(Schema.String, Schema.Json)),
      /** A configuration, as in its file; instead of `--config`. */
      config: optional(Schema.Record(Schema.String, Schema.Json))
    })
  ),
  when: optional(When),
  tests: Schema.NonEmptyArray(Test)
})
export type PolicyTestFile = typeof File.Type

const decode = Schema.decodeUnknownResult(File, { errors: "all", onExcessProperty: "error" })

/** Reads a file called `name`; every finding is one line with its place. */
export const read = (name: string, text: string): Result.Result<PolicyTestFile, ReadonlyArray<string>> => {
  const read = readConfigText(text, {})
  if (read.findings.length > 0) return Result.fail(read.findings.map((it) => findingText(name, it)))
  return Result.mapError(decode(read.value), (error) =>
    schemaFindings(error.issue)
      .map((it) => ({ ...positionOf(read, it.path, it.kind), path: pathText(it.path), message: it.message }))
      .toSorted((left, right) => left.line - right.line || left.column - right.column)
      .map((it) => findingText(name, it)))
}
