/**
 * A worker's end of the channel to the owner.
 *
 * A worker whose owner is gone ends: its listeners were the owner's.
 */
import { Duration, Effect, type Scope } from "effect"
import { isToWorker, type ToOwner, type ToWorker } from "./Message.ts"
import { failure, type Held, type Share } from "./SharedFetch.ts"

export interface Channel {
  /** Sends one message; `done` when it has left the process. */
  readonly send: (message: ToOwner, done?: () => void) => void
  /** Calls `listener` with each message, until the scope closes. */
  readonly listen: (listener: (message: ToWorker) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Ends when everything that was sent has left the process, and closes the channel. */
  readonly close: Effect.Effect<void>
}

const ignore = (): void => {}

/** A message that means nothing: what was sent before it has left when it has. */
const last: ToOwner = { _tag: "Gone" }

/** The channel of this process; a message that cannot be sent any more is lost with its owner. */
export const ofProcess: Channel = {
  close: Effect.callback<void>((resume) =>
    ofProcess.send(last, () => {
      if (process.connected) process.disconnect()
      resume(Effect.void)
    })
  ),
  send: (message, done = ignore) => {
    if (!process.connected || process.send === undefined) return done()
    process.send(message, undefined, {}, done)
  },
  listen: (listener) =>
    Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => {
        const onMessage = (message: unknown) => {
          if (isToWorker(message)) listener(message)
        }
        process.on("message", onMessage)
        return onMessage
      }),
      (onMessage) => Effect.sync(() => process.off("message", onMessage))
    ))
}

/** How long an owner may take that asks within seconds itself; one that does not answer is stopped, or has gone. */
const patience = Duration.seconds(30)

/** Asks the owner for what all processes share. */
export const sharing = (channel: Channel): Effect.Effect<Share, never, Scope.Scope> =>
  Effect.gen(function*() {
    const waiting = new Map<number, (held: Held) => void>()
    let last = 0
    yield* channel.listen((message) => {
      if (message._tag !== "Fetched") return
      const resume = waiting.get(message.id)
      waiting.delete(message.id)
      resume?.({ at: message.at, fetched: message.fetched })
    })
    return (fetching, newerThan) =>
      Effect.callback<Held>((resume) => {
        const id = ++last
        waiting.set(id, (held) => resume(Effect.succeed(held)))
        channel.send({ _tag: "Fetch", id, newerThan, fetching })
        return Effect.sync(() => void waiting.delete(id))
      }).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.succeed(failure(newerThan, "timeout", "the owner of this process does not answer"))
        })
      )
  })
