/** The configuration file of a verb: which one, and what it says. */
import { checkConfig } from "@jotgate/server/ConfigCheck"
import { type ConfigFile, findingText, loadConfig } from "@jotgate/server/ConfigFile"
import { Effect, type FileSystem, Option } from "effect"
import { Flag } from "effect/cli"
import { Failure, failure } from "./Outcome.ts"

/** `--config FILE`, which every verb takes. */
export const configFlag = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("The configuration file"),
  Flag.optional
)

/** The one file that an argument or `--config` names. */
export const only = (
  argument: Option.Option<string>,
  flag: Option.Option<string>
): Effect.Effect<string, Failure> => {
  if (Option.isSome(argument) && Option.isSome(flag)) {
    return failure("give the file once: as an argument or with --config")
  }
  return Option.match(Option.orElse(argument, () => flag), {
    onNone: () => failure("which file? Give it as an argument or with --config FILE"),
    onSome: (file) => Effect.succeed(file)
  })
}

/** Reads a file; every finding is one line. */
export const load = (file: string): Effect.Effect<ConfigFile, Failure, FileSystem.FileSystem> =>
  loadConfig(file, process.env).pipe(
    Effect.catchTag(["ConfigInvalid", "ConfigUnreadable"], (error) => new Failure({ lines: error.message.split("\n") }))
  )

/** Reads a file and refuses one that contradicts itself. */
export const loadSound = Effect.fnUntraced(function*(file: string) {
  const loaded = yield* load(file)
  const errors = checkConfig(loaded).filter((it) => it.severity === "error")
  if (errors.length === 0) return loaded
  return yield* new Failure({
    lines: errors.map((it) => findingText(file, { ...loaded.positionOf(it.path), path: it.path, message: it.message }))
  })
})
