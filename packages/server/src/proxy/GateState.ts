/**
 * What the gate listener is doing, for readiness.
 *
 * Kept apart from the listener, so that the admin listener can be built before
 * the gate and go on answering while the gate drains.
 */
import { Context, Layer } from "effect"

export class GateState extends Context.Service<GateState, {
  /** Whether the gate was told to stop. */
  draining: boolean
  /** Requests that are being answered. */
  inFlight: number
  /** Bytes of their bodies that are held. */
  held: number
}>()("@jotgate/server/GateState") {
  static readonly layer = Layer.sync(GateState, () => ({ draining: false, inFlight: 0, held: 0 }))
}
