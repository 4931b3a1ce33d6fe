/**
 * For whom a token was issued, where that depends on what is asked (RFC 8707, MCP authorization).
 *
 * The identifier of a protected resource counts as an audience of every issuer, for that resource alone: a token for
 * another resource, or for the gateway, is not good there, and a token for a resource is good nowhere else. So a token
 * that a server was given by mistake or malice cannot be used at another one.
 */
import * as Introspection from "../opaque/Introspection.ts"
import * as McpServer from "../rules/McpServer.ts"
import type { PolicySettings } from "../Settings.ts"
import type { Claims } from "../token/Claims.ts"
import { shown, TokenRefused } from "../token/Refusal.ts"

/** Why a token is not good for this path; `undefined` when it is. */
export type AudienceCheck = (claims: Claims, path: string) => TokenRefused | undefined

const refusal = (expected: ReadonlyArray<string>, aud: unknown): TokenRefused =>
  new TokenRefused({ reason: "audience", facts: { expected: expected.map((it) => shown(it)), found: shown(aud) } })

const names = (aud: unknown, wanted: (it: string) => boolean): boolean =>
  typeof aud === "string" ? wanted(aud) : Array.isArray(aud) && aud.some((it) => typeof it === "string" && wanted(it))

/** Whether the issuer's own settings take the token, resources left aside. */
const isOwn = ({ issuer, payload, verifiedBy }: Claims): boolean => {
  const { audiences, settings: { opaque } } = issuer
  if (verifiedBy._tag === "Signature") {
    return audiences === undefined || names(payload["aud"], (it) => audiences.has(it))
  }
  return verifiedBy._tag !== "Introspection" || opaque?.introspection === undefined ||
    Introspection.isAccepted(opaque.introspection, issuer, payload, [])
}

/** The check of a deployment; `undefined` when no resource is configured. */
export const compile = ({ mcp }: Pick<PolicySettings, "mcp">): AudienceCheck | undefined => {
  if (mcp.every((it) => it.resource === undefined)) return undefined
  const serverOf = McpServer.compile(mcp)
  return (claims, path) => {
    // Nobody proved what is only supposed, an audience neither.
    if (claims.verifiedBy._tag === "Supposed") return undefined
    const resource = serverOf(path)?.resource
    const aud = claims.payload["aud"]
    if (resource === undefined) return isOwn(claims) ? undefined : refusal(claims.issuer.settings.audience, aud)
    return names(aud, (it) => it === resource) ? undefined : refusal([resource], aud)
  }
}
