/**
 * Patterns of tools, prompts and resources as a file or a caller writes them.
 */
import * as Schema from "effect/Schema"
import { isToolPattern } from "../rules/patterns/ToolPattern.ts"

/** One entry of a list of tools: `SERVER/NAME` or `*`, with `!` in front for what is taken away. */
export const PatternText = Schema.String.annotate({ expected: "a pattern such as github/* or !github/delete_*" }).check(
  Schema.makeFilter((it) =>
    isToolPattern(it) || "must be SERVER/NAME, such as github/*, or with ! for what is taken away: !github/delete_*"
  )
)
