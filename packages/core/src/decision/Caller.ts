/**
 * Who asks what: a verified token, read, together with one request.
 */
import type { Identity } from "../Identity.ts"
import type { Asked } from "../Request.ts"
import type { ServerNames } from "../rules/patterns/ToolPattern.ts"
import type { Authority } from "../rules/TokenRules.ts"
import type { Claims } from "../token/Claims.ts"
import type { Decisions } from "./Decisions.ts"

/** A verified caller with the request and the team header's value. */
export interface Caller {
  readonly claims: Claims
  readonly identity: Identity
  readonly standing: Authority
  readonly asked: Asked
  readonly header: string | undefined
  readonly decisions: Decisions
  /** Whether the request carries the id of its trace. */
  readonly traced: boolean
  /** Who is supposed to act, outermost first, whatever the claims say of it. */
  readonly agents?: ReadonlyArray<string> | undefined
  /** Which MCP servers the rows of the directory name; looked up where one is configured. */
  readonly names: ServerNames
}
