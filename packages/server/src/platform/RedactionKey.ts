/**
 * The key of `decisions.redact`: the one that the settings name, else one that
 * is made once and kept in `cache.dir`, for this machine alone.
 */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"

const name = "redact.key"

const existing = (path: string) => readFile(path, "utf8").then((text) => text.trim(), () => "")

/** Reads the key of the folder, or makes one; a folder that cannot be written gives one for this process. */
const inFolder = (folder: string) =>
  Effect.tryPromise(async () => {
    const path = join(folder, name)
    const known = await existing(path)
    if (known !== "") return known
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const key = randomBytes(32).toString("hex")
    const temporary = `${path}.${process.pid}.tmp`
    await writeFile(temporary, `${key}\n`, { mode: 0o600, flag: "wx" })
    await rename(temporary, path)
    // Whoever was first, all processes of this machine have the one that is there now.
    return await existing(path)
  })

/** The key that a folder holds; nothing where none was made yet. */
export const made = (folder: string | null): Effect.Effect<string | undefined> =>
  folder === null
    ? Effect.succeed(undefined)
    : Effect.map(Effect.promise(() => existing(join(folder, name))), (key) => key === "" ? undefined : key)

/** The key of this machine. */
export const local = (folder: string | null): Effect.Effect<string> => {
  const passing = (why: string) =>
    Effect.as(
      Effect.logWarning(`${why}: pseudonyms of decisions.redact hold until the next start; set decisions.redactKey`),
      randomBytes(32).toString("hex")
    )
  return folder === null
    ? passing("there is no cache.dir")
    : Effect.catch(inFolder(folder), () => passing(`${join(folder, name)} cannot be written`))
}
