/**
 * When keys are fetched: the life of a set, the pauses of an outage, and how
 * often a token may cause a fetch (threats C01, C02).
 *
 * Tokens cause at most two fetches in any minute, and all fetches of a source
 * together are at most three (ten in the first minute of an outage). The third
 * after two must be half a minute after the first of them, so that no pause is
 * longer than 30 s: a flood of invented keys cannot keep a new one waiting longer.
 * One stray token is no flood: once in five minutes that spacing is waived.
 */

/** A minute in which fetches are counted, a little long: what leaves us evenly spaced may arrive closer together. */
const minute = 60_100

/** Pauses of an outage in milliseconds; the last one repeats. */
const pauses = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000]

/** Pause after so many failures in a row, shortened by up to a fifth; `chance` from 0 to 1. */
export const pauseAfter = (failures: number, chance: number): number =>
  (pauses[Math.min(failures, pauses.length) - 1] ?? 1_000) * (1 - 0.2 * chance)

/** Life of a set in milliseconds: the configured one, moved by `max-age` between 60 s and 15 min. */
export const lifeOf = (cacheControl: string | undefined, configured: number): number => {
  if (cacheControl === undefined || /(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])/i.test(cacheControl)) return configured
  const maxAge = /(?:^|[\s,])max-age="?(\d+)"?(?:$|[\s,])/i.exec(cacheControl)?.[1]
  return maxAge === undefined ? configured : Math.min(Math.max(Number(maxAge) * 1_000, 60_000), 900_000)
}

/** When a set is fetched anew: at 80 % of its life, give or take a tenth. */
export const refreshAfter = (life: number, chance: number): number => life * 0.8 * (0.9 + 0.2 * chance)

/** Counts the fetches of one source, whatever caused them. Times are ticks. */
export interface Window {
  readonly add: (at: number) => void
  /** The first moment from `at` on when another fetch keeps the limit: 3 in any minute, 10 in the first of an outage. */
  readonly next: (at: number, outageSince: number | undefined) => number
  /** The first moment from `at` on when another fetch leaves no pause of more than 30 s after it. */
  readonly spaced: (at: number) => number
}

/** An empty window. */
export const makeWindow = (): Window => {
  let starts: ReadonlyArray<number> = []
  return {
    add: (at) => {
      starts = [...starts.filter((start) => at - start < minute), at]
    },
    next: (at, outageSince) => {
      const limit = outageSince !== undefined && at - outageSince < minute ? 10 : 3
      const recent = starts.filter((start) => at - start < minute)
      const oldest = recent.at(-limit)
      return recent.length < limit || oldest === undefined ? at : oldest + minute
    },
    spaced: (at) => Math.max(at, (starts.at(-2) ?? -Infinity) + minute / 2, (starts.at(-3) ?? -Infinity) + minute)
  }
}

/** The fetches that tokens of one issuer may cause. Times are ticks. */
export interface KeyBudget {
  /**
   * Whether a token with this unknown key may cause a fetch now; if so, it
   * counts. `spaced`: the fetch would leave no long pause after it.
   */
  readonly take: (at: number, key: string, spaced: boolean) => boolean
  /** Says whether the fetch taken last brought the key that it was made for. */
  readonly settle: (found: boolean) => void
}

/** An unused budget. */
export const make = (): KeyBudget => {
  let taken: ReadonlyArray<number> = []
  let found = false
  let waivedAt = -Infinity
  // Unknown keys refused since the last fetch; four are a flood already, so no more are held.
  const refused = new Set<string>()

  const isCalm = (at: number): boolean =>
    refused.size < 4 && (found || at - (taken.at(-1) ?? -Infinity) >= 500) && at - waivedAt >= 300_000

  return {
    take: (at, key, spaced) => {
      const recent = taken.filter((it) => at - it < minute)
      if (recent.length >= 2 || !(spaced || isCalm(at))) {
        if (refused.size < 4) refused.add(key)
        return false
      }
      if (!spaced) waivedAt = at
      taken = [...recent, at]
      found = false
      refused.clear()
      return true
    },
    settle: (it) => {
      found = it
    }
  }
}
