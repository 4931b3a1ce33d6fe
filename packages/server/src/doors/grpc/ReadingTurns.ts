/**
 * Which calls may send their message now.
 *
 * The library puts a message together before anybody is asked about it. So that what it holds has a bound, whoever sends
 * it, only so many messages are read at once; a call beyond them waits, and what it sends waits in its connection.
 */

/** Calls that wait for their turn. */
const mostWaiting = 10_000

const nothing = (): void => {}

/** So many turns; who has none waits for one, in order. */
export class ReadingTurns {
  #left: number
  readonly #patience: number
  readonly #waiting = new Set<() => void>()

  /** `count`: how many may read at once; `patience`: how long a message may take to come, in milliseconds. */
  constructor(count: number, patience: number) {
    this.#left = count
    this.#patience = patience
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Has a message read: `begin` is called when it is its turn, `giveUp` when it does not come, or when too many wait. The
   * answer is called when it is there, or nobody waits for it.
   */
  read(begin: () => void, giveUp: () => void): () => void {
    if (this.waiting >= mostWaiting) {
      giveUp()
      return nothing
    }
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    // What has arrived is read before the message is called late.
    const late = () => void setImmediate(() => isOver || giveUp())
    const leave = this.take(() => {
      timer = setTimeout(late, this.#patience)
      begin()
    })
    return () => {
      isOver = true
      clearTimeout(timer)
      leave()
    }
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
