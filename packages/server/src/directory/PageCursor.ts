/**
 * Where a list goes on: the id of the last row, opaque to clients.
 *
 * A cursor names its list, so that one of another list is refused instead of
 * read as an id.
 */
import { Option, Schema } from "effect"

const Parts = Schema.fromJsonString(Schema.Tuple([Schema.String, Schema.String]))
const decodeParts = Schema.decodeUnknownOption(Parts)

/** The cursor after the row `id` of `list`. */
export const encode = (list: string, id: string): string =>
  Buffer.from(JSON.stringify([list, id])).toString("base64url")

/** The id in a cursor of `list`; `undefined` when it is none. */
export const decode = (list: string, cursor: string): string | undefined => {
  const parts = decodeParts(Buffer.from(cursor, "base64url").toString())
  return Option.isSome(parts) && parts.value[0] === list && encode(list, parts.value[1]) === cursor
    ? parts.value[1]
    : undefined
}
