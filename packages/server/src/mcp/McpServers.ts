/**
 * The MCP servers of one deployment: whose a path is, and which documents there are about them.
 */
import type { McpAddressee } from "./McpRequest.ts"

/** A server, as the doors know it. */
export interface McpServer extends McpAddressee {
  /** The prefix below which it is. */
  readonly path: string
  /** Its identifier (RFC 8707); `undefined` where none is configured. */
  readonly resource: string | undefined
  /** What a token must hold for whatever is asked there. */
  readonly scopes: ReadonlyArray<string>
}

/** What a document about a protected resource says (RFC 9728). */
export interface ResourceDocument {
  /** The identifier; `undefined`: the URL that was asked for. */
  readonly resource: string | undefined
  /** The scopes that may be asked for. */
  readonly scopes: ReadonlyArray<string>
}

/** The servers, compiled. */
export interface McpServers {
  /** Every server, in the order of the settings. */
  readonly all: ReadonlyArray<McpServer>
  /** The server of a path. */
  readonly of: (path: string) => McpServer | undefined
  /** Whether a path is a server's to those alone who do not tell capitals from small letters. */
  readonly isDisguised: (path: string) => boolean
  /** Whether documents are about the resources of servers alone. */
  readonly hasResources: boolean
  /** The document whose well-known path ends with `path`; `undefined` when there is none. */
  readonly documentOf: (path: string) => ResourceDocument | undefined
  /** The path of the document about what is at `path`, where it has one. */
  readonly documentPathOf: (path: string) => string | undefined
}

const none = (prefix: string): McpServers => ({
  all: [],
  of: () => undefined,
  isDisguised: () => false,
  hasResources: false,
  documentOf: () => ({ resource: undefined, scopes: [] }),
  documentPathOf: (path) => prefix + path
})

const isBelow = (prefix: string, path: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)

const trimmed = (path: string): string => path.endsWith("/") ? path.slice(0, -1) : path

const pathOfUrl = (url: string): string => trimmed(URL.canParse(url) ? new URL(url).pathname : "")

/** Compiles the servers; `prefix` is the path below which the gate is mounted. */
export const compile = (servers: ReadonlyArray<McpServer>, prefix: string): McpServers => {
  if (servers.length === 0) return none(prefix)
  const longestFirst = servers.toSorted((a, b) => b.path.length - a.path.length)
  const of = (path: string) => longestFirst.find((it) => isBelow(it.path, path))
  const folded = longestFirst.map((it) => it.path.toLowerCase())
  const documents = new Map(
    servers.flatMap(({ path, resource, scopes }) =>
      // Whoever knows the server by its path finds the document too.
      resource === undefined
        ? []
        : [pathOfUrl(resource), prefix + path].map((it) => [it, { resource, scopes }] as const)
    ).toReversed()
  )
  const hasResources = documents.size > 0
  return {
    all: servers,
    of,
    isDisguised: (path) => of(path) === undefined && folded.some((it) => isBelow(it, path.toLowerCase())),
    hasResources,
    documentOf: (path) => hasResources ? documents.get(trimmed(path)) : { resource: undefined, scopes: [] },
    documentPathOf: (path) => {
      if (!hasResources) return prefix + path
      const resource = of(path)?.resource
      return resource === undefined ? undefined : pathOfUrl(resource)
    }
  }
}
