/**
 * Denials and refusals as JSON-RPC errors, for the client that asked and for the model behind it.
 *
 * The HTTP status and the headers are those of every denial; the body answers the request by its id. A message says
 * what was denied, for whom, and what would help, because an agent reads it; it names nothing that the caller did not.
 */
import type { Code } from "@jotgate/core/Errors"
import { Details, statusOf } from "@jotgate/core/Errors"
import { revisions } from "./Revision.ts"

/** JSON-RPC's own errors, those of MCP 2026-07-28, and the one of a denial. */
export const rpcCodes = {
  parse: -32_700,
  invalid: -32_600,
  internal: -32_603,
  mismatch: -32_020,
  version: -32_022,
  denied: -32_003
} as const

/** Why a message is refused before anything is decided. */
export type RpcFault = "parse" | "invalid" | "mismatch" | "version"

/** Who asked: whom the decision found, else whom the proven token names. */
export interface Whom {
  readonly user: string | null
  readonly agent: string | null
  readonly claimed: { readonly user: string | null } | null
}

/** What the body of an error says. */
export interface RpcErrorParts {
  /** JSON text of the request's id; `undefined` where there is none, or several. */
  readonly id: string | undefined
  readonly code: Code
  readonly decision: string
  readonly fault?: RpcFault | undefined
  /** What was wrong with the message, for whoever wrote it. */
  readonly why?: string | undefined
  /** What was asked for, as the caller named it: `tool get-sum`. */
  readonly asked?: string | undefined
  /** Who asked, and which agent for them, as far as the token has told. */
  readonly whom?: Whom | undefined
  readonly scope?: ReadonlyArray<string> | undefined
}

const faultText: Readonly<Record<RpcFault, string>> = {
  parse: "Parse error",
  invalid: "Invalid request",
  mismatch: "Header mismatch",
  version: "Unsupported protocol version"
}

const whomText = (whom: Whom | undefined): string => {
  const user = whom?.user ?? whom?.claimed?.user ?? null
  const agent = whom?.agent ?? null
  if (agent === null) return user === null ? "" : ` for ${user}`
  return user === null ? ` for the agent ${agent}` : ` for ${user}, whom the agent ${agent} acts for`
}

const denialText = ({ asked, code, scope, whom }: RpcErrorParts): string => {
  const what = asked === undefined ? Details[code] : `Access denied: ${asked}${whomText(whom)}. ${Details[code]}`
  if (scope !== undefined && scope.length > 0) {
    return `${what} The token lacks the scope ${scope.join(" ")}: authorize again with it.`
  }
  switch (code) {
    case "tool_denied":
      return `${what} Do not retry; choose from the list that the server gives, or ask an administrator for access.`
    case "tool_unseen":
      return `${what} Repeat method and name in the headers Mcp-Method and Mcp-Name with protocol version 2026-07-28.`
    case "session_denied":
      return `${what} Start a session of your own: send initialize without a session id.`
    case "agent_unknown":
    case "agent_blocked":
      return `${what} Do not retry; ask an administrator to let this agent act.`
    default:
      return statusOf(code) === 503 ? `${what} Try again later.` : what
  }
}

const messageOf = (it: RpcErrorParts): string =>
  it.fault === undefined ? denialText(it) : `${faultText[it.fault]}${it.why === undefined ? "" : `: ${it.why}`}`

const codeOf = ({ code, fault }: RpcErrorParts): number => {
  if (fault !== undefined) return rpcCodes[fault]
  const status = statusOf(code)
  return status === 400 || status === 405 || status === 415
    ? rpcCodes.invalid
    : status === 502 || status === 504
    ? rpcCodes.internal
    : rpcCodes.denied
}

/** The JSON-RPC error of a refusal. */
export const rpcError = (it: RpcErrorParts): string => {
  const data = {
    code: it.code,
    decision: it.decision,
    ...(it.scope === undefined || it.scope.length === 0 ? {} : { scope: it.scope }),
    ...(it.fault === "version" ? { supported: revisions } : {})
  }
  const error = JSON.stringify({ code: codeOf(it), message: messageOf(it), data })
  return `{"jsonrpc":"2.0","id":${it.id ?? "null"},"error":${error}}`
}
