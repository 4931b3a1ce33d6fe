/**
 * Reads files that something else may put in place at any time.
 *
 * What is no regular file is refused by what was opened, not by its name: a pipe that nobody writes would be waited for
 * without end, with one of the few threads that Node reads files by, and a device has no end at all.
 */
import { Effect } from "effect"
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"

/** The code of the system, or of a reading that was refused here. */
const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "cannot be read"

/** Opens without waiting for anybody. */
const opened = <A>(path: string, use: (file: FileHandle) => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      if (!(await file.stat()).isFile()) throw Object.assign(new Error(), { code: "no regular file" })
      return await use(file)
    },
    catch: codeOf
  })

/** Everything that is in it; fails with a word for the operator, such as `ENOENT` or `no regular file`. */
export const read = (path: string, mostBytes = Number.POSITIVE_INFINITY): Effect.Effect<Uint8Array, string> =>
  Effect.flatMap(
    opened(path, (file) => file.readFile()),
    (bytes) => bytes.byteLength > mostBytes ? Effect.fail("EFBIG") : Effect.succeed(bytes)
  )

/** Fails with the same words where it could not be read. */
export const check = (path: string): Effect.Effect<void, string> => opened(path, async () => {})
