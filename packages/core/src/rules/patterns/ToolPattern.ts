/**
 * Patterns of what MCP servers offer: `SERVER/NAME`, in which only `*` is
 * special, and `!` in front for what is taken away. `*` alone is `*` of every
 * server.
 */
/** One pattern in its parts. */
export interface ToolPattern {
  /** Whether it takes away what it matches. */
  readonly takes: boolean
  readonly server: string
  readonly name: string
}

/** The parts of a pattern. A text without a slash means a server whole, so that a `!` in front never takes too little. */
export const parse = (text: string): ToolPattern => {
  const takes = text.startsWith("!")
  const body = takes ? text.slice(1) : text
  const slash = body.indexOf("/")
  return slash === -1
    ? { takes, server: body, name: "*" }
    : { takes, server: body.slice(0, slash), name: body.slice(slash + 1) }
}

/** What a rule or a row says of each kind: nothing where a list is left out or `null`, none where it is empty. */
export interface ToolLists {
  readonly tools?: ReadonlyArray<string> | null
  readonly prompts?: ReadonlyArray<string> | null
  readonly resources?: ReadonlyArray<string> | null
}

/** The server parts of all patterns, kind by kind: a server that one of them matches is named. */
export interface ServerNames {
  readonly tool: ReadonlyArray<string>
  readonly prompt: ReadonlyArray<string>
  readonly resource: ReadonlyArray<string>
}

/** No pattern at all. */
export const noNames: ServerNames = { tool: [], prompt: [], resource: [] }

/** Stands for names that were not looked up, because nothing was asked of a server: nothing is known, so nothing may be used. */
export const notAsked: ServerNames = { tool: [], prompt: [], resource: [] }

/** Patterns that nobody can tell: any server may be named. */
export const anyNames: ServerNames = { tool: ["*"], prompt: ["*"], resource: ["*"] }

const namesIn = (lists: ReadonlyArray<ReadonlyArray<string> | null | undefined>): ReadonlyArray<string> => [
  ...new Set(lists.flatMap((it) => it ?? []).map((it) => parse(it).server))
]

/** The names in these rules or rows. */
export const namesOf = (rows: ReadonlyArray<ToolLists>): ServerNames => ({
  tool: namesIn(rows.map((it) => it.tools)),
  prompt: namesIn(rows.map((it) => it.prompts)),
  resource: namesIn(rows.map((it) => it.resources))
})
