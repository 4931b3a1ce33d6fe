/**
 * Forgetting through Redis as well as through the database: a change of this
 * process is published once it is committed, and what others publish is heard.
 */
import { Effect, Layer } from "effect"
import * as Change from "../remember/Change.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import { RedisClient } from "./RedisClient.ts"

const CHANNEL = "jotgate:changes"

/** Joins the forgetting of a store with that of Redis. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const forgetting = yield* Forgetting
  const redis = yield* RedisClient
  const run = Effect.runForkWith(yield* Effect.context<never>())
  forgetting.addWay(redis.isConnected)
  yield* redis.subscribe(
    CHANNEL,
    (message) => forgetting.hear(Change.decode(message)),
    () => forgetting.hear(Change.unsure)
  )
  yield* forgetting.listen((change, here) => {
    if (here) run(redis.use((client) => client.publish(CHANNEL, Change.encode(change, forgetting.self))))
  })
}))
