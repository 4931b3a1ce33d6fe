/**
 * Who acts, as a token says it: the chain of actors (RFC 8693 §4.1), the client
 * that asked for the token, or the name of a registered agent (RULES D72).
 *
 * Nothing is read until the issuer's `claims.agent` is set. A chain that is
 * deeper than four, or whose links name nobody, is no chain: the token is not
 * believed, because whoever acts must be known.
 */
import type { Json, JsonObject } from "../Json.ts"
import type { Issuer } from "../Settings.ts"
import * as ClaimPath from "../settings/ClaimPath.ts"

/** Actors that are followed at most. */
const DEEPEST = 4

/** Who acts; what is not said is empty. */
export interface AgentClaim {
  /** The actors, outermost first. */
  readonly chain: ReadonlyArray<string>
  readonly client: string | undefined
  /** What must be the id or the name of a registered agent. */
  readonly registered: string | undefined
}

/** Reads the payload of a token; `undefined`: who acts cannot be read. */
export type AgentReader = (payload: JsonObject) => AgentClaim | undefined

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isHidden = (path: ClaimPath.ClaimPath, payload: JsonObject): boolean =>
  ClaimPath.isBlocked(path, payload) || ClaimPath.isElsewhere(path, payload)

/** The text of a claim, nothing where it is absent; `null` when it is there in another shape (RULES D12). */
const textAt = (path: ClaimPath.ClaimPath | undefined, payload: JsonObject): string | undefined | null => {
  if (path === undefined) return undefined
  const value = ClaimPath.read(path, payload)
  if (ClaimPath.isAbsent(value)) return isHidden(path, payload) ? null : undefined
  return typeof value === "string" ? value : null
}

/** The actors from the outermost in; `undefined` when a link cannot be read or there are too many. */
const chainFrom = (actor: Json | undefined, nested: string): ReadonlyArray<string> | undefined => {
  const chain: Array<string> = []
  let link = actor
  while (link !== undefined && link !== null) {
    if (!isObject(link) || chain.length === DEEPEST) return undefined
    const { sub } = link
    if (typeof sub !== "string" || sub === "") return undefined
    chain.push(sub)
    link = Object.hasOwn(link, nested) ? link[nested] : undefined
  }
  return chain
}

/** The paths that are read. */
export const pathsOf = ({ agent }: Issuer["claims"]): ReadonlyArray<string> =>
  agent === undefined || agent === null
    ? []
    : [agent.actor, agent.client, agent.id].flatMap((it) => it === null ? [] : [it])

/** The reader of an issuer's mapping; `undefined` when nothing is to be read. */
export const compile = (
  { claims: { agent }, unreadable }: Pick<Issuer, "claims" | "unreadable">
): AgentReader | undefined => {
  if (agent === undefined || agent === null) return undefined
  const path = (text: string | null) => text === null ? undefined : ClaimPath.parse(text)
  const [actor, client, registered] = [path(agent.actor), path(agent.client), path(agent.id)]
  return (payload) => {
    const chain = actor === undefined
      ? []
      : isHidden(actor, payload)
      ? undefined
      : chainFrom(ClaimPath.read(actor, payload), actor.at(-1) ?? "act")
    const [asked, known] = [textAt(client, payload), textAt(registered, payload)]
    const isUnreadable = unreadable === "deny" && (asked === null || known === null)
    return chain === undefined || isUnreadable
      ? undefined
      : { chain, client: asked ?? undefined, registered: known ?? undefined }
  }
}
