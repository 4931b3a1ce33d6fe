/**
 * Which tools, prompts or resources of an MCP server a request asks for, or why
 * none.
 */

/** What an MCP server offers; each kind has rules of its own. */
export type ToolKind = "tool" | "prompt" | "resource"

/** Every kind, in the order in which they are told. */
export const toolKinds = ["tool", "prompt", "resource"] as const satisfies ReadonlyArray<ToolKind>

/** One thing that a server offers: a tool or a prompt by name, a resource by its URI. */
export interface Tool {
  /** What it is. */
  readonly kind: ToolKind
  /** The name of the server, as `policy.mcp[].server` has it. */
  readonly server: string
  /** The name within the server. */
  readonly name: string
}

/**
 * What a request asks for; none of these is a guess (RULES D53).
 *
 * - `Known`: one tool, prompt or resource.
 * - `Several`: a batch, or a request that names several; all must be allowed.
 * - `None`: nothing is called or read: `initialize`, a list, a request elsewhere.
 * - `Unseen`: a request to this server whose body the door cannot see and whose
 *   headers do not bind the server; to `anyServer` where MCP is spoken at a path
 *   that is no configured server's.
 */
export type RequestedTool =
  | {
    readonly _tag: "Known"
    /** What is asked for. */
    readonly tool: Tool
  }
  | {
    readonly _tag: "Several"
    /** What is asked for, each once. */
    readonly tools: ReadonlyArray<Tool>
  }
  | { readonly _tag: "None" }
  | {
    readonly _tag: "Unseen"
    /** The server that is asked. */
    readonly server: string
  }

const noTools: ReadonlyArray<Tool> = []

/** Stands for a server that nobody can tell. */
export const anyServer = "*"

/** A request that calls or reads nothing of an MCP server. */
export const noTool: RequestedTool = { _tag: "None" }
/** A request for one tool, prompt or resource. */
export const knownTool = (tool: Tool): RequestedTool => ({ _tag: "Known", tool })
/** A request to a server, for whatever this door cannot see. */
export const unseenTool = (server: string): RequestedTool => ({ _tag: "Unseen", server })
/** A request for several, all of them meant: one that is named twice counts once. */
export const severalTools = (tools: ReadonlyArray<Tool>): RequestedTool => {
  const all = [...new Map(tools.map((it) => [`${it.kind} ${toolName(it)}`, it])).values()]
  const [first] = all
  return first === undefined ? noTool : all.length === 1 ? knownTool(first) : { _tag: "Several", tools: all }
}

/** Everything that a request names. */
export const toolsOf = (asked: RequestedTool): ReadonlyArray<Tool> =>
  asked._tag === "Known" ? [asked.tool] : asked._tag === "Several" ? asked.tools : noTools

/** How a tool is written in rules, records and texts: `github/delete_repo`. */
export const toolName = ({ name, server }: Tool): string => `${server}/${name}`

/** The tool that a text names, `SERVER/NAME`; `undefined` when it names none. */
export const toolFrom = (text: string, kind: ToolKind = "tool"): Tool | undefined => {
  const slash = text.indexOf("/")
  return slash < 1 || slash === text.length - 1
    ? undefined
    : { kind, server: text.slice(0, slash), name: text.slice(slash + 1) }
}

/** What is asked for as one text, for a line or a page; `null` when nothing is named. */
export const toolText = (asked: RequestedTool): string | null => toolsOf(asked).map(toolName).join(", ") || null

/** Whether two requests ask for the same. */
export const sameTools = (one: RequestedTool, other: RequestedTool): boolean => {
  if (one === other) return true
  if (one._tag !== other._tag) return false
  if (one._tag === "Unseen" && other._tag === "Unseen") return one.server === other.server
  const [tools, others] = [toolsOf(one), toolsOf(other)]
  return tools.length === others.length && tools.every((it, index) => {
    const beside = others[index]
    return beside !== undefined && it.kind === beside.kind && it.server === beside.server && it.name === beside.name
  })
}
