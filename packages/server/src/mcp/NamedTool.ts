/**
 * What of an MCP server a question names, as people write it: `tool`, `prompt` or `resource`, each SERVER/NAME.
 *
 * Only what a request could ask for is a question: a server that is not configured, or a name that every door refuses,
 * would be answered by rules that no request ever meets.
 */
import { type Tool, toolFrom, type ToolKind, toolKinds } from "@jotgate/core/Request"
import { Result } from "effect"
import { isItemName, isResourceUri } from "./ItemName.ts"

/** What is named; one at most. */
export type NamedTool = { readonly [K in ToolKind]?: string | undefined }

/** Something of a server, and the path on which it is asked for. */
export interface Located {
  readonly tool: Tool
  readonly path: string
}

/** Reads what is named; fails with a line for whoever wrote it. */
export const read = (
  named: NamedTool,
  servers: ReadonlyArray<{ readonly server: string; readonly path: string }>
): Result.Result<Located | undefined, string> => {
  const given = toolKinds.flatMap((kind) => {
    const text = named[kind]
    return text === undefined ? [] : [{ kind, text }]
  })
  const [first, second] = given
  if (first === undefined) return Result.succeed(undefined)
  if (second !== undefined) {
    return Result.fail(`one of ${given.map((it) => it.kind).join(" and ")} is asked for, not all`)
  }
  const { kind, text } = first
  const tool = toolFrom(text, kind)
  if (tool === undefined) return Result.fail(`the ${kind} must be SERVER/${kind === "resource" ? "URI" : "NAME"}`)
  const server = servers.find((it) => it.server === tool.server)
  if (server === undefined) {
    const known = servers.map((it) => it.server).join(", ")
    return Result.fail(
      `policy.mcp has no server ${JSON.stringify(tool.server)}${known === "" ? "" : ` (it has ${known})`}`
    )
  }
  const isName = kind === "resource" ? isResourceUri(tool.name) : isItemName(tool.name)
  return isName
    ? Result.succeed({ tool, path: server.path })
    : Result.fail(`${JSON.stringify(tool.name)} is no name that a request could have: write one, without a pattern`)
}
