/**
 * What the gate listener is doing, for readiness.
 *
 * Kept apart from the listener, so that the admin listener can be built before
 * the gate and go on answering while the gate drains.
 */
import { Context, type Effect, Layer } from "effect"
import { Sessions } from "../mcp/Sessions.ts"

export class GateState extends Context.Service<GateState, {
  /** Whether the gate was told to stop. */
  draining: boolean
  /** Whether something went wrong that no boundary caught, and what ran then is not over. */
  wounded: boolean
  /** When the request that has stayed longest began, in Unix milliseconds; infinite when none stays. */
  oldest: () => number
  /** Whether another process has taken the place of this one: nobody needs to notice before it stops to listen. */
  replaced: boolean
  /** How many processes answer, and how many are meant to; `undefined` where this process does. */
  crew: (() => { readonly wanted: number; readonly ready: number }) | undefined
  /** The figures of these processes as Prometheus reads them; `undefined` where this process has all. */
  figures: Effect.Effect<ReadonlyArray<string>> | undefined
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
    replaced: false,
    crew: undefined,
    figures: undefined,
    oldest: () => Number.POSITIVE_INFINITY,
    inFlight: 0,
    held: 0,
    sessions: new Sessions()
  }))
}
