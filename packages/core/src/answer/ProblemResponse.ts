/**
 * Renders a denial: status, headers, body (RFC 9457, RFC 6750, RFC 9728).
 *
 * Everything a caller sees of a denial is made here, from the code alone, so
 * that two causes with one code cannot be told apart (threat E12).
 */
import { anthropicProblem, type Code, problem, statusOf } from "../Errors.ts"

/** What a denial is rendered from. */
export interface Refusal {
  /** The stable code. */
  readonly code: Code
  /** Every scope that was missing, or that is needed at all where there is no good token; for the challenge. */
  readonly scope?: ReadonlyArray<string>
  /** What the token holds of the scopes that are asked for: a client that asks for those of a challenge alone keeps them. */
  readonly held?: ReadonlyArray<string>
  /** Seconds. */
  readonly retryAfter?: number
  /** What lies behind the code; for the record alone. */
  readonly cause?: string
}

/** A rendered denial; `headers` in raw form. */
export interface Rendered {
  readonly status: number
  readonly headers: Array<string>
  readonly body: string
  /** What `body` is the text of. */
  readonly problem: ReturnType<typeof problem> | ReturnType<typeof anthropicProblem>
}

const realm = `Bearer realm="jotgate"`

/** Codes that a token with another scope would not get (RFC 6750 §3.1). */
const scopeCodes: ReadonlySet<Code> = new Set<Code>(["scope_model_denied", "scope_route_denied"])

const quoted = (text: string): string => text.replace(/[\\"]/g, "\\$&").replace(/[^\x20-\x7e]/g, "")

/** Whether this denial carries a challenge: 401, and what other scopes would allow. */
export const challenges = ({ code, scope }: Pick<Refusal, "code" | "scope">): boolean =>
  statusOf(code) === 401 || scopeCodes.has(code) || scope !== undefined

const challenge = (it: Refusal, metadata: string | undefined): string | undefined => {
  if (!challenges(it)) return undefined
  const status = statusOf(it.code)
  const parts = [realm]
  if (status === 403) {
    parts.push(`error="insufficient_scope"`)
    if (it.scope !== undefined) parts.push(`scope="${quoted([...it.scope, ...it.held ?? []].join(" "))}"`)
  } else if (it.code !== "token_missing") {
    parts.push(`error="invalid_token"`)
    if (it.code === "token_expired") parts.push(`error_description="The token has expired"`)
  }
  // Whoever goes for a token is told at once what it must hold.
  if (status === 401 && it.scope !== undefined) parts.push(`scope="${quoted(it.scope.join(" "))}"`)
  if (metadata !== undefined) parts.push(`resource_metadata="${quoted(metadata)}"`)
  return parts.join(", ")
}

/** Whether the callers of this path read errors in Anthropic's shape. */
export const isAnthropicPath = (path: string): boolean => /(?:^|\/)v1\/messages(?:\/|$)/.test(path)

const allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

/** Renders a denial. `metadata` is the URL of the RFC 9728 document of what was asked for. */
export const render = (refusal: Refusal, id: string, path: string, metadata: string | undefined): Rendered => {
  const status = statusOf(refusal.code)
  const told = isAnthropicPath(path) ? anthropicProblem(refusal.code, id) : problem(refusal.code, id)
  const body = JSON.stringify(told)
  const headers = [
    "content-type",
    "application/problem+json",
    "content-length",
    // Texts and ids are ASCII: one character is one byte.
    String(body.length),
    "cache-control",
    "no-store",
    "x-jotgate-decision",
    id
  ]
  const authenticate = challenge(refusal, metadata)
  if (authenticate !== undefined) headers.push("www-authenticate", authenticate)
  if (status === 503) headers.push("retry-after", String(Math.max(1, Math.ceil(refusal.retryAfter ?? 1))))
  if (status === 405) headers.push("allow", allow)
  return { status, headers, body, problem: told }
}
