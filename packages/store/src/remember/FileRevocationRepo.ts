/**
 * The deny list in a file of `cache.dir`, for a directory that may not be
 * written (`directory.write: false`).
 *
 * The file is replaced as a whole, so that a reader never sees half of one, and
 * looked at twice a second for changes of other processes. A file that cannot be
 * read is a failure, never an empty list.
 */
import {
  identityOf,
  makeListeners,
  RevocationRepo,
  RevocationsUnavailable,
  Revoked
} from "@jotgate/core/RevocationRepo"
import { Data, Effect, Layer, Schema, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"

const List = Schema.fromJsonString(Schema.Struct({ version: Schema.Literal(1), entries: Schema.Array(Revoked) }))
const decode = Schema.decodeUnknownEffect(List)

const failed = (operation: string) => (cause: unknown): RevocationsUnavailable =>
  new RevocationsUnavailable({
    reason: `${operation}: ${cause instanceof Error && "code" in cause ? String(cause.code) : "the file does not fit"}`
  })

/** Nothing was denied yet. */
class FileMissing extends Data.TaggedError("FileMissing") {}

const isMissing = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "ENOENT"

/** The list in `revocations.json` of a folder, which is made when something is denied. */
export const layer = (folder: string) =>
  Layer.effect(
    RevocationRepo,
    Effect.gen(function*() {
      const file = join(folder, "revocations.json")
      const { listen, tell } = makeListeners()
      const turn = yield* Semaphore.make(1)

      const text = Effect.tryPromise({
        try: () => readFile(file, "utf8"),
        catch: (cause) => isMissing(cause) ? new FileMissing() : failed("read")(cause)
      }).pipe(Effect.catchTag("FileMissing", () => Effect.succeed(`{"version":1,"entries":[]}`)))
      const all = Effect.flatMap(text, (it) => Effect.mapError(decode(it), failed("read"))).pipe(
        Effect.map((it) => it.entries)
      )

      const write = (entries: ReadonlyArray<Revoked>) =>
        Effect.tryPromise({
          try: async () => {
            await mkdir(folder, { recursive: true })
            const draft = `${file}.${randomUUID()}`
            await writeFile(draft, JSON.stringify({ version: 1, entries }), { mode: 0o600 })
            await rename(draft, file)
          },
          catch: failed("write")
        })

      const change = (edit: (entries: Map<string, Revoked>) => void) =>
        turn.withPermit(Effect.gen(function*() {
          const entries = new Map((yield* all).map((it) => [identityOf(it), it]))
          edit(entries)
          yield* write(Array.from(entries.values()))
          yield* tell
        }))

      const mark = Effect.promise(() =>
        stat(file).then((it) => `${it.mtimeMs} ${it.ctimeMs} ${it.ino} ${it.size}`, () => "none")
      )
      let seen = yield* mark
      yield* mark.pipe(
        Effect.flatMap((now) => {
          if (now === seen) return Effect.void
          seen = now
          return tell
        }),
        Effect.andThen(Effect.sleep("500 millis")),
        Effect.forever,
        Effect.forkScoped
      )

      return {
        all,
        add: (entry) => change((entries) => entries.set(identityOf(entry), entry)),
        remove: (entry) => change((entries) => entries.delete(identityOf(entry))),
        listen
      }
    })
  )
