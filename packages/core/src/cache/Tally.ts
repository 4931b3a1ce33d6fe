/**
 * How often something was remembered and how often it was not, for whoever
 * shows it. Counting costs an addition.
 */
import * as Context from "effect/Context"

/** How often something was remembered, and how often it was not. */
export interface Tally {
  /** How often something was remembered. */
  hits: number
  /** How often it was not. */
  misses: number
}

/** Nothing was asked yet. */
export const makeTally = (): Tally => ({ hits: 0, misses: 0 })

/** Where the memories of verified tokens and of decisions count. */
export interface Tallies {
  /** Verified tokens. */
  readonly tokens: Tally
  /** Decisions. */
  readonly decisions: Tally
}

/** Counts that nobody looks at unless some are provided. */
export const Tallies = Context.Reference<Tallies>("@jotgate/core/Tallies", {
  defaultValue: () => ({ tokens: makeTally(), decisions: makeTally() })
})
