/**
 * What is written to sockets leaves together, when this turn of the event loop has looked at everything that came with
 * it.
 *
 * Deciding and writing share little of the processor's caches, and each write wakes whoever waits for it: decided one
 * after the other and then written one after the other, requests of one turn cost about half. A turn with one request
 * writes it as soon as it is decided: nothing waits for a clock.
 */

/** Something to write. */
export interface Parcel {
  /** Writes it; nothing, where nobody is left to read it. */
  readonly leave: () => void
  /** Ends its connection: it could not be written. */
  readonly abort: () => void
}

/** How many wait at most, so that the first of a long turn is not late by more than about a millisecond. */
const most = 32

let waiting: Array<Parcel> = []

/**
 * Writes all that waits now: before anything is written to a socket, or ended, past its responses (threat E10: no answer
 * may stand before an earlier one).
 */
export const leave = (): void => {
  const parcels = waiting
  waiting = []
  for (const parcel of parcels) {
    try {
      parcel.leave()
    } catch {
      // What cannot be written is the end of its own connection, not of those behind it, nor of the process.
      parcel.abort()
    }
  }
}

/** Has it written, at the latest at the end of this turn of the event loop. */
export const post = (parcel: Parcel): void => {
  const count = waiting.push(parcel)
  if (count === most) leave()
  else if (count === 1) setImmediate(leave)
}
