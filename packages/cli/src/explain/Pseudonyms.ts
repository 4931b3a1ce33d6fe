/**
 * Pseudonyms of addresses in records (`decisions.redact`), for whoever has the
 * key: people are searched by their addresses, and recorded questions of people
 * with a row are asked as they were.
 */
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import * as DirectoryDocument from "@jotgate/server/DirectoryDocument"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import * as Pseudonyms from "@jotgate/server/Pseudonyms"
import { make, undo } from "@jotgate/server/Redaction"
import * as RedactionKey from "@jotgate/server/RedactionKey"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Effect, FileSystem, Layer, Redacted, Result } from "effect"
import { dirname, resolve } from "node:path"
import * as AdminClient from "../admin/AdminClient.ts"
import { readOnly } from "../Directory.ts"
import { failure } from "../Outcome.ts"

/** What makes the pseudonyms of the records; `undefined` where there are none, or no key is at hand. */
export const made = Effect.fnUntraced(
  function*({ name, settings: { cache, decisions: { redact, redactKey } } }: ConfigFile) {
    if (redact.length === 0) return undefined
    const key = redactKey === null
      ? yield* RedactionKey.made(cache.dir)
      : Redacted.value(yield* AdminClient.secretOf(redactKey, "decisions.redactKey", dirname(resolve(name))))
    return key === undefined ? undefined : make(key)
  }
)

/** The addresses in the rows of the directory and of `directory.file`. */
const addresses = Effect.fnUntraced(function*({ name, settings }: ConfigFile) {
  const files = yield* FileSystem.FileSystem
  const { file } = settings.directory
  const text = file === null ? "" : yield* Effect.orElseSucceed(files.readFileString(file), () => "")
  const document = file === null ? Result.succeed({}) : DirectoryDocument.read(file, text)
  const own = Result.isSuccess(document) && "users" in document.success
    ? document.success.users ?? []
    : []
  const stored = DirectoryAdmin.use(Pseudonyms.addresses)
  const rows = yield* stored.pipe(
    Effect.provide(readOnly(settings).pipe(Layer.provide(NodeSecrets.layer(dirname(resolve(name)), process.env)))),
    Effect.mapError(() => failure("the directory does not answer"))
  )
  return [...own.flatMap(Pseudonyms.addressesOf), ...rows]
})

/** Takes pseudonyms of people with a row back; `undefined` where there are none, or no key is at hand. */
export const undone = Effect.fnUntraced(function*(config: ConfigFile) {
  const redact = yield* made(config)
  return redact === undefined ? undefined : undo(redact, yield* addresses(config))
})
