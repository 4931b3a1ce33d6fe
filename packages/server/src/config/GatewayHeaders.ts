/** What the configuration may say about headers, and which names it may not use. */
import { canonical } from "@jotgate/core/HeaderNames"
import { identityAttributes } from "@jotgate/core/IdentityHeaders"
import { isUnambiguousPath } from "@jotgate/core/Request"
import { HeaderName } from "@jotgate/core/Settings"
import { Effect, Schema, SchemaGetter } from "effect"

/** Whether a canonical name is one that only the gate may set. */
export const isOurs = (canonicalName: string): boolean => canonicalName.startsWith("x-jotgate-")

/** Names that mean something to HTTP itself, or carry much else: they can neither carry a token nor tell a person. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

/** A header that the gate may read or set as a whole: one that frames the message, or is ours, means something else. */
export const FreeHeader = HeaderName.check(
  Schema.makeFilter((name) =>
    (!reserved.has(name) && !isOurs(canonical(name))) || `${name} has another meaning and cannot be used for this`
  )
)

const Attribute = Schema.Literals(identityAttributes)

const writtenFields = {
  /** What it tells. */
  from: Attribute,
  /** Whether it is the bare text where that fits a header, and else left out; percent-encoded otherwise. */
  raw: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false)))
}
/** The schema of a header that says how it is written; editors show by this name what each key means. */
export interface WrittenHeaderSchema extends Schema.Struct<typeof writtenFields> {}
const WrittenHeader: WrittenHeaderSchema = Schema.Struct(writtenFields)

/** What a header of `gateway.identityHeaders` tells. */
export const IdentityHeader = Schema.Union([Attribute, WrittenHeader])
export type IdentityHeader = typeof IdentityHeader.Type

/** The path below which the gate is mounted, without a slash at its end. */
export const Prefix = Schema.String.annotate({ expected: "a path such as /llm" }).check(
  Schema.makeFilter((text) =>
    text === "" || (isUnambiguousPath(text) && !text.includes("%")) || "must be a path such as /llm"
  )
).pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((text) => text.replace(/\/$/, "")),
    encode: SchemaGetter.passthrough()
  })
)
