/**
 * The path below which the gate is mounted (`gateway.prefix`).
 *
 * It is taken away once, before anything is judged, so that routes, models and
 * the upstream know nothing of it; what lies beside it is not the gate's.
 */

import { isUnambiguousPath } from "@jotgate/core/Request"

/** The target below `prefix`, byte for byte; `undefined` when it does not lie there. */
export const below = (prefix: string, target: string): string | undefined => {
  if (prefix === "") return target
  if (!target.startsWith(prefix)) return undefined
  const rest = target.slice(prefix.length)
  if (rest.startsWith("/")) return rest
  return rest === "" || rest.startsWith("?") ? `/${rest}` : undefined
}

/** What an address that an upstream gives is read against. */
export interface Place {
  readonly upstream: { readonly host: string; readonly basePath: string }
  /** The path below which the address must lie. */
  readonly path: string
  /** The target of the request that it answers. */
  readonly target: string
  readonly prefix: string
}

/**
 * An address in an upstream's answer as its caller is to use it, and as the request with it will name it here;
 * `undefined` when it leads to another host, or out of the path.
 */
export const endpointBelow = (
  address: string,
  { path, prefix, target, upstream: { basePath, host } }: Place
): { readonly address: string; readonly target: string } | undefined => {
  const base = `http://${host}${basePath}${target}`
  if (!URL.canParse(address, base)) return undefined
  const url = new URL(address, base)
  const found = below(basePath, `${url.pathname}${url.search}`)
  if (url.host !== host || url.hash !== "" || found === undefined || below(path, found) === undefined) return undefined
  return isUnambiguousPath(url.pathname) ? { address: `${prefix}${found}`, target: found } : undefined
}
