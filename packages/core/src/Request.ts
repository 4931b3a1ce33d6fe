/**
 * What is asked: method, judged path, raw header pairs, the model, and the tool.
 *
 * A path that two parsers could read differently is refused here, once, for
 * every door (threats E06, E07): nothing is normalized, so the decision is made
 * on the very bytes that the upstream receives.
 */
import * as Exit from "effect/Exit"
import { BadRequest } from "./Errors.ts"
import { noModel, type RequestedModel } from "./rules/RequestedModel.ts"
import type { RequestedTool } from "./rules/RequestedTool.ts"
import { textOf } from "./rules/routes/Ambiguity.ts"
import { ambiguityOf } from "./rules/routes/Path.ts"
import { stackless } from "./Stackless.ts"

export {
  conflictingModels,
  knownModel,
  maxModels,
  modelText,
  namesOf,
  noModel,
  type RequestedModel,
  severalModels,
  unnamedModel,
  unseenModel
} from "./rules/RequestedModel.ts"
export {
  knownTool,
  noTool,
  type RequestedTool,
  severalTools,
  type Tool,
  toolFrom,
  type ToolKind,
  toolKinds,
  toolName,
  toolsOf,
  toolText,
  unseenTool
} from "./rules/RequestedTool.ts"
export { decoded, isUnambiguousPath } from "./rules/routes/Path.ts"
export { hasTraceId } from "./rules/TraceId.ts"

/** One question: may this request pass? */
export interface Asked {
  /** Upper case. */
  readonly method: string
  /** The path without query, byte for byte as the upstream will receive it. */
  readonly path: string
  /** Name, value, name, value … as they came over the wire: duplicates are visible (threat E04). */
  readonly rawHeaders: ReadonlyArray<string>
  /** The model that is asked for, as far as the door has seen it. */
  readonly model: RequestedModel
  /**
   * What is called or read of an MCP server. Left out nothing is asked for, except on the path of a configured server:
   * there a door that does not say what it saw has seen nothing (RULES D53).
   */
  readonly tool?: RequestedTool
  /** Whether the door tells what else may be called: only then the user's limits in every team are looked up. */
  readonly listsModels?: boolean
}

/**
 * Makes the question of one request. `target` is the request target in origin
 * form (path and query); fails with `request_ambiguous` when its path can be
 * read in more than one way.
 */
export const make = (input: {
  /** The method, in any case. */
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: ReadonlyArray<string>
  /** The model that is asked for, as far as it was seen. */
  readonly model?: RequestedModel
  /** What is asked for of an MCP server. */
  readonly tool?: RequestedTool
  /** Whether the door tells what else may be called. */
  readonly listsModels?: boolean
}): Exit.Exit<Asked, BadRequest> => {
  const query = input.target.indexOf("?")
  const path = query === -1 ? input.target : input.target.slice(0, query)
  if (ambiguityOf(path) !== undefined || (query !== -1 && input.target.includes("#", query))) {
    return stackless(() => Exit.fail(new BadRequest({ code: "request_ambiguous" })))
  }
  return Exit.succeed({
    method: input.method.toUpperCase(),
    path,
    rawHeaders: input.rawHeaders,
    model: input.model ?? noModel,
    ...(input.tool === undefined ? {} : { tool: input.tool }),
    ...(input.listsModels === undefined ? {} : { listsModels: input.listsModels })
  })
}

/** Why `make` refuses this target, in a few words for the operator: `%2F in segment 3`. */
export const causeOf = (target: string): string => {
  const query = target.indexOf("?")
  const found = ambiguityOf(query === -1 ? target : target.slice(0, query))
  return textOf(found ?? { _tag: "Fragment" })
}

/** Header pairs of a record or of `[name, value]` entries, in the raw form of `Asked`. */
export const rawHeadersOf = (
  headers: Iterable<readonly [string, string]> | Readonly<Record<string, string | ReadonlyArray<string>>>
): ReadonlyArray<string> => {
  const raw: Array<string> = []
  const entries = Symbol.iterator in headers
    ? headers as Iterable<readonly [string, string | ReadonlyArray<string>]>
    : Object.entries(headers)
  for (const [name, value] of entries) {
    if (typeof value === "string") raw.push(name, value)
    else for (const one of value) raw.push(name, one)
  }
  return raw
}
