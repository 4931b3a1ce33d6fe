/**
 * When to read a file again: when it changes, also by being replaced, and when
 * the process is sent SIGHUP.
 *
 * The file is looked at, not subscribed to: file systems of containers tell of
 * a change in many ways, and some in none.
 */
import { Duration, Effect, FileSystem, Option, Queue, Schedule, Stream } from "effect"

/** How often the file is looked at. */
const interval = Duration.millis(500)

/** What a look at a file remembers; "" while it is not there. */
const signature = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.stat(file)).pipe(
    Effect.map(({ dev, ino, mtime, size }) =>
      [dev, Option.getOrElse(ino, () => 0), Option.match(mtime, { onNone: () => 0, onSome: Number }), size].join(" ")
    ),
    Effect.catchTag("PlatformError", () => Effect.succeed(""))
  )

/** One element for each reason to read `file` again. */
export const reloads = (file: string): Stream.Stream<"changed" | "SIGHUP", never, FileSystem.FileSystem> =>
  Stream.callback((queue) =>
    Effect.gen(function*() {
      const hangup = () => void Queue.offerUnsafe(queue, "SIGHUP")
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("SIGHUP", hangup)),
        () => Effect.sync(() => process.off("SIGHUP", hangup))
      )
      let known = yield* signature(file)
      const look = Effect.gen(function*() {
        const now = yield* signature(file)
        if (now === known) return
        known = now
        // A file that is being replaced is gone for a moment: what counts is what is there next.
        if (now !== "") yield* Queue.offer(queue, "changed")
      })
      return yield* Effect.repeat(look, Schedule.spaced(interval))
    })
  )
