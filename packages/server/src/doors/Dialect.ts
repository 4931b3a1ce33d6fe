/**
 * How each proxy tells the original request: one explicit dialect per door.
 *
 * A door reads its own proxy's headers and no others: a caller's forged
 * `X-Original-URI` reaches the gate behind a Caddy, a forged `X-Forwarded-Uri`
 * behind an nginx (threats E05, E06). What is missing, or there twice, is
 * refused; nothing is guessed, and no query parameter configures a door.
 */

/** The proxies that can ask. */
export const dialects = ["nginx", "caddy", "traefik", "haproxy", "envoy"] as const
export type Dialect = (typeof dialects)[number]

/** The request that the proxy asks about. */
export interface Original {
  readonly dialect: Dialect
  readonly method: string
  /** Path and query, byte for byte. */
  readonly target: string
}

const prefix = "/_jotgate/auth/"
const envoyPrefix = "/_jotgate/envoy"

/** The door that a request target belongs to; `undefined` when it is none of ours. */
export const dialectOf = (target: string): Dialect | undefined => {
  if (target.startsWith(prefix)) {
    const end = target.indexOf("?")
    const name = target.slice(prefix.length, end === -1 ? undefined : end)
    return name === "nginx" || name === "caddy" || name === "traefik" || name === "haproxy" ? name : undefined
  }
  return target.startsWith(`${envoyPrefix}/`) ? "envoy" : undefined
}

const methodPattern = /^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31}$/

const told = (
  rawHeaders: ReadonlyArray<string>,
  methodName: string,
  targetName: string
): { readonly method: string; readonly target: string } | undefined => {
  let method: string | undefined
  let target: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    if (name.length !== methodName.length && name.length !== targetName.length) continue
    const lower = name.toLowerCase()
    if (lower === methodName) {
      if (method !== undefined) return undefined
      method = rawHeaders[i + 1] ?? ""
    } else if (lower === targetName) {
      if (target !== undefined) return undefined
      target = rawHeaders[i + 1] ?? ""
    }
  }
  return method === undefined || target === undefined || !methodPattern.test(method) || !target.startsWith("/")
    ? undefined
    : { method, target }
}

/** The original request, or `undefined` when the proxy did not tell it in its dialect. */
export const original = (
  dialect: Dialect,
  request: { readonly method: string; readonly target: string; readonly rawHeaders: ReadonlyArray<string> }
): Original | undefined => {
  if (dialect === "envoy") {
    return { dialect, method: request.method, target: request.target.slice(envoyPrefix.length) }
  }
  const it = dialect === "nginx"
    ? told(request.rawHeaders, "x-original-method", "x-original-uri")
    : told(request.rawHeaders, "x-forwarded-method", "x-forwarded-uri")
  return it === undefined ? undefined : { dialect, ...it }
}

/** Whether a body that comes to this door is the original one, whole. */
export const carriesBody = (dialect: Dialect): boolean => dialect === "traefik" || dialect === "envoy"

/** The status that this proxy can carry to the caller instead of `status`. */
export const carriedStatus = (dialect: Dialect, status: number): number =>
  dialect !== "nginx" || status === 401 || status === 503 ? status : 403
