/**
 * The figures of the doors: decisions by code, their time, and how upstream
 * calls ended.
 *
 * Counting costs an addition: the figures are plain numbers, and the registry of
 * Effect's metrics, which `/metrics` prints, reads them when it is asked.
 */
import { Context, Effect, Layer, Metric } from "effect"

const decisionCounter = Metric.counter("jotgate_decisions_total", {
  description: "Decisions by door, status and code.",
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
const bounds = [0.000_01, 0.000_1, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 3]
const decisionSeconds = Metric.histogram("jotgate_decision_seconds", {
  description: "Time that a decision took, without reading the body.",
  boundaries: bounds
})

/** How long decisions took. */
class Times {
  readonly #counts = new Float64Array(bounds.length + 1)
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  add(seconds: number): void {
    let at = 0
    while (at < bounds.length && seconds > (bounds[at] ?? 0)) at++
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#count++
    this.#sum += seconds
    if (seconds < this.#min) this.#min = seconds
    if (seconds > this.#max) this.#max = seconds
  }

  state(): Metric.HistogramState {
    let below = 0
    const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, at): [number, number] => {
      below += this.#counts[at] ?? 0
      return [bound, below]
    })
    return { buckets, count: this.#count, min: this.#count === 0 ? 0 : this.#min, max: this.#max, sum: this.#sum }
  }
}

const ignore = (): void => {}

/** Where something went wrong that nobody expected. */
export type Where =
  | "request"
  | "upgrade"
  | "connect"
  | "clientError"
  | "listener"
  | "body"
  | "decision"
  | "relay"
  | "frames"
  | "timer"
  | "audit"
  | "process"

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

/** A counter of one set of labels. */
interface Count {
  count: number
  readonly incremental: boolean
}

export class Telemetry extends Context.Service<Telemetry, {
  /** Counts one decision; `code` is "" for an allowed one, `millis` the time that it took. */
  readonly decided: (door: string, status: number, code: string, millis: number) => void
  readonly relayed: (end: string) => void
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

      const allowed = new Map<string, Count>()
      const denied = new Map<string, Count>()
      const relays = new Map<string, Count>()
      const of = (counts: Map<string, Count>, key: string, make: () => Count): Count => {
        const known = counts.get(key)
        if (known !== undefined) return known
        const made = make()
        counts.set(key, made)
        return made
      }

      const times = new Times()
      Metric.registerUnsafe(decisionSeconds, context, { get: () => times.state(), update: ignore, modify: ignore })
      let running = 0
      let held = 0
      Metric.registerUnsafe(inFlightGauge, context, { get: () => ({ value: running }), update: ignore, modify: ignore })
      Metric.registerUnsafe(heldGauge, context, { get: () => ({ value: held }), update: ignore, modify: ignore })

      const run = Effect.runForkWith(context)
      const crashes = new Map<string, Count>()
      let defects = 0
      let second = 0
      let told = 0

      return {
        decided: (door, status, code, millis) => {
          const count = code === ""
            ? of(allowed, door, () => counting(decisionCounter, { door, status: "200", code: "" }))
            : of(denied, `${door} ${code}`, () => counting(decisionCounter, { door, status: String(status), code }))
          count.count++
          times.add(millis / 1000)
        },
        relayed: (end) => {
          of(relays, end, () => counting(upstreamCounter, { end })).count++
        },
        inFlight: (count, bytes) => {
          running = count
          held = bytes
        },
        defect: (where, error, decision) => {
          defects++
          of(crashes, where, () => counting(defectCounter, { where })).count++
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
