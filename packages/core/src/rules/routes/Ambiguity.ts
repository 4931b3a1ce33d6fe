/**
 * Why a request can be read in more than one way: for the operator, never for the caller.
 *
 * A closed union, so that every 400 names its cause the same way in a record, in `explain` and in a log line.
 */

/** What two parsers would read differently in a request target. Segments are counted from 1. */
export type Ambiguity =
  | { readonly _tag: "NoPath" }
  | { readonly _tag: "EmptySegment"; readonly segment: number }
  | { readonly _tag: "DotSegment"; readonly segment: number }
  /** `text` is the escape or the character as it was sent. */
  | { readonly _tag: "Character"; readonly text: string; readonly segment: number }
  | { readonly _tag: "NotUtf8" }
  | { readonly _tag: "Fragment" }

const shown = (text: string): string =>
  /^[\x21-\x7e]+$/.test(text) ? text : `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

/** The cause in a few words: `%2F in segment 3`. */
export const textOf = (it: Ambiguity): string => {
  switch (it._tag) {
    case "NoPath":
      return "a target that is no path"
    case "EmptySegment":
      return `nothing in segment ${it.segment}`
    case "DotSegment":
      return `dots in segment ${it.segment}`
    case "Character":
      return `${shown(it.text)} in segment ${it.segment}`
    case "NotUtf8":
      return "octets that are no UTF-8"
    case "Fragment":
      return "# in the query"
  }
}
