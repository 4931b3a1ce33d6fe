/**
 * Walks a bounded map from its oldest entry on, round after round: to find what
 * goes, where each that it comes to goes or is put at the end, or to look at all.
 *
 * A new iterator of a `Map` steps over the places of everything that has been
 * deleted since the map was last laid out anew, so that looking for the oldest
 * entry with one costs the more the larger the map is. This one goes on where it
 * stopped. It holds what the map has left behind until it moves on: `rest` while
 * nothing has to go.
 */
export class Oldest<K, V> {
  readonly #entries: Map<K, V>
  #walk: MapIterator<[K, V]> | undefined

  constructor(entries: Map<K, V>) {
    this.#entries = entries
  }

  /** The next entry; `undefined` when the map is empty. */
  next(): [K, V] | undefined {
    const going = this.#walk?.next()
    if (going !== undefined && going.done !== true) return going.value
    this.#walk = this.#entries.entries()
    const first = this.#walk.next()
    return first.done === true ? undefined : first.value
  }

  /** Nothing has to go for now. */
  rest(): void {
    this.#walk = undefined
  }
}
