/**
 * What processes share of their keys, in Redis: the sets they fetched, and the
 * fetches that tokens may cause in a minute.
 *
 * A text that is no saved set of this very source is not there, and the set in
 * it is checked like a fetched one by whoever loads it (threat D10). Who can
 * write to this Redis can plant keys, as it can plant rows. Without an answer in
 * time there is no set, and each process has its own budget.
 */
import { fleetBudget, KeyFleet } from "@jotgate/core/KeyFleet"
import { maxSaved, readSaved } from "@jotgate/core/SavedKeys"
import { Effect, Layer } from "effect"
import { createHash, randomUUID } from "node:crypto"
import { RedisClient } from "./RedisClient.ts"

/** Longest time that a set is of use, in milliseconds: the largest `keys.stale`. */
const LIFE = 7 * 86_400_000

/** Milliseconds in which the fetches of the fleet are counted. */
const MINUTE = 60_000

const digest = (...names: ReadonlyArray<string>): string =>
  createHash("sha256").update(JSON.stringify(names)).digest("base64url")

const setKey = (issuer: string, source: string): string => `jotgate:keys:${digest(issuer, source)}`
const budgetKey = (issuer: string): string => `jotgate:fetches:${digest(issuer)}`

/**
 * Takes one of the fetches of the last minute. Counted by the clock of Redis, so that processes need not agree on
 * theirs; one script, so that two processes cannot take the same.
 */
const TAKE = `
  local time = redis.call("TIME")
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[1])
  if redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
  redis.call("ZADD", KEYS[1], now, ARGV[3])
  redis.call("PEXPIRE", KEYS[1], ARGV[1])
  return 1`

export const layer = Layer.effect(
  KeyFleet,
  Effect.gen(function*() {
    const redis = yield* RedisClient
    return {
      load: Effect.fnUntraced(function*(issuer, source) {
        // A process that has just started is not connected yet.
        yield* redis.ready
        const text = yield* redis.use((client) => client.getRange(setKey(issuer, source), 0, maxSaved))
        return typeof text === "string" ? readSaved(text, issuer, source) : undefined
      }),
      save: (set) => {
        const text = JSON.stringify(set)
        return text.length > maxSaved
          ? Effect.void
          : Effect.asVoid(redis.use((client) => client.set(setKey(set.issuer, set.source), text, { PX: LIFE })))
      },
      remove: (issuer, source) => Effect.asVoid(redis.use((client) => client.del(setKey(issuer, source)))),
      take: (issuer) =>
        redis.use((client) =>
          client.eval(TAKE, { keys: [budgetKey(issuer)], arguments: [`${MINUTE}`, `${fleetBudget}`, randomUUID()] })
        ).pipe(Effect.map((answer) => answer !== 0))
    }
  })
)
