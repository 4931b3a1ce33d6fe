/**
 * How each proxy tells the original request: one explicit dialect per door.
 *
 * A door reads its own proxy's headers and no others: a caller's forged
 * `X-Original-URI` reaches the gate behind a Caddy, a forged `X-Forwarded-Uri`
 * behind an nginx, a forged `X-Envoy-Auth-Partial-Body` behind a Traefik (threats
 * E05, E06). What is missing, or there twice, is refused; nothing is guessed, and
 * no query parameter configures a door.
 */
import { isHost } from "../proxy/RequestHead.ts"

/** The proxies that can ask. */
export const dialects = ["nginx", "ingress-nginx", "caddy", "traefik", "haproxy", "envoy"] as const
export type Dialect = (typeof dialects)[number]

/** The request that the proxy asks about. */
export interface Original {
  readonly dialect: Dialect
  readonly method: string
  /** Path and query, byte for byte. */
  readonly target: string
}

/** A request of a proxy. */
export interface Asking {
  readonly method: string
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
}

const prefix = "/_jotgate/auth/"
const envoyPrefix = "/_jotgate/envoy"

const named = new Set<string>(dialects.filter((it) => it !== "envoy"))
const isNamed = (name: string): name is Dialect => named.has(name)

/** The door that a request target belongs to; `undefined` when it is none of ours. */
export const dialectOf = (target: string): Dialect | undefined => {
  if (target.startsWith(prefix)) {
    const end = target.indexOf("?")
    const name = target.slice(prefix.length, end === -1 ? undefined : end)
    return isNamed(name) ? name : undefined
  }
  return target.startsWith(`${envoyPrefix}/`) ? "envoy" : undefined
}

/** The only value of a header (lower-case name); `undefined` when it is missing or there twice. */
const only = (rawHeaders: ReadonlyArray<string>, name: string): string | undefined => {
  let value: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const one = rawHeaders[i] ?? ""
    if (one.length !== name.length || one.toLowerCase() !== name) continue
    if (value !== undefined) return undefined
    value = rawHeaders[i + 1] ?? ""
  }
  return value
}

const methodPattern = /^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31}$/

/** Whether a proxy can have had a request of this method. */
export const isMethod = (text: string): boolean => methodPattern.test(text)

/** The headers in which each proxy tells method and target. */
const told: Readonly<Record<Exclude<Dialect, "envoy">, readonly [string, string]>> = {
  "nginx": ["x-original-method", "x-original-uri"],
  "ingress-nginx": ["x-original-method", "x-original-url"],
  "caddy": ["x-forwarded-method", "x-forwarded-uri"],
  "traefik": ["x-forwarded-method", "x-forwarded-uri"],
  "haproxy": ["x-forwarded-method", "x-forwarded-uri"]
}

/** What the ingress controller tells: scheme, the caller's `Host` as it came, and the target. */
const urlPattern = /^(https?):\/\/([^/]*)(\/.*)$/s

const splitUrl = (text: string | undefined) => {
  const [, proto = "", host = "", target = ""] = urlPattern.exec(text ?? "") ?? []
  return target !== "" && isHost(host) ? { proto, host, target } : undefined
}

/** The original request, or `undefined` when the proxy did not tell it in its dialect. */
export const original = (dialect: Dialect, request: Asking): Original | undefined => {
  if (dialect === "envoy") return { dialect, method: request.method, target: request.target.slice(envoyPrefix.length) }
  const [methodName, targetName] = told[dialect]
  const method = only(request.rawHeaders, methodName)
  const text = only(request.rawHeaders, targetName)
  const target = dialect === "ingress-nginx" ? splitUrl(text)?.target : text
  return method === undefined || target === undefined || !isMethod(method) || !target.startsWith("/")
    ? undefined
    : { dialect, method, target }
}

/** `https://gate.example` as the caller of the proxy wrote it; "" when the proxy does not tell it. */
export const originTold = (dialect: Dialect, rawHeaders: ReadonlyArray<string>): string => {
  const url = dialect === "ingress-nginx" ? splitUrl(only(rawHeaders, "x-original-url")) : undefined
  // Envoy asks with the caller's own Host and passes a forged X-Forwarded-Host on.
  const host = url?.host ?? only(rawHeaders, dialect === "envoy" ? "host" : "x-forwarded-host") ?? ""
  // Traefik tells of a WebSocket by its own scheme.
  const proto = (url?.proto ?? only(rawHeaders, "x-forwarded-proto") ?? "http").replace(/^ws/, "http")
  return isHost(host) && (proto === "https" || proto === "http") ? `${proto}://${host}` : ""
}

/**
 * Whether a body that comes to this door is the original one, whole. Traefik sends all of it or does not ask; Envoy
 * says so when it has cut one, in a header of its own that no other door looks at.
 */
export const carriesBody = (dialect: Dialect, rawHeaders: ReadonlyArray<string>): boolean => {
  if (dialect !== "envoy") return dialect === "traefik"
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === "x-envoy-auth-partial-body" && rawHeaders[i + 1] !== "false") return false
  }
  return true
}

/** Whether this proxy carries nothing but 2xx, 401 and 403 to the caller. */
export const carriesFew = (dialect: Dialect): boolean => dialect === "nginx" || dialect === "ingress-nginx"

/** The status that this proxy can carry to the caller instead of `status`. */
export const carriedStatus = (dialect: Dialect, status: number): number =>
  !carriesFew(dialect) || status === 401 || status === 503 ? status : 403
