/**
 * `directory.file`: rows that are kept in Git and applied at the start and
 * whenever the file changes (DESIGN §8).
 *
 * The file is looked at, not subscribed to, so that replacing it by rename and
 * the mounts of containers count as changes; it is read once it has stopped
 * changing, so that a half-written file is never taken for a short one. A file
 * with a finding changes nothing. At the start it is a reason not to start; a
 * database that is away is not, the rows follow when it is back.
 */
import { DirectoryUnavailable } from "@jotgate/core/Directory"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import { type DirectoryAdmin, sizeOf } from "@jotgate/store/DirectoryAdmin"
import { Effect, Schedule, Schema, type Scope } from "effect"
import { stat } from "node:fs/promises"
import * as RegularFile from "../platform/RegularFile.ts"
import * as DirectoryDocument from "./DirectoryDocument.ts"

/** The file cannot be applied; one line for each reason. */
export class DirectoryFileInvalid extends Schema.TaggedError<DirectoryFileInvalid>()("DirectoryFileInvalid", {
  /** A line for each reason. */
  lines: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.lines.join("\n")
  }
}

/** How often the file is looked at; a change is in force after two looks, well within two seconds. */
const interval = "400 millis"

const actor = "directory.file"

/** What a look remembers; "" while the file is not there. */
const signature = (file: string) =>
  Effect.promise(async () => {
    try {
      const { ctimeNs, dev, ino, mtimeNs, size } = await stat(file, { bigint: true })
      return [dev, ino, mtimeNs, ctimeNs, size].join(" ")
    } catch {
      return ""
    }
  })

const reasons = {
  taken: "a subject is linked to somebody else",
  readonly: "the directory is only read (directory.write: false)",
  unsupported: "the rows of a LiteLLM database are managed in LiteLLM, not by a file",
  referenced: "a row that goes is named by one that stays"
} as const

/** Reads a directory file; the failure has a line for each finding. */
export const load = (
  file: string
): Effect.Effect<{ readonly text: string; readonly rows: DirectoryFile }, DirectoryFileInvalid> =>
  Effect.gen(function*() {
    const text = yield* Effect.mapBoth(RegularFile.read(file), {
      onFailure: (code) =>
        new DirectoryFileInvalid({
          lines: [`${file}: ${code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`}`]
        }),
      onSuccess: (bytes) => new TextDecoder().decode(bytes)
    })
    const rows = yield* Effect.mapError(
      Effect.fromResult(DirectoryDocument.read(file, text)),
      (lines) => new DirectoryFileInvalid({ lines })
    )
    return { text, rows }
  })

/** Applies a file: what it holds is there, what an earlier one made and it does not hold is gone. */
const apply = Effect.fnUntraced(function*(file: string, directory: DirectoryAdmin["Service"]) {
  const { rows, text } = yield* load(file)
  const plan = yield* directory.apply(rows, { actor, prune: "file" }).pipe(
    Effect.catchTag(
      "ChangeRefused",
      ({ findings, reason }): Effect.Effect<never, DirectoryFileInvalid | DirectoryUnavailable> => {
        // Not the file's fault: it is tried again.
        if (reason === "unwritable") return Effect.fail(new DirectoryUnavailable({ operation: "apply directory.file" }))
        const lines = DirectoryDocument.findingLines(file, text, findings)
        const words = reason in reasons ? reasons[reason as keyof typeof reasons] : reason
        return new DirectoryFileInvalid({ lines: lines.length > 0 ? lines : [`${file}: ${words}`] })
      }
    )
  )
  if (sizeOf(plan) === 0) return
  yield* Effect.logInfo("directory.file is in force", { file, rows: sizeOf(plan) })
})

/** Applies `file` now and whenever it changes, for as long as the scope lives and what is answered was not called. */
export const follow = (
  file: string,
  directory: DirectoryAdmin["Service"]
): Effect.Effect<() => void, DirectoryFileInvalid, Scope.Scope> =>
  Effect.gen(function*() {
    let retired = false
    /** What is in force, what was seen last, and what was found broken. */
    let applied = yield* signature(file)
    let seen = applied
    let broken = ""
    yield* Effect.catchTag(apply(file, directory), "DirectoryUnavailable", () => {
      applied = "not yet"
      return Effect.logWarning("directory.file waits for the directory", { file })
    })

    const look = Effect.gen(function*() {
      const now = yield* signature(file)
      const settled = now === seen
      seen = now
      if (retired || !settled || now === applied || now === broken) return
      yield* apply(file, directory)
      applied = now
      broken = ""
    }).pipe(
      Effect.catchTag("DirectoryFileInvalid", ({ lines }) => {
        broken = seen
        return Effect.logError("directory.file is broken: what was stays in force", { findings: lines })
      }),
      // Not in force yet: the next look tries again.
      Effect.catchTag("DirectoryUnavailable", () => Effect.void)
    )
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(interval)))
    return () => {
      retired = true
    }
  })
