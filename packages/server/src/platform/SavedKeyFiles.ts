/**
 * Saved key sets as files, one for each source, so that a restart in an outage
 * works.
 *
 * A file is written beside its place, flushed and renamed, so a reader (and a
 * process that was killed while it wrote) sees the old set or the new one, never
 * half of one. What does not read as a saved set of this very source counts as
 * none; the set in it is checked like a fetched one by whoever loads it. Who can
 * write this directory can plant keys: files that everybody may write are
 * refused, and the directory belongs to the service alone.
 */
import { maxSaved, readSaved, SavedKeys, SavedKeysFailed } from "@jotgate/core/SavedKeys"
import { Effect, Layer } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"

/** Age of a left-over temporary file when it is removed, in milliseconds. */
const leftOver = 60_000

const fileOf = (issuer: string, source: string): string =>
  `keys-${createHash("sha256").update(JSON.stringify([issuer, source])).digest("hex").slice(0, 32)}.json`

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "failed"

const attempt = <A>(run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (error) => new SavedKeysFailed({ reason: codeOf(error) }) })

const readWhole = async (path: string): Promise<string> => {
  const file = await open(path, "r")
  try {
    const { mode, size } = await file.stat()
    if (size > maxSaved) throw Object.assign(new Error(), { code: "EFBIG" })
    if ((mode & 0o002) !== 0) throw Object.assign(new Error(), { code: "EWRITABLE" })
    return await file.readFile("utf8")
  } finally {
    await file.close()
  }
}

const flushDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, "r")
  await handle.sync().finally(() => handle.close())
}

const replaceWhole = async (directory: string, name: string, text: string): Promise<void> => {
  const temporary = join(directory, `${name}.${randomBytes(8).toString("hex")}.tmp`)
  const file = await open(temporary, "wx", 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(directory, name))
  await flushDirectory(directory)
}

const removeLeftOvers = async (directory: string): Promise<void> => {
  const now = Date.now()
  for (const name of await readdir(directory)) {
    if (!/^keys-[0-9a-f]{32}\.json\.[0-9a-f]{16}\.tmp$/.test(name)) continue
    const path = join(directory, name)
    // What another process is writing has its place by now.
    const it = await stat(path).catch(() => undefined)
    if (it !== undefined && now - it.mtimeMs > leftOver) await rm(path, { force: true })
  }
}

/**
 * Saved sets below `directory`, which is made when it is missing, over those of
 * the `SavedKeys` that it is given: a set that is not to outlive the process is
 * held there only. Give it one memory for the whole process, and the sets
 * outlive a reload of the settings whatever becomes of the directory.
 */
export const layer = (directory: string): Layer.Layer<SavedKeys, never, SavedKeys> =>
  Layer.effect(
    SavedKeys,
    Effect.gen(function*() {
      const memory = yield* SavedKeys
      yield* Effect.catch(
        attempt(async () => {
          await mkdir(directory, { recursive: true, mode: 0o700 })
          await removeLeftOvers(directory)
        }),
        ({ reason }) => Effect.logWarning("the directory of saved keys cannot be used", { directory, reason })
      )
      return {
        load: Effect.fnUntraced(function*(issuer, source) {
          const held = yield* memory.load(issuer, source)
          if (held !== undefined) return held
          const text = yield* Effect.catchIf(
            attempt(() => readWhole(join(directory, fileOf(issuer, source)))),
            ({ reason }) => reason === "ENOENT",
            () => Effect.succeed("")
          )
          return readSaved(text, issuer, source)
        }),
        save: Effect.fnUntraced(function*(set, durable) {
          yield* memory.save(set, durable)
          if (!durable) return
          yield* attempt(() => replaceWhole(directory, fileOf(set.issuer, set.source), JSON.stringify(set)))
        }),
        remove: Effect.fnUntraced(function*(issuer, source) {
          yield* memory.remove(issuer, source)
          yield* attempt(() => rm(join(directory, fileOf(issuer, source)), { force: true }))
        })
      }
    })
  )
