/**
 * The figures of the doors: decisions by verdict, code, issuer and door, their
 * time, and how upstream calls ended and when they began to answer.
 *
 * Counting costs an addition: the figures are plain numbers, and the registry of
 * Effect's metrics, which `/metrics` prints, reads them when it is asked.
 */
import { Context, Effect, Layer, Metric } from "effect"
import { Times } from "./Times.ts"

const decisionCounter = Metric.counter("jotgate_decisions_total", {
  description: "Decisions by door, verdict, status, code and issuer.",
  incremental: true
})
const upstreamCounter = Metric.counter("jotgate_upstream_requests_total", {
  description: "Requests to upstreams by how they ended.",
  incremental: true
})
const defectCounter = Metric.counter("jotgate_defects_total", {
  description: "What should not have happened, by where it did; each ended one connection.",
  incremental: true
})
const heldGauge = Metric.gauge("jotgate_body_bytes_held", {
  description: "Bytes of request bodies that are held."
})
const inFlightGauge = Metric.gauge("jotgate_requests_in_flight", {
  description: "Requests that are being answered."
})

/** Upper bounds in seconds. */
const decisionBounds = [0.000_01, 0.000_1, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 3]
const decisionSeconds = Metric.histogram("jotgate_decision_seconds", {
  description: "Time that a decision took, without reading the body.",
  boundaries: decisionBounds
})
const firstByteBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const firstByteSeconds = Metric.histogram("jotgate_upstream_first_byte_seconds", {
  description: "From the sending of a request to the head of the upstream's answer.",
  boundaries: firstByteBounds
})

const ignore = (): void => {}

/** Where something went wrong that nobody expected. */
const places = [
  "request",
  "upgrade",
  "connect",
  "clientError",
  "listener",
  "body",
  "decision",
  "relay",
  "frames",
  "timer",
  "audit",
  "process"
] as const
export type Where = (typeof places)[number]

/** How a request to an upstream ends. */
export const relayEnds = ["done", "aborted", "unreachable", "timeout", "broken"] as const
export type RelayEnd = (typeof relayEnds)[number]

/**
 * What a log may hold of an error that nobody expected: its kind and where it was thrown. Its message may quote what a
 * caller sent.
 */
const traceOf = (error: unknown): { readonly kind: string; readonly stack: string } => {
  if (!(error instanceof Error)) return { kind: typeof error, stack: "" }
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : ""
  const frames = (error.stack ?? "").split("\n").filter((it) => /^\s+at /.test(it)).slice(0, 12)
  return { kind: `${error.name}${code}`, stack: frames.map((it) => it.trim()).join(" < ") }
}

/** Defects of a second that are logged; all are counted. */
const toldPerSecond = 20

/** What is counted of one decision. */
export interface Decided {
  readonly door: string
  readonly status: number
  /** "" for an allowed one. */
  readonly code: string
  /** The id of the issuer whose token was proven; "" when none was. */
  readonly issuer: string
}

/** A counter of one set of labels. */
interface Count {
  count: number
  readonly incremental: boolean
}

export class Telemetry extends Context.Service<Telemetry, {
  /** Counts one decision; `millis` the time that it took, `undefined` for an answer that needed none. */
  readonly decided: (it: Decided, millis: number | undefined) => void
  /** An upstream, as the settings name it, began to answer after so many milliseconds. */
  readonly firstByte: (upstream: string, millis: number) => void
  readonly relayed: (end: RelayEnd) => void
  /** Requests that stay, and bytes of their bodies. */
  readonly inFlight: (count: number, held: number) => void
  /** Counts and logs what nobody expected; `decision` is the id that the caller was told, if any. Never throws. */
  readonly defect: (where: Where, error: unknown, decision?: string) => void
  /** How often that happened. */
  readonly defects: () => number
}>()("@jotgate/server/Telemetry") {
  static readonly layer = Layer.effect(
    Telemetry,
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()

      const counting = (metric: Metric.Counter<number>, attributes: Readonly<Record<string, string>>): Count => {
        const count: Count = { count: 0, incremental: true }
        Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
          get: () => count,
          update: ignore,
          modify: ignore
        })
        return count
      }

      const decisions = new Map<string, Map<string, Map<string, Count>>>()
      // What is not there yet is 0: an alert on the first one would not see a counter that begins with 1.
      const counts = <A extends string>(keys: ReadonlyArray<A>, metric: Metric.Counter<number>, label: string) =>
        new Map<A, Count>(keys.map((it) => [it, counting(metric, { [label]: it })]))
      const relays = counts(relayEnds, upstreamCounter, "end")
      const of = <A>(counts: Map<string, A>, key: string, make: () => A): A => {
        const known = counts.get(key)
        if (known !== undefined) return known
        const made = make()
        counts.set(key, made)
        return made
      }
      const nested = <A>() => new Map<string, A>()

      const times = new Times(decisionBounds)
      Metric.registerUnsafe(decisionSeconds, context, { get: () => times.state(), update: ignore, modify: ignore })
      const firstBytes = new Map<string, Times>()
      let running = 0
      let held = 0
      Metric.registerUnsafe(inFlightGauge, context, { get: () => ({ value: running }), update: ignore, modify: ignore })
      Metric.registerUnsafe(heldGauge, context, { get: () => ({ value: held }), update: ignore, modify: ignore })

      const run = Effect.runForkWith(context)
      const crashes = counts(places, defectCounter, "where")
      let defects = 0
      let second = 0
      let told = 0

      return {
        decided: ({ code, door, issuer, status }, millis) => {
          const ofIssuer = of(of(decisions, door, () => nested<Map<string, Count>>()), issuer, () => nested<Count>())
          const verdict = code === "" ? "allow" : "deny"
          of(ofIssuer, code, () => counting(decisionCounter, { door, verdict, status: String(status), code, issuer }))
            .count++
          if (millis !== undefined) times.add(millis / 1000)
        },
        firstByte: (upstream, millis) =>
          of(firstBytes, upstream, () => {
            const made = new Times(firstByteBounds)
            Metric.registerUnsafe(Metric.withAttributes(firstByteSeconds, { upstream }), context, {
              get: () => made.state(),
              update: ignore,
              modify: ignore
            })
            return made
          }).add(millis / 1000),
        relayed: (end) => {
          const count = relays.get(end)
          if (count !== undefined) count.count++
        },
        inFlight: (count, bytes) => {
          running = count
          held = bytes
        },
        defect: (where, error, decision) => {
          defects++
          const count = crashes.get(where)
          if (count !== undefined) count.count++
          const now = Math.floor(performance.now() / 1000)
          if (now !== second) {
            second = now
            told = 0
          }
          if (++told > toldPerSecond) return
          run(Effect.logError("something went wrong that nobody expected", {
            where,
            ...(decision === undefined ? {} : { decision }),
            ...traceOf(error)
          }))
        },
        defects: () => defects
      }
    })
  )
}
