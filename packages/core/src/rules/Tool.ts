/**
 * Which tools, prompts and resources lists of patterns allow (DESIGN §11).
 *
 * A list allows what one of its patterns matches and no pattern with `!` takes
 * away, wherever that stands. An empty list, and one of `!` alone, allows
 * nothing. Every list is compiled once.
 */
import { haveCommon } from "./Model.ts"
import * as Pattern from "./patterns/Pattern.ts"
import { noName, parse, type ToolLists } from "./patterns/ToolPattern.ts"
import type { ToolKind } from "./RequestedTool.ts"

/** One compiled list of one kind. */
export interface ToolList {
  readonly allows: (server: string, name: string) => boolean
  /** Whether every name that begins with `prefix` is allowed by one pattern, and none of them taken away. */
  readonly allowsEvery: (server: string, prefix: string) => boolean
  /** Whether some name that begins with `prefix` may be allowed. */
  readonly allowsSome: (server: string, prefix: string) => boolean
  /** The patterns of names that are given at a server, and those that are taken away there. */
  readonly at: (server: string) => { readonly given: ReadonlyArray<string>; readonly taken: ReadonlyArray<string> }
  /** The patterns as they were written. */
  readonly patterns: ReadonlyArray<string>
}

/** Where a rule or a row says something of a kind. */
export const member = { tool: "tools", prompt: "prompts", resource: "resources" } as const satisfies {
  readonly [K in ToolKind]: keyof ToolLists
}

/** What one rule or row says, kind by kind; `undefined`: nothing. */
export type CompiledLists = { readonly [K in ToolKind]: ToolList | undefined }

/** Says nothing of any kind. */
export const silent: CompiledLists = { tool: undefined, prompt: undefined, resource: undefined }

interface Entry {
  readonly server: Pattern.Matcher
  readonly names: Pattern.Matcher
  readonly pattern: string
}

/** Makes of a pattern's matcher one of servers. */
export type OfServers = (matcher: Pattern.Matcher) => Pattern.Matcher

const byName: OfServers = (matches) => matches

/** Compiles the patterns of one kind; servers go by their names where nothing else is said. */
export const compile = (patterns: ReadonlyArray<string>, ofServers: OfServers = byName): ToolList => {
  const parsed = patterns.map(parse)
  const entries = (takes: boolean): ReadonlyArray<Entry> =>
    parsed.filter((it) => it.takes === takes && it.name !== noName).map((it) => ({
      server: ofServers(Pattern.compile(it.server)),
      names: Pattern.compile(it.name),
      pattern: it.name
    }))
  const [given, taken] = [entries(false), entries(true)]
  const matches = (some: ReadonlyArray<Entry>, server: string, name: string): boolean =>
    some.some((it) => it.names(name) && it.server(server))
  const namesAt = (some: ReadonlyArray<Entry>, server: string) =>
    some.flatMap((it) => it.server(server) ? [it.pattern] : [])
  return {
    allows: (server, name) => matches(given, server, name) && !matches(taken, server, name),
    allowsEvery: (server, prefix) =>
      // A pattern that matches the prefix with a star behind it ends in a star of its own, which takes any rest.
      given.some((it) => it.names(`${prefix}*`) && it.server(server)) &&
      !taken.some((it) => it.server(server) && haveCommon(it.pattern, `${prefix}*`)),
    allowsSome: (server, prefix) => given.some((it) => it.server(server) && haveCommon(it.pattern, `${prefix}*`)),
    at: (server) => ({ given: namesAt(given, server), taken: namesAt(taken, server) }),
    patterns
  }
}

/** Compiles what a rule or a row says. */
export const compileLists = ({ prompts, resources, tools }: ToolLists, ofServers: OfServers): CompiledLists => {
  const listOf = (patterns: ReadonlyArray<string> | null | undefined): ToolList | undefined =>
    patterns === undefined || patterns === null ? undefined : compile(patterns, ofServers)
  return (tools ?? prompts ?? resources ?? null) === null
    ? silent
    : { tool: listOf(tools), prompt: listOf(prompts), resource: listOf(resources) }
}

/** What says something about a caller: a rule, or a row. */
export interface Level {
  /** Whose lists they are. */
  readonly of: "issuer" | "role" | "scope" | "organization" | "team" | "membership" | "user" | "agent"
  /** The path of the rule, or the id of the row. */
  readonly name: string
  /** The lists, kind by kind. */
  readonly lists: CompiledLists
}

/** What a kind is asked for with. */
const verbs: { readonly [K in ToolKind]: string } = { tool: "call", prompt: "get", resource: "read" }

/** Who asks, in words: the agents of the request, and whom they act for. */
export interface Speaker {
  /** The user, else the team; `undefined` for an agent on its own. */
  readonly caller: string | undefined
  /** Outermost first. */
  readonly agents: ReadonlyArray<string>
}

/** One sentence on a denial: "agent-7 may not call github/delete_repo for bob: bob may, agent-7 may not". */
export const sentence = (
  kind: ToolKind,
  tool: string,
  { agents, caller }: Speaker,
  objections: { readonly callerMay: boolean; readonly refusing: ReadonlyArray<string>; readonly because: string }
): string => {
  const [agent] = agents
  const verb = `may not ${verbs[kind]} ${tool}`
  if (agent === undefined) return `${caller ?? "The caller"} ${verb}: ${objections.because}`
  if (caller === undefined) return `${agent} ${verb}: ${objections.because}`
  const whose = objections.callerMay ? `${caller} may` : `${caller} may not (${objections.because})`
  const others = agents.map((it) => `${it} ${objections.refusing.includes(it) ? "may not" : "may"}`)
  return `${agent} ${verb} for ${caller}: ${[whose, ...others].join(", ")}`
}

/** The sentence on a denial before a team is known, because none of the token's teams lists what is asked for. */
export const unlisted = (kind: ToolKind, tool: string, { agents: [agent], caller = "The caller" }: Speaker): string => {
  const verb = `may not ${verbs[kind]} ${tool}`
  const because = "no team of the token lists it"
  return agent === undefined
    ? `${caller} ${verb}: ${because}`
    : `${agent} ${verb} for ${caller}: ${caller} may not (${because})`
}
