/**
 * Which calls may send their message now.
 *
 * The library puts a message together before anybody is asked about it. So that what it holds has a bound, whoever sends
 * it, only so many messages are read at once; a call beyond them waits, and what it sends waits in its connection.
 */

/** So many turns; who has none waits for one, in order. */
export class ReadingTurns {
  #left: number
  readonly #waiting = new Set<() => void>()

  /** `count`: how many may read at once. */
  constructor(count: number) {
    this.#left = count
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls `begin` once it is its turn, perhaps at once. The answer ends the turn, or the waiting; more than once is once. */
  take(begin: () => void): () => void {
    let isOver = false
    let hasTurn = false
    const start = () => {
      hasTurn = true
      begin()
    }
    if (this.#left > 0) {
      this.#left--
      start()
    } else this.#waiting.add(start)
    return () => {
      if (isOver) return
      isOver = true
      if (!hasTurn) {
        this.#waiting.delete(start)
        return
      }
      const [next] = this.#waiting
      if (next === undefined) this.#left++
      else {
        this.#waiting.delete(next)
        next()
      }
    }
  }
}
