/** A region of a cache whose look-ups say what a test wants. */
import * as Effect from "effect/Effect"
import { Cache, type RegionOptions } from "../cache/Cache.ts"

/** How a look-up fails. */
export type Failure = "absent" | "down"

/** What a look-up says. */
export type Said = Effect.Effect<string, Failure>

/** A region over a script of outcomes, fresh for half a minute; `calls` lists the keys that were looked up. */
export const scripted = Effect.fnUntraced(function*(
  outcome: (key: string, call: number) => Said,
  options: Partial<RegionOptions<string, string, Failure>> = {}
) {
  const calls: Array<string> = []
  const region = yield* (yield* Cache).region<string, string, Failure>({
    name: "suite",
    capacity: 100,
    key: (key) => key,
    lookup: (key) =>
      Effect.suspend(() => {
        calls.push(key)
        return outcome(key, calls.length)
      }),
    timeToLive: (answer) => answer._tag === "Success" ? 30_000 : answer.error === "absent" ? 2_000 : 0,
    staleOnError: 60_000,
    isOutage: (error) => error === "down",
    ...options
  })
  return { region, calls }
})
