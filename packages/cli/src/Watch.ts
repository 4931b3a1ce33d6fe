/**
 * When to read files again: when one of them changes, also by being replaced.
 *
 * The files are looked at, not subscribed to: file systems of containers tell of
 * a change in many ways, and some in none. A file that another one has taken the
 * place of is whole, and is read at once; one that is written in place is read
 * when it has not changed for two seconds, so that half of it is never taken for
 * the whole. One that is gone for as long is read too: somebody has to be told.
 */
import { Duration, Effect, Queue, Schedule, Stream } from "effect"
import { stat } from "node:fs/promises"

/** How often the files are looked at. */
const interval = Duration.millis(250)
/** How long a file that is written in place must have been left alone, and how long one may be gone, in milliseconds. */
const settled = 2_000

/** What a look at a file remembers: which file it is, and what state it is in; "" while it is not there. */
const look = async (file: string): Promise<readonly [which: string, state: string]> => {
  try {
    const { ctimeNs, dev, ino, mtimeNs, size } = await stat(file, { bigint: true })
    return [`${dev} ${ino}`, `${mtimeNs} ${ctimeNs} ${size}`]
  } catch {
    return ["", ""]
  }
}

/** How files are. */
type Seen = ReadonlyMap<string, readonly [which: string, state: string]>

/** Looks at files: before they are read, so that no change after that is missed. */
export const seen = (files: ReadonlyArray<string>): Effect.Effect<Seen> =>
  Effect.promise(async () => new Map(await Promise.all(files.map(async (it) => [it, await look(it)] as const))))

const whichOf = (it: Seen): string => [...it.values()].map(([which]) => which).join("\n")
const stateOf = (it: Seen): string => [...it].map(([file, [which, state]]) => `${file} ${which} ${state}`).join("\n")
const isThere = (it: Seen): boolean => [...it.values()].every(([which]) => which !== "")

/**
 * One element for each time to read `files` again because they have changed; which files these are may change meanwhile.
 * `before` is how they were when they were read.
 */
export const changes = (files: () => ReadonlyArray<string>, before: Seen): Stream.Stream<"changed"> =>
  Stream.callback((queue) =>
    Effect.gen(function*() {
      const all = Effect.suspend(() => seen(files()))
      const first = yield* all
      let known: Seen = new Map([...first].map(([file, it]) => [file, before.get(file) ?? it]))
      let last = first
      let since = performance.now()
      let isReplaced = whichOf(first) !== whichOf(known)
      const step = Effect.gen(function*() {
        const now = yield* all
        if (stateOf(now) !== stateOf(last)) {
          // What is written into the new file makes it one that is written in place.
          isReplaced = whichOf(now) !== whichOf(last)
          since = performance.now()
          last = now
          return
        }
        if (stateOf(now) === stateOf(known)) return
        // A file that is being replaced is gone for a moment: what counts is what is there next.
        if (!(isReplaced && isThere(now)) && performance.now() - since < settled) return
        known = now
        yield* Queue.offer(queue, "changed")
      })
      return yield* Effect.repeat(step, Schedule.spaced(interval))
    })
  )
