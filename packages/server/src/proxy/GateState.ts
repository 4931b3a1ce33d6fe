/**
 * What the gate listener is doing, for readiness.
 *
 * Kept apart from the listener, so that the admin listener can be built before
 * the gate and go on answering while the gate drains.
 */
import { Context, Layer } from "effect"
import { Sessions } from "../mcp/Sessions.ts"

export class GateState extends Context.Service<GateState, {
  /** Whether the gate was told to stop. */
  draining: boolean
  /** Whether something went wrong that no boundary caught, and what ran then is not over. */
  wounded: boolean
  /** When the request that has stayed longest began, in Unix milliseconds; infinite when none stays. */
  oldest: () => number
  /** Requests that are being answered. */
  inFlight: number
  /** Bytes of their bodies that are held. */
  held: number
  /** Whose the sessions of MCP servers are; they outlive a change of the configuration. */
  readonly sessions: Sessions
}>()("@jotgate/server/GateState") {
  static readonly layer = Layer.sync(GateState, () => ({
    draining: false,
    wounded: false,
    oldest: () => Number.POSITIVE_INFINITY,
    inFlight: 0,
    held: 0,
    sessions: new Sessions()
  }))
}
