/**
 * When a database was last heard of, and how long it may be silent.
 *
 * Whoever waits for one of its connections is in our own queue and waits as long
 * as others are answered; a look-up that has one is late when nobody was
 * answered meanwhile. Right after a start, and after connections were lost, new
 * ones are made, and whatever is asked first of a new one takes longer than all
 * that follows: neither says that the database is away. One that is far away is
 * known by its quickest answer.
 */
import * as Ticks from "@jotgate/core/Ticks"
import { Duration, Effect } from "effect"
import { onceBegun, sleep } from "./Deadline.ts"

/** So many statements work may be, one after the other. */
const SEVERAL = 20

/** How long nothing may be heard, in milliseconds. */
export interface Patience {
  /** By a look-up that was sent, to a database that is near. */
  readonly lookup: number
  /** By whoever waits for a connection, and by a look-up of a connection that is new; no look-up takes longer. */
  readonly longest: number
  /** So long connections may take to be made. */
  readonly connecting: number
}

export class Pulse {
  #heardAt = Number.NEGATIVE_INFINITY
  /** Milliseconds of the quickest answer of these connections. */
  #quickest = Number.POSITIVE_INFINITY
  /** Until then connections are new. */
  #newUntil: number
  readonly #patience: Patience
  readonly #waiting = new Set<() => void>()

  constructor(patience: Patience, startedAt: number) {
    this.#patience = patience
    this.#newUntil = startedAt + patience.connecting
  }

  /** It answered somebody. */
  heard(ticks: number): void {
    this.#heardAt = ticks
  }

  /** A look-up was answered in `took` milliseconds. */
  answered(ticks: number, took: number): void {
    this.heard(ticks)
    if (took < this.#quickest) this.#quickest = took
  }

  /** It answers again, and this is how long it takes now. */
  isBack(ticks: number, took: number): void {
    this.#quickest = took
    this.heard(ticks)
  }

  /** How long a look-up has, in milliseconds. */
  get deadline(): number {
    return Math.min(this.#patience.longest, this.#patience.lookup + 2 * this.#quickest)
  }

  /** How long some statements one after the other take at most, in milliseconds, as far as that is known. */
  get #statements(): number {
    return Number.isFinite(this.#quickest) ? SEVERAL * this.#quickest : 0
  }

  /** A connection was lost. */
  lost(ticks: number): void {
    this.#quickest = Number.POSITIVE_INFINITY
    this.#newUntil = ticks + this.#patience.connecting
  }

  /** It is known to be away: nobody waits for a connection any longer. */
  stop(): void {
    for (const giveUp of Array.from(this.#waiting)) giveUp()
  }

  readonly #stopped = Effect.callback<void>((resume) => {
    const giveUp = () => resume(Effect.void)
    this.#waiting.add(giveUp)
    return Effect.sync(() => void this.#waiting.delete(giveUp))
  })

  /** Ends when the moment has come that `end` says, asked again whenever it seems to have come. */
  #at(end: (from: number) => number): Effect.Effect<void> {
    // Without a generator: every look-up starts one of these.
    const rest = (from: number): Effect.Effect<void> =>
      Effect.clockWith((clock) => {
        const left = end(from) - Ticks.fromClock(clock)
        return left <= 0 ? Effect.void : Effect.andThen(sleep(Duration.millis(left)), Effect.suspend(() => rest(from)))
      })
    return Effect.clockWith((clock) => rest(Ticks.fromClock(clock)))
  }

  /** Ends when nothing was heard for too long, counted from now, or when it is known to be away. */
  readonly silence: Effect.Effect<void> = Effect.raceFirst(
    this.#at((from) => Math.max(this.#newUntil, Math.max(from, this.#heardAt) + this.#patience.longest)),
    this.#stopped
  )

  /** Ends when a look-up that is sent now is late. */
  readonly overdue: Effect.Effect<void> = this.#at((from) => {
    const { longest } = this.#patience
    return from < this.#newUntil
      ? from + longest
      : Math.min(from + longest, Math.max(from, this.#heardAt) + this.deadline)
  })

  /** The outcome of work on one of its connections, which says when it has begun: the deadline counts from there, and is later when the database is far away. */
  readonly within = <A, E, B, E2>(
    work: (begun: Effect.Effect<void>) => Effect.Effect<A, E>,
    deadline: Duration.Duration,
    late: () => Effect.Effect<B, E2>
  ): Effect.Effect<A | B, E | E2> =>
    onceBegun(
      (begun) => Effect.tap(work(begun), () => Effect.map(Ticks.ticks, (ticks) => this.heard(ticks))),
      {
        overdue: Effect.suspend(() => sleep(Duration.millis(Math.max(Duration.toMillis(deadline), this.#statements)))),
        late,
        silence: this.silence
      }
    )
}
