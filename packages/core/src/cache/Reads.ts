/**
 * Which remembered answers a run read, so that what follows from them may be
 * remembered too.
 *
 * The memory tier reports each answer that it gives, and each question that it
 * could not answer: for whoever asks nothing but the regions of one cache the
 * list is complete by construction. It stands while every one of its answers
 * would be given again: none was forgotten, replaced, or is past its time. As
 * long as nothing was forgotten anywhere and the shortest-lived of them is
 * fresh, that is known without a look at any of them.
 *
 * The time of an answer counts from when it was last known to be true: from its
 * look-up, or from the latest moment at which whoever was asked says that
 * nothing has changed since.
 */
import type { Now } from "../Trace.ts"

/** A span of time in which nothing was written that an answer could rest on, in monotonic milliseconds. */
export interface Unchanged {
  /** Answers that were looked up earlier may rest on what is no longer true. */
  readonly since: number
  /** The last moment of which it is known. */
  readonly until: number
}

/** An entry of the memory tier; times in monotonic milliseconds. */
export interface Kept {
  /** `undefined` once it is forgotten. */
  answer: unknown
  /** Until when it is given without a look. */
  freshUntil: number
  /** How much longer it serves while nobody answers. */
  staleUntil: number
  /** How long it is fresh once it is known to be true; not a number where only a look-up can tell. */
  life: number
  /** Whether it was of use since the last round of eviction. */
  used: boolean
  /** When nothing was written, where that can be told. */
  readonly unchanged: (() => Unchanged) | undefined
}

/** An entry past its time is as good as new when nothing was written since it was looked up. */
const renew = (entry: Kept, ticks: number): boolean => {
  const span = entry.unchanged?.()
  if (span === undefined || !(entry.freshUntil - entry.life >= span.since)) return false
  const until = span.until + entry.life
  if (!(ticks < until)) return false
  entry.staleUntil += until - entry.freshUntil
  entry.freshUntil = until
  return true
}

/** Whether an answer that is there may be given as it is. */
export const isFresh = (entry: Kept, ticks: number): boolean => ticks < entry.freshUntil || renew(entry, ticks)

/** The answers that one run read. */
export class Reads {
  readonly #log: ReadLog
  readonly #entries: Array<Kept> = []
  readonly #answers: Array<unknown> = []
  /** When all of them were last looked at, and until when, in monotonic milliseconds, they are fresh. */
  #epoch = -1
  #until = Number.NEGATIVE_INFINITY

  constructor(log: ReadLog) {
    this.#log = log
  }

  /** Notes an answer that was read. */
  add(entry: Kept): void {
    this.#entries.push(entry)
    this.#answers.push(entry.answer)
  }

  /** Whether the same questions would get the same answers from memory now. */
  stand({ ticks }: Now): boolean {
    const { epoch } = this.#log
    if (epoch === this.#epoch && ticks < this.#until) return true
    const answers = this.#answers
    let until = Number.POSITIVE_INFINITY
    for (let i = 0; i < answers.length; i++) {
      const entry = this.#entries[i]
      if (entry === undefined || entry.answer !== answers[i] || !isFresh(entry, ticks)) return false
      entry.used = true
      if (entry.freshUntil < until) until = entry.freshUntil
    }
    this.#epoch = epoch
    this.#until = until
    return true
  }
}

/** Where the regions of one cache report to. Nobody listens unless `listen` is running. */
export class ReadLog {
  #reads: Reads | undefined
  #epoch = 0

  /** How often an answer that was still fresh ceased to be one, or had to be of use anew not to be evicted. */
  get epoch(): number {
    return this.#epoch
  }

  /** An answer that was still fresh is one no longer, or counts as unused. */
  changed(): void {
    this.#epoch++
  }

  /** An answer was given from memory. */
  hit(entry: Kept): void {
    this.#reads?.add(entry)
  }

  /** An answer was not in memory: what follows rests on more than was read there. */
  miss(): void {
    this.#reads = undefined
  }

  /** Runs something synchronous; answers with what it read, or with nothing when memory did not know everything. */
  listen<A>(run: () => A): readonly [result: A, reads: Reads | undefined] {
    this.#reads = new Reads(this)
    try {
      const result = run()
      return [result, this.#reads]
    } finally {
      this.#reads = undefined
    }
  }
}
