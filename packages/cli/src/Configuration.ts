/** The configuration of a verb: which file, what it says, and whether it is sound. */
import { checkConfig } from "@jotgate/server/ConfigCheck"
import { type ConfigFile, findingText, loadConfig, parseConfig } from "@jotgate/server/ConfigFile"
import type { ConfigSource } from "@jotgate/server/ConfigState"
import { Effect, type FileSystem, Option, Result } from "effect"
import { Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { oneOf } from "./Given.ts"
import type { Imported } from "./import/litellm.ts"
import { Failure, failure } from "./Outcome.ts"

/** `--config FILE`, which every verb takes. */
export const configFlag = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("The configuration file"),
  Flag.optional
)

/** The file that an argument or `--config` names, where one does. */
export const fileOf = (argument: Option.Option<string>, flag: Option.Option<string>) =>
  oneOf(argument, flag, "the file once: as an argument or with --config")

/** The one file that an argument or `--config` names. */
export const only = (
  argument: Option.Option<string>,
  flag: Option.Option<string>
): Effect.Effect<string, Failure> =>
  Effect.flatMap(
    fileOf(argument, flag),
    Option.match({
      onNone: () => failure("which file? Give it as an argument or with --config FILE"),
      onSome: (file) => Effect.succeed(file)
    })
  )

/** Reads a file; every finding is one line. */
export const load = (file: string): Effect.Effect<ConfigFile, Failure, FileSystem.FileSystem> =>
  loadConfig(file, process.env).pipe(
    Effect.catchTag(["ConfigInvalid", "ConfigUnreadable"], (error) => new Failure({ lines: error.message.split("\n") }))
  )

/** The only variable that an import writes: where the database is. */
const databaseOf = ({ settings }: Imported): Readonly<Record<string, string | undefined>> => {
  const name = /\$\{(\w+)\}/.exec(settings.directory.url)?.[1]
  return name === undefined ? {} : { [name]: process.env[name] }
}

/** What an import made, as if it had been read from a file beside theirs. */
export const fromImport = (file: string, it: Imported): Effect.Effect<ConfigFile, Failure> =>
  Result.match(
    parseConfig({ name: file, text: JSON.stringify(it.file), directory: dirname(resolve(file)), env: databaseOf(it) }),
    {
      onFailure: (error) => new Failure({ lines: error.message.split("\n") }),
      // The lines of a file that nobody has written would mislead.
      onSuccess: (config) => Effect.succeed({ ...config, lines: new Map() })
    }
  )

/** Refuses a configuration that contradicts itself. */
export const sound = (file: ConfigFile): Effect.Effect<ConfigFile, Failure> => {
  const errors = checkConfig(file).filter((it) => it.severity === "error")
  return errors.length === 0
    ? Effect.succeed(file)
    : new Failure({
      lines: errors.map((it) =>
        findingText(file.name, { ...file.positionOf(it.path), path: it.path, message: it.message })
      )
    })
}

/** Where a configuration comes from, for whoever asks a running gate what is in force. */
export const sourceOf = (file: ConfigFile): ConfigSource => ({
  file: file.name,
  version: file.version,
  warnings: checkConfig(file).map((it) =>
    findingText(file.name, { ...file.positionOf(it.path), path: it.path, message: it.message })
  )
})

/** Reads a file and refuses one that contradicts itself. */
export const loadSound = (file: string) => Effect.flatMap(load(file), sound)
