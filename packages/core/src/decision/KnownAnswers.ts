/**
 * Answers that many questions share: each is remembered by the text that tells
 * its question apart, for as long as the same rows would be read again.
 *
 * Whoever asks makes the text of everything that the decision is given besides
 * rows of the directory; the rows are known by what was read (`Reads`). So an
 * answer is never given where another one would be decided.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ReadLog, Reads } from "../cache/Reads.ts"
import type { Now } from "../Trace.ts"

interface Known<A, E> {
  readonly answer: Exit.Exit<A, E>
  readonly reads: Reads
}

const isAtHand = <A, E>(answer: Effect.Effect<A, E>): answer is Exit.Exit<A, E> => Exit.isExit(answer)

/** Remembers answers, at most so many of them; without a log of what was read none. */
export class KnownAnswers<A, E> {
  readonly #log: ReadLog | undefined
  readonly #most: number
  readonly #known = new Map<string, Known<A, E>>()

  constructor(log: ReadLog | undefined, most: number) {
    this.#log = log
    this.#most = most
  }

  /** The answer that would be decided again. */
  recall(key: string, now: Now): Exit.Exit<A, E> | undefined {
    const known = this.#known.get(key)
    if (known === undefined) return undefined
    if (known.reads.stand(now)) return known.answer
    this.#known.delete(key)
    return undefined
  }

  /** Decides, and remembers an answer that was at hand. */
  decide(key: string, decide: () => Effect.Effect<A, E>): Effect.Effect<A, E> {
    if (this.#log === undefined) return decide()
    const [answer, reads] = this.#log.listen(decide)
    if (reads !== undefined && isAtHand(answer) && !Exit.hasDies(answer)) {
      const [oldest] = this.#known.size >= this.#most ? this.#known.keys() : []
      if (oldest !== undefined) this.#known.delete(oldest)
      this.#known.set(key, { answer, reads })
    }
    return answer
  }
}
