/**
 * Answers browsers of the configured origins; without configuration an OPTIONS
 * request is judged like any other.
 */

/** The origin of a request when it is one of ours. */
export const allowedOrigin = (
  origins: ReadonlySet<string> | undefined,
  origin: string | undefined
): string | undefined =>
  origins !== undefined && origin !== undefined && (origins.has(origin) || origins.has("*")) ? origin : undefined

/** Whether a request is a preflight: the browser asks before it sends. */
export const isPreflight = (method: string | undefined, headers: Readonly<Record<string, unknown>>): boolean =>
  method === "OPTIONS" && headers["origin"] !== undefined && headers["access-control-request-method"] !== undefined

/** The raw headers of the answer to a preflight. */
export const preflightHeaders = (origin: string, requested: string | undefined): Array<string> => [
  "access-control-allow-origin",
  origin,
  "access-control-allow-methods",
  "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
  "access-control-allow-headers",
  requested !== undefined && /^[\w\-, ]{1,2000}$/.test(requested) ? requested : "authorization, content-type",
  "access-control-max-age",
  "600",
  "vary",
  "origin, access-control-request-headers",
  "content-length",
  "0"
]

/** The raw headers that every other answer to this origin carries. */
export const answerHeaders = (origin: string): Array<string> => [
  "access-control-allow-origin",
  origin,
  "access-control-expose-headers",
  "x-request-id, retry-after, www-authenticate, mcp-session-id, mcp-protocol-version",
  "vary",
  "origin"
]

/** Whether a header of the upstream's answer gives way to ours. */
export const isCorsHeader = (name: string): boolean => name.startsWith("access-control-")
