/**
 * What one turn of the event loop brings is read first, then decided, then written, each for all its requests together.
 *
 * Reading, deciding and writing share little of the processor's caches, and each write wakes whoever waits for it: done
 * one request after the other they cost about twice as much. A turn with one request decides and writes it as soon as it
 * is read: nothing waits for a clock.
 */

/** Something to do at the end of a turn. */
export interface Part {
  /** Does it; nothing, where nobody is left who waits for it. */
  readonly run: () => void
  /** Ends its connection: it threw. */
  readonly abort: () => void
}

/** How many wait at most, so that the first of a long turn is not late by more than about a millisecond. */
const most = 32

/** Parts that wait, in the order in which they came. */
class Waiting {
  #parts: Array<Part> = []
  #next = 0

  /** How many there are with this one. */
  add(part: Part): number {
    return this.#parts.push(part) - this.#next
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#next === this.#parts.length
  }

  /** Runs all of them; one that does so as well goes on where this one is, so that none overtakes another. */
  run(): void {
    for (let part = this.#parts[this.#next]; part !== undefined; part = this.#parts[this.#next]) {
      this.#next++
      try {
        part.run()
      } catch {
        // What cannot be done is the end of its own connection, not of those behind it, nor of the process.
        part.abort()
      }
    }
    this.#parts = []
    this.#next = 0
  }
}

const undecided = new Waiting()
const unwritten = new Waiting()

let due: NodeJS.Immediate | undefined

const leave = (): void => {
  unwritten.run()
  // What was added meanwhile is done: an event loop that has nothing to do may rest.
  if (!undecided.isEmpty) return
  clearImmediate(due)
  due = undefined
}

/**
 * Decides and writes all that waits now: before anything is written to a socket, or ended, past its responses (threat
 * E10: no answer may stand before an earlier one).
 */
export const end = (): void => {
  due = undefined
  undecided.run()
  leave()
}

/**
 * The end of a turn. A body that came with its head is read in two rounds of ticks after somebody asks for it: what is
 * decided about it is written with the rest, and before anybody hears that its caller has ended the connection.
 */
const last = (): void => {
  due = undefined
  if (undecided.isEmpty) return leave()
  undecided.run()
  process.nextTick(process.nextTick, leave)
}

const wait = (count: number): void => {
  if (count >= most) end()
  else due ??= setImmediate(last)
}

/** Has something decided, at the latest at the end of this turn. */
export const decide = (part: Part): void => wait(undecided.add(part))

/** Has something written, at the latest at the end of this turn, after what is decided then. */
export const write = (part: Part): void => wait(unwritten.add(part))
