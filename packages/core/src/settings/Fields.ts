/**
 * Kinds of keys that several blocks of a configuration have.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as LinearRegExp from "../rules/patterns/LinearRegExp.ts"
import { PatternText } from "./PatternText.ts"

/** What was read already, by the schema in front of it. */
const asRead = <A>() => Schema.declare<A>((_): _ is A => true)

/** The schema of a block; by this name, which keeps the one of its keys, editors show what each of them means. */
export interface Block<S extends Schema.Constraint>
  extends Schema.decodeTo<Schema.declare<S["Type"]>, Schema.optionalKey<S>>
{}

/**
 * A block that may be left out, and what it then is, ready for use. Unlike `withDefault` it makes no schema of what is
 * written, and reads neither twice what is there nor what is not: most of what a process with one decision to make
 * would do with its settings.
 */
export const block = <S extends Schema.Constraint>(schema: S, standard: S["Type"]): Block<S> =>
  Schema.optionalKey(schema).pipe(Schema.decodeTo(asRead<S["Type"]>(), {
    decode: SchemaGetter.transformOptional(Option.orElseSome(() => standard)),
    encode: SchemaGetter.passthrough()
  }))

/** A key that may be left out, and what a file would say in its place. */
export const withDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))

/** Texts that are not empty. */
export const strings = Schema.Array(Schema.NonEmptyString)
/** Patterns; every one unless said. */
export const patterns = withDefault(strings, ["*"])
/** What a list is told that must not be empty. */
export const nonEmpty = { message: "must name at least one" }

/** What a rule or a row says about MCP servers, each kind apart: left out nothing is said, empty: none. */
export const toolLists = {
  /** Patterns of tools, `SERVER/NAME`; a `!` in front takes away. */
  tools: Schema.optionalKey(Schema.Array(PatternText)),
  /** Patterns of prompts, alike. */
  prompts: Schema.optionalKey(Schema.Array(PatternText)),
  /** Patterns of resources, alike. */
  resources: Schema.optionalKey(Schema.Array(PatternText))
}

/** One text, or several. */
export const oneOrMany = Schema.Union([Schema.NonEmptyString, strings]).pipe(
  Schema.decodeTo(Schema.Array(Schema.String), {
    decode: SchemaGetter.transform((it) => typeof it === "string" ? [it] : it),
    encode: SchemaGetter.transform((it): string | ReadonlyArray<string> => it.length === 1 ? it[0] ?? "" : it)
  })
)

/** A regular expression that runs in linear time; any other is refused with the reason (threat B17). */
export const LinearPattern = Schema.String.annotate({ expected: "a regular expression" }).check(
  Schema.makeFilter((source) =>
    Result.match(LinearRegExp.compile(source), {
      onSuccess: () => true,
      onFailure: (reason) => `cannot be used as a regular expression: ${reason}`
    })
  )
)

/** A header name; compared without case, so kept in lower case. */
export const HeaderName = Schema.String.annotate({ expected: "the name of a header" }).check(
  Schema.isPattern(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { message: "must be the name of a header" })
).pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((name) => name.toLowerCase()),
    encode: SchemaGetter.passthrough()
  })
)
