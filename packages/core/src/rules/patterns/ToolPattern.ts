/**
 * Patterns of what MCP servers offer: `SERVER/NAME`, in which only `*` is
 * special, and `!` in front for what is taken away. `*` alone is `*` of every
 * server.
 *
 * No writer takes anything else, but a store may hold it: then what would give
 * gives nothing, and what would take away takes all that it could mean.
 */
/** One pattern in its parts. */
export interface ToolPattern {
  /** Whether it takes away what it matches. */
  readonly takes: boolean
  readonly server: string
  readonly name: string
}

const serverPart = /^(?:\*|(?!\s)[^/!\u0000-\u001f\u007f-\u009f][^/\u0000-\u001f\u007f-\u009f]*(?<!\s))$/u
const namePart = /^(?!\s)[^\u0000-\u001f\u007f-\u009f]+(?<!\s)$/u

/** Whether a text is a pattern as people are to write it. */
export const isToolPattern = (text: string): boolean => {
  const body = text.startsWith("!") ? text.slice(1) : text
  const slash = body.indexOf("/")
  return slash === -1 ? body === "*" : serverPart.test(body.slice(0, slash)) && namePart.test(body.slice(slash + 1))
}

/** Matches no name that an item can have. */
export const noName = ""

/** The server part of a text, whatever it is: one that is none could be any. */
export const serverOf = (text: string): string => serverPart.test(text) ? text : "*"

/** The parts of a pattern. */
export const parse = (text: string): ToolPattern => {
  const takes = text.startsWith("!")
  const body = takes ? text.slice(1) : text
  const slash = body.indexOf("/")
  const [first, rest] = slash === -1 ? [body, undefined] : [body.slice(0, slash), body.slice(slash + 1)]
  const server = serverOf(first)
  if (rest === undefined) return { takes, server, name: takes || first === "*" ? "*" : noName }
  if (takes) return { takes, server, name: namePart.test(rest) ? rest : "*" }
  return { takes, server, name: serverPart.test(first) && namePart.test(rest) ? rest : noName }
}

/** What a rule or a row says of each kind: nothing where a list is left out or `null`, none where it is empty. */
export interface ToolLists {
  readonly tools?: ReadonlyArray<string> | null
  readonly prompts?: ReadonlyArray<string> | null
  readonly resources?: ReadonlyArray<string> | null
}

/** The server parts of all patterns, kind by kind: a server that one of them matches is named. */
export interface ServerNames {
  /** Servers that lists of tools name. */
  readonly tool: ReadonlyArray<string>
  /** Servers that lists of prompts name. */
  readonly prompt: ReadonlyArray<string>
  /** Servers that lists of resources name. */
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
