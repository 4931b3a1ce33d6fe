/**
 * How long something took, in buckets: adding costs a short walk, and the
 * registry of metrics reads it when it is asked.
 */
import type { Metric } from "effect"

export class Times {
  readonly #bounds: ReadonlyArray<number>
  readonly #counts: Float64Array
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  /** `bounds`: upper bounds in seconds, ascending. */
  constructor(bounds: ReadonlyArray<number>) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** Notes one, in seconds. */
  add(seconds: number): void {
    const bounds = this.#bounds
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
    const buckets = [...this.#bounds, Number.POSITIVE_INFINITY].map((bound, at): [number, number] => {
      below += this.#counts[at] ?? 0
      return [bound, below]
    })
    return { buckets, count: this.#count, min: this.#count === 0 ? 0 : this.#min, max: this.#max, sum: this.#sum }
  }
}
