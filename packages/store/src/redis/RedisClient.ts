/**
 * A Redis that may be away at any time: it is never waited for, and never the
 * reason for a refusal.
 *
 * A call takes at most 50 ms. After five failures in a row the next five seconds
 * do without Redis. The connection is made and made again in the background.
 */
import * as Ticks from "@jotgate/core/Ticks"
import { Context, Deferred, Duration, Effect, Exit, Layer, Redacted } from "effect"
import type { createClient } from "redis"

/** How long one call may take. */
const PATIENCE = Duration.millis(50)
const FAILURES_TO_OPEN = 5
const OPEN_MILLIS = 5_000

/** So many calls' time the first connection is waited for: half a second. */
const FIRST = 10

const reconnect = (retries: number): number => Math.min(50 * 2 ** retries, 2_000) + Math.floor(Math.random() * 100)

/** The driver is loaded by those who name a Redis, and by nobody else; of CommonJS a bundle keeps `default` alone. */
const driver = Effect.promise(() => import("redis").then((it) => it.default))

const create = (make: typeof createClient, url: Redacted.Redacted) =>
  make({
    url: Redacted.value(url),
    // Otherwise calls wait for a Redis that is away, for ever.
    disableOfflineQueue: true,
    socket: { connectTimeout: 1_000, keepAlive: true, reconnectStrategy: reconnect }
  })

export type Client = ReturnType<typeof create>

export class RedisClient extends Context.Service<RedisClient, {
  /** The answer of one call, or `undefined` when there is none in time. */
  readonly use: <A>(call: (client: Client) => Promise<A>) => Effect.Effect<A | undefined>
  /** Calls `onMessage` with each message of a channel, and `onDoubt` when some may have been missed. */
  readonly subscribe: (
    channel: string,
    onMessage: (message: string) => void,
    onDoubt: () => void
  ) => Effect.Effect<void>
  readonly isConnected: () => boolean
  /** Waits for the first connection, but no longer than half a second. */
  readonly ready: Effect.Effect<void>
}>()("@jotgate/store/RedisClient") {
  /** `url`: `redis://` or `rediss://`, with a password when there is one; `patience`: how long one call may take. */
  static readonly layer = (url: Redacted.Redacted, patience: Duration.Duration = PATIENCE) =>
    Layer.effect(RedisClient, make(url, patience))
}

const connect = Effect.fnUntraced(function*(url: Redacted.Redacted) {
  const log = Effect.runForkWith(yield* Effect.context<never>())
  let down = false
  const client = create((yield* driver).createClient, url)
  client.on("error", (error: unknown) => {
    if (down) return
    down = true
    const reason = error instanceof Error && "code" in error ? String(error.code) : "connection lost"
    log(Effect.logWarning("Redis does not answer: rows are remembered in this process only", { reason }))
  })
  client.on("ready", () => {
    if (down) log(Effect.logInfo("Redis answers again"))
    down = false
  })
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      client.connect().catch(() => {})
    }),
    () => Effect.sync(() => client.destroy())
  )
  return client
})

/** Whoever put it far away is told: nothing else shows that nothing is shared. */
const tooLate = (patience: Duration.Duration) =>
  Effect.logWarning("Redis does not answer in time: rows are remembered in this process only", {
    reason: `no answer in ${Duration.toMillis(patience)} ms`
  })

const make = Effect.fnUntraced(function*(url: Redacted.Redacted, patience: Duration.Duration) {
  const client = yield* connect(url)
  const listener = yield* connect(url)
  const first = Deferred.makeUnsafe<void>()
  client.once("ready", () => Deferred.doneUnsafe(first, Effect.void))
  const startedAt = yield* Ticks.ticks
  const log = Effect.runForkWith(yield* Effect.context<never>())
  let failures = 0
  let openUntil = Number.NEGATIVE_INFINITY

  const use = <A>(call: (client: Client) => Promise<A>): Effect.Effect<A | undefined> =>
    Effect.clockWith((clock) => {
      if (!client.isReady || Ticks.fromClock(clock) < openUntil) return Effect.undefined
      return Effect.tryPromise({ try: () => call(client), catch: () => "failed" }).pipe(
        Effect.timeout(patience),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) {
              if (failures >= FAILURES_TO_OPEN) log(Effect.logInfo("Redis answers in time again"))
              failures = 0
            } else if (++failures >= FAILURES_TO_OPEN) {
              openUntil = Ticks.fromClock(clock) + OPEN_MILLIS
              // One that was cut off has said so already.
              if (failures === FAILURES_TO_OPEN && client.isReady) log(tooLate(patience))
            }
          })
        ),
        Effect.catch(() => Effect.undefined)
      )
    })

  return RedisClient.of({
    use,
    subscribe: (channel, onMessage, onDoubt) =>
      Effect.sync(() => {
        let heard = false
        listener.on("error", () => {
          if (heard) onDoubt()
          heard = false
        })
        // Subscribing is asked for at each new connection; what was said between two is lost.
        const subscribe = () =>
          listener.subscribe(channel, onMessage).then(() => {
            heard = true
            onDoubt()
          }, () => {})
        listener.on("ready", subscribe)
        if (listener.isReady) void subscribe()
      }),
    isConnected: () => client.isReady && listener.isReady,
    ready: Effect.gen(function*() {
      const left = startedAt + FIRST * Duration.toMillis(patience) - (yield* Ticks.ticks)
      if (left > 0) yield* Effect.timeoutOption(Deferred.await(first), left)
    })
  })
})
