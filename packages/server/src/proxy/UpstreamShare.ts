/**
 * The part of `limits.inFlight` that the requests to one upstream may take.
 *
 * Half of the places are kept in equal parts for each upstream; the other half
 * is for whoever comes first. So an upstream that hangs fills its own part and
 * the common half, and the callers of every other one still have theirs.
 */

/** Places at one upstream. */
export interface UpstreamShare {
  /** Takes a place; `false` when there is none. */
  readonly enter: () => boolean
  /** Gives one place back. */
  readonly leave: () => void
  /** Places that are taken. */
  readonly taken: () => number
}

/** A share for each of `count` upstreams, of `places` in all. */
export const make = (count: number, places: number): ReadonlyArray<UpstreamShare> => {
  const own = count < 2 ? places : Math.max(1, Math.floor(places / (2 * count)))
  const common = count < 2 ? 0 : Math.max(0, places - own * count)
  let shared = 0
  return Array.from({ length: count }, (): UpstreamShare => {
    let taken = 0
    return {
      enter: () => {
        if (taken >= own) {
          if (shared >= common) return false
          shared++
        }
        taken++
        return true
      },
      leave: () => {
        if (taken > own) shared--
        taken--
      },
      taken: () => taken
    }
  })
}
