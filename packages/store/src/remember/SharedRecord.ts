/**
 * How a row is kept in the cache that processes share, and what is believed of
 * what is found there (threat D10).
 *
 * A record carries the version of its schema and the key it belongs to, and is
 * checked like a row of the database; whatever does not fit in every way is not
 * there.
 */
import type { SharedOptions } from "@jotgate/core/Cache"
import { Option, Predicate, Schema } from "effect"
import { fromJson } from "../JsonText.ts"

/** Changes with the form of any noun: records of another version are not there. */
const VERSION = 1

/** The records of one region: `keyOf` is the region's own. */
export const of = <K, A>(schema: Schema.ConstraintDecoder<A>, keyOf: (key: K) => string): SharedOptions<K, A> => {
  const decode = Schema.decodeUnknownOption(schema, { onExcessProperty: "error" })
  return {
    encode: (value, key) => JSON.stringify({ v: VERSION, key: keyOf(key), value }),
    decode: (text, key) => {
      // No noun of ours has such a member, and as a name in a record it would be a prototype, not data.
      if (text.includes("\"__proto__\"")) return undefined
      const record = fromJson(text)
      return Predicate.hasProperty(record, "v") && record.v === VERSION && Predicate.hasProperty(record, "key") &&
          record.key === keyOf(key) && Predicate.hasProperty(record, "value")
        ? Option.getOrUndefined(decode(record.value))
        : undefined
    }
  }
}
