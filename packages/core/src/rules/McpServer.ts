/**
 * Which MCP server a path belongs to: the one whose prefix it lies below, the
 * longest where several do. Prefixes end at a segment boundary.
 */
import type { McpServer } from "../Settings.ts"
import type { Matcher } from "./patterns/Pattern.ts"

/** The server of a path, `undefined` for a path that is no server's. */
export type ServerOfPath<S> = (path: string) => S | undefined

const nowhere = () => undefined

/** Compiles the servers of a deployment; without any the answer costs nothing. */
export const compile = <S extends Pick<McpServer, "path">>(servers: ReadonlyArray<S>): ServerOfPath<S> => {
  if (servers.length === 0) return nowhere
  const longestFirst = servers.toSorted((a, b) => b.path.length - a.path.length)
  return (path) =>
    longestFirst.find((it) =>
      path.startsWith(it.path) && (path.length === it.path.length || path.charCodeAt(it.path.length) === 0x2f)
    )
}

/** Makes of a pattern's matcher one of servers: by their name, or by one of their aliases. */
export const byAnyName = (
  servers: ReadonlyArray<Pick<McpServer, "server" | "aliases">>
): (matcher: Matcher) => Matcher => {
  const aliases = new Map(servers.filter((it) => it.aliases.length > 0).map((it) => [it.server, it.aliases]))
  return aliases.size === 0
    ? (matches) => matches
    : (matches) => (server) => matches(server) || aliases.get(server)?.some(matches) === true
}

/** The name of a tool or a prompt without what the server puts in front of it: the longest prefix, once, as LiteLLM reads it. */
export const bareName = ({ prefixes }: Pick<McpServer, "prefixes">, name: string): string => {
  if (prefixes.length === 0) return name
  const longest = prefixes.reduce(
    (best, it) => name.startsWith(it) && name.length > it.length && it.length > best ? it.length : best,
    0
  )
  return name.slice(longest)
}

/**
 * Whether MCP may be spoken at a path that is no configured server's: where a LiteLLM serves all of its servers at once,
 * each under another path, or its tools as REST.
 */
export const isElsewhere = (path: string): boolean =>
  /^\/(?:mcp|mcp-rest|(?!v1\/)[^/]+\/mcp|toolset\/[^/]+\/mcp)(?:\/|$)/.test(path)

/** The route entries that a server's requests need: its path, and everything below it. */
export const routesOf = ({ path }: Pick<McpServer, "path">): ReadonlyArray<string> => [path, `${path}/*`]
