/**
 * Which MCP server a path belongs to: the one whose prefix it lies below, the
 * longest where several do. Prefixes end at a segment boundary.
 */
import type { McpServer } from "../Settings.ts"

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

/** The route entries that a server's requests need: its path, and everything below it. */
export const routesOf = ({ path }: Pick<McpServer, "path">): ReadonlyArray<string> => [path, `${path}/*`]
