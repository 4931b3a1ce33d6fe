/** What the rows of the configured directory say about its settings, as far as the directory can be looked at. */
import type { CheckFinding } from "@jotgate/server/ConfigCheck"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import * as RowCheck from "@jotgate/server/RowCheck"
import { Effect, FileSystem, Layer, Option, Result } from "effect"
import { dirname, resolve } from "node:path"

/** How many rows of each namespace are looked at. */
const LOOKED = 20

/** Findings about rows of `directory.file` and of the database; one that cannot be read is not looked at. */
export const rowFindings = Effect.fnUntraced(function*({ name, settings }: ConfigFile) {
  const beginnings = RowCheck.beginnings(settings)
  const { file } = settings.directory
  if (beginnings.length === 0 && file === null) return []
  const [DirectoryDocument, { DirectoryAdmin }, { readOnly }] = yield* Effect.promise(() =>
    Promise.all([
      import("@jotgate/server/DirectoryDocument"),
      import("@jotgate/store/DirectoryAdmin"),
      import("./Directory.ts")
    ])
  )
  const files = yield* FileSystem.FileSystem
  const text = file === null ? Option.none() : yield* Effect.option(files.readFileString(file))
  const document = Option.map(text, (it) => DirectoryDocument.read(file ?? "", it))
  const { teams = [], users: own = [] } = Option.isSome(document) && Result.isSuccess(document.value)
    ? document.value.success
    : {}
  if (beginnings.length === 0) return RowCheck.checkRows(settings, own, teams)
  const stored = yield* DirectoryAdmin.use((admin) =>
    Effect.forEach(beginnings, (after) => admin.list("users", { after, limit: LOOKED }))
  ).pipe(
    Effect.map((pages) => pages.flatMap((it) => it.rows)),
    Effect.provide(readOnly(settings).pipe(Layer.provide(NodeSecrets.layer(dirname(resolve(name)), process.env)))),
    Effect.option
  )
  const findings = RowCheck.checkRows(settings, [...own, ...Option.getOrElse(stored, () => [])], teams)
  return [...new Map(findings.map((it): readonly [string, CheckFinding] => [it.message, it])).values()]
})
