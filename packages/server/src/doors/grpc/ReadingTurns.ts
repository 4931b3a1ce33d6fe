/**
 * Which calls may send their message now.
 *
 * The library puts a message together before anybody is asked about it. So that what it holds has a bound, whoever sends
 * it, only so many messages are read at once; a call beyond them waits, and what it sends waits in its connection. Turns go
 * from connection to connection: calls that never send theirs keep those of their own connection waiting, not all others.
 */

/** Calls that wait for their turn. */
const mostWaiting = 10_000

const nothing = (): void => {}

/** So many turns; who has none waits for one, in order of the connections, and of the calls of each. */
export class ReadingTurns {
  #left: number
  readonly #patience: number
  #count = 0
  /** Who waits, by connection; that whose turn it is comes first. */
  readonly #waiting = new Map<string, Set<() => void>>()

  /** `count`: how many may read at once; `patience`: how long a message may take to come, in milliseconds. */
  constructor(count: number, patience: number) {
    this.#left = count
    this.#patience = patience
  }

  /** How many wait. */
  get waiting(): number {
    return this.#count
  }

  /**
   * Has a message of a connection read: `begin` is called when it is its turn, `giveUp` when it does not come, or when too many wait. The
   * answer is called when it is there, or nobody waits for it.
   */
  read(connection: string, begin: () => void, giveUp: () => void): () => void {
    if (this.waiting >= mostWaiting) {
      giveUp()
      return nothing
    }
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    // What has arrived is read before the message is called late.
    const late = () => void setImmediate(() => isOver || giveUp())
    const leave = this.take(connection, () => {
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
  take(connection: string, begin: () => void): () => void {
    let isOver = false
    let hasTurn = false
    const start = () => {
      hasTurn = true
      begin()
    }
    if (this.#left > 0) {
      this.#left--
      start()
    } else this.#wait(connection, start)
    return () => {
      if (isOver) return
      isOver = true
      if (hasTurn) this.#next()
      else this.#leave(connection, start)
    }
  }

  #wait(connection: string, start: () => void): void {
    const waiting = this.#waiting.get(connection)
    if (waiting === undefined) this.#waiting.set(connection, new Set([start]))
    else waiting.add(start)
    this.#count++
  }

  #leave(connection: string, start: () => void): void {
    const waiting = this.#waiting.get(connection)
    if (waiting?.delete(start) !== true) return
    this.#count--
    if (waiting.size === 0) this.#waiting.delete(connection)
  }

  /** A turn is free: that of the next connection. */
  #next(): void {
    const [first] = this.#waiting
    if (first === undefined) {
      this.#left++
      return
    }
    const [connection, waiting] = first
    const [start] = waiting
    this.#waiting.delete(connection)
    if (start === undefined) return this.#next()
    waiting.delete(start)
    this.#count--
    if (waiting.size > 0) this.#waiting.set(connection, waiting)
    start()
  }
}
