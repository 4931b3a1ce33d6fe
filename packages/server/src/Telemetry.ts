/**
 * The figures of the doors: decisions by code, their time, and how upstream
 * calls ended. Kept with Effect's metrics, so that `/metrics` shows them beside
 * those of the key store and the caches.
 */
import { Context, Effect, Layer, Metric } from "effect"

const seconds = Metric.histogram("jotgate_decision_seconds", {
  description: "Time that a decision took, without reading the body.",
  boundaries: [0.000_01, 0.000_1, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 3]
})
const decisions = Metric.counter("jotgate_decisions_total", {
  description: "Decisions by door, status and code.",
  incremental: true
})
const upstream = Metric.counter("jotgate_upstream_requests_total", {
  description: "Requests to upstreams by how they ended.",
  incremental: true
})
const inFlight = Metric.gauge("jotgate_requests_in_flight", { description: "Requests that are being answered." })

export class Telemetry extends Context.Service<Telemetry, {
  /** Counts one decision; `code` is "" for an allowed one, `millis` the time that it took. */
  readonly decided: (door: string, status: number, code: string, millis: number) => void
  readonly relayed: (end: string) => void
  readonly inFlight: (count: number) => void
}>()("@jotgate/server/Telemetry") {
  static readonly layer = Layer.effect(
    Telemetry,
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const known = new Map<string, Metric.Metric<number, unknown>>()
      const labelled = (key: string, make: () => Metric.Metric<number, unknown>) => {
        const it = known.get(key) ?? make()
        known.set(key, it)
        return it
      }
      return {
        decided: (door, status, code, millis) => {
          labelled(
            `${door} ${status} ${code}`,
            () => Metric.withAttributes(decisions, { door, status: String(status), code })
          ).updateUnsafe(1, context)
          seconds.updateUnsafe(millis / 1000, context)
        },
        relayed: (end) => {
          labelled(end, () => Metric.withAttributes(upstream, { end })).updateUnsafe(1, context)
        },
        inFlight: (count) => {
          inFlight.updateUnsafe(count, context)
        }
      }
    })
  )
}
