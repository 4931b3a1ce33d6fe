/**
 * Protected resource metadata (RFC 9728): where a client without a token learns
 * who issues one.
 *
 * The resource of a document is the very URL that was asked for, so that a
 * client that compares them (RFC 9728 §3.3) is satisfied on every prefix.
 */
import { isUnambiguousPath } from "../Request.ts"

/** Where the documents are: this path for the whole gate, and below it one for each path. */
export const metadataPath = "/.well-known/oauth-protected-resource"

/** Whether this path is one of ours. */
export const isMetadataPath = (path: string): boolean => path === metadataPath || path.startsWith(`${metadataPath}/`)

/** The URL of the document about `path`; `origin` such as `https://gate.example`. */
export const metadataUrl = (origin: string, path: string): string =>
  `${origin}${metadataPath}${path !== "/" && path.length < 512 && isUnambiguousPath(path) ? path : ""}`

/** The document at `path` (which `isMetadataPath`), as JSON; `resource` where it has another name than its URL. */
export const metadata = (
  origin: string,
  path: string,
  issuers: ReadonlyArray<string>,
  scopes: ReadonlyArray<string>,
  resource = `${origin}${path.slice(metadataPath.length)}`
): string =>
  JSON.stringify({
    resource,
    ...(issuers.length === 0 ? {} : { authorization_servers: issuers }),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ["header"],
    resource_name: "jotgate"
  })
