/**
 * What several processes share through one Redis: the second tier of the cache,
 * news of changes, and the budget of key fetches. Loaded by those who name a
 * Redis; nobody else holds its driver.
 */
import { Cache } from "@jotgate/core/Cache"
import { Layer, type Redacted } from "effect"
import { RedisClient } from "./RedisClient.ts"
import * as RedisForgetting from "./RedisForgetting.ts"
import * as RedisKeyFleet from "./RedisKeyFleet.ts"
import * as RedisTier from "./RedisTier.ts"

/** The three over one connection; `url` is that of `cache.redis`. */
export const make = (url: Redacted.Redacted) => {
  const client = RedisClient.layer(url)
  return {
    memory: Cache.layer.pipe(Layer.provide(RedisTier.layer.pipe(Layer.provide(client)))),
    joined: RedisForgetting.layer.pipe(Layer.provide(client)),
    fleet: RedisKeyFleet.layer.pipe(Layer.provide(client))
  }
}
