/**
 * Whether what the settings point at is there: every secret reference can be
 * read, every file that is needed can be opened. No value is ever shown.
 */
import { Secrets } from "@jotgate/core/Secrets"
import { type ConfigFile, findingText } from "@jotgate/server/ConfigFile"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { Effect, FileSystem, Result } from "effect"
import { dirname, resolve } from "node:path"

/** Settings whose text may begin as a reference does and is none. */
const others = /^(?:audit\.to|directory\.url|decisions\.store)$/

interface Reference {
  readonly path: string
  readonly text: string
}

/** Every secret reference in the settings; a team's own key is read when it is used. */
const referencesIn = (value: unknown, path: string): ReadonlyArray<Reference> =>
  typeof value === "string"
    ? /^(?:env|file):/.test(value) && !value.includes("{team}") && !others.test(path) ? [{ path, text: value }] : []
    : Array.isArray(value)
    ? value.flatMap((it, at) => referencesIn(it, `${path}[${at}]`))
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, it]) => referencesIn(it, path === "" ? name : `${path}.${name}`))
    : []

/** What cannot be read, one line each with its place in the file. */
export const unreadable = Effect.fnUntraced(function*(config: ConfigFile) {
  const secrets = yield* Secrets
  const lines = yield* Effect.forEach(referencesIn(config.settings, ""), ({ path, text }) =>
    secrets.read(text).pipe(
      Effect.as([]),
      Effect.catch(({ reason, reference }) =>
        Effect.succeed([
          findingText(config.name, { ...config.positionOf(path), path, message: `${reference}: ${reason}` })
        ])
      )
    ))
  return lines.flat()
}, (self, config) => Effect.provide(self, NodeSecrets.layer(dirname(resolve(config.name)), process.env)))

/** The files that the settings name besides, which cannot be opened, and what is wrong in that of the rows, one line each. */
export const unopened = Effect.fnUntraced(function*(config: ConfigFile) {
  const { settings: { directory: { file }, policy: { custom } } } = config
  const files = yield* FileSystem.FileSystem
  const textAt = (path: string, file: string) =>
    Effect.mapError(files.readFileString(file), (): ReadonlyArray<string> => [
      findingText(config.name, { ...config.positionOf(path), path, message: `${file} cannot be read` })
    ])
  const wrongIn = Effect.fnUntraced(function*(rows: string, text: string) {
    const { read } = yield* Effect.promise(() => import("@jotgate/server/DirectoryDocument"))
    return Result.match(read(rows, text), { onFailure: (lines) => lines, onSuccess: () => [] })
  })
  const found = [
    ...(custom === null ? [] : [Effect.as(textAt("policy.custom", custom), [])]),
    ...(file === null ? [] : [Effect.flatMap(textAt("directory.file", file), (text) => wrongIn(file, text))])
  ]
  const lines = yield* Effect.forEach(found, (it) => Effect.catch(it, (lines) => Effect.succeed(lines)))
  return lines.flat()
})
