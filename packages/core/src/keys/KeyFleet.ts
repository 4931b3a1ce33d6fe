/**
 * What the processes of one fleet share about the keys of issuers: the sets they
 * fetched, and how often tokens may make them fetch.
 *
 * A process that starts while an issuer is down uses a set that another one
 * saved; a flood of invented keys that is spread over the fleet does not cost
 * the issuer its share of fetches times the number of processes (threat C01).
 * Nothing rests on it: without an answer each process goes by its own sets and
 * its own budget.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SavedSet } from "./SavedKeys.ts"

/** Fetches that tokens of one issuer may cause in a minute, all processes together. */
export const fleetBudget = 4

export interface KeyFleet {
  /** The set of one source that some process saved last; `undefined` when there is none, or no answer. */
  readonly load: (issuer: string, source: string) => Effect.Effect<SavedSet | undefined>
  /** Offers a set that was fetched. */
  readonly save: (set: SavedSet) => Effect.Effect<void>
  /** Withdraws the set of one source. */
  readonly remove: (issuer: string, source: string) => Effect.Effect<void>
  /** Whether a token of this issuer (by `id`) may cause a fetch now; if so, it counts for the fleet. */
  readonly take: (issuer: string) => Effect.Effect<boolean>
}

const alone: KeyFleet = {
  load: () => Effect.undefined,
  save: () => Effect.void,
  remove: () => Effect.void,
  take: () => Effect.succeed(true)
}

/** A process is alone unless a store that processes share provides it. */
export const KeyFleet = Context.Reference<KeyFleet>("@jotgate/core/KeyFleet", { defaultValue: () => alone })
