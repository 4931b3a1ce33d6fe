/**
 * The second tier of the cache in Redis, shared by all processes.
 *
 * A text is kept with its time to live in front of it, so that its age is known
 * without comparing clocks. What has no end, is too large, or claims to live
 * longer than it was given is not there (threat D10).
 */
import { CacheTier } from "@jotgate/core/Cache"
import { Effect, Layer } from "effect"
import { RedisClient } from "./RedisClient.ts"

const PREFIX = "jotgate:row:"

/** Longest text in characters; a longer one is neither written nor read. */
const LONGEST = 128 * 1024

const HEADER = /^(\d{1,12}) /

export const layer = Layer.effect(
  CacheTier,
  Effect.gen(function*() {
    const redis = yield* RedisClient
    return {
      get: (key) =>
        redis.use((client) =>
          Promise.all([client.getRange(`${PREFIX}${key}`, 0, LONGEST), client.pTTL(`${PREFIX}${key}`)])
        ).pipe(Effect.map((answer) => {
          if (answer === undefined) return undefined
          const [found, left] = answer
          const text = found ?? ""
          const header = HEADER.exec(text)
          const life = Number(header?.[1])
          if (header === null || text.length > LONGEST || left < 0 || left > life) return undefined
          return { text: text.slice(header[0].length), age: life - left }
        })),
      set: (key, text, life) => {
        const value = `${Math.ceil(life)} ${text}`
        return value.length > LONGEST
          ? Effect.void
          : Effect.asVoid(redis.use((client) => client.set(`${PREFIX}${key}`, value, { PX: Math.ceil(life) })))
      },
      remove: (keys) => Effect.asVoid(redis.use((client) => client.del(keys.map((key) => `${PREFIX}${key}`))))
    }
  })
)
