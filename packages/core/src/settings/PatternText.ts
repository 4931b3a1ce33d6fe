/**
 * Patterns of tools, prompts and resources as a file or a caller writes them.
 */
import * as Schema from "effect/Schema"

const server = /^(?:\*|(?!\s)[^/!\p{Cc}][^/\p{Cc}]*(?<!\s))$/u
const name = /^(?!\s)\P{Cc}+(?<!\s)$/u

/** Whether a text may be the server part of a pattern. */
export const isServerPart = (text: string): boolean => server.test(text)

/** Whether a text may be the name part of a pattern. */
export const isNamePart = (text: string): boolean => name.test(text)

const isPattern = (text: string): boolean => {
  const body = text.startsWith("!") ? text.slice(1) : text
  const slash = body.indexOf("/")
  return slash === -1 ? body === "*" : isServerPart(body.slice(0, slash)) && isNamePart(body.slice(slash + 1))
}

/** One entry of a list of tools: `SERVER/NAME` or `*`, with `!` in front for what is taken away. */
export const PatternText = Schema.String.annotate({ expected: "a pattern such as github/* or !github/delete_*" }).check(
  Schema.makeFilter((it) =>
    isPattern(it) || "must be SERVER/NAME, such as github/*, or with ! for what is taken away: !github/delete_*"
  )
)
