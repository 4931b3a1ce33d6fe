/**
 * How a verb ends: exit 0 done or allowed; 1 denied, findings, or a decision is
 * needed; 2 wrong usage, wrong configuration, or cannot decide.
 *
 * Whatever a person can get wrong ends in one clear line on standard error and
 * never in a stack.
 */
import { Cause, Console, Effect, Exit, Schema } from "effect"
import { CliError } from "effect/cli"

/** The verb did its work and the answer is no: exit 1. */
export class Negative extends Schema.TaggedError<Negative>()("Negative", {
  lines: Schema.Array(Schema.String)
}) {
  readonly code = 1
}

/** The verb could not do its work: exit 2. Each line goes to standard error. */
export class Failure extends Schema.TaggedError<Failure>()("Failure", {
  lines: Schema.Array(Schema.String)
}) {
  readonly code = 2
}

/** A failure of one line. */
export const failure = (line: string): Failure => new Failure({ lines: [line] })

const meant = (suggestions: ReadonlyArray<string>): string =>
  suggestions.length === 0 ? "" : `, did you mean ${suggestions[0]}?`

const usageLine = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `unknown flag ${error.option}${meant(error.suggestions)}`
    case "UnknownSubcommand":
      return `unknown command ${error.subcommand}${meant(error.suggestions)}`
    default:
      return error.message.replace(/\s*\n\s*/g, " ").trim()
  }
}

const linesOf = (error: unknown): ReadonlyArray<string> => {
  if (error instanceof Negative || error instanceof Failure) return error.lines
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" ? error.errors.map(usageLine) : [error.message]
  return [error instanceof Error && error.message !== "" ? error.message : String(error)]
}

/** Prints why a verb ended, unless it ended well; usage errors name the command. */
export const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.void
  const errors = cause.reasons.filter(Cause.isFailReason).map((it) => it.error)
  const defects = cause.reasons.filter(Cause.isDieReason).map((it) => it.defect)
  return Effect.forEach(
    [
      ...errors.flatMap(linesOf),
      ...defects.map((it) => `jotgate: internal error: ${it instanceof Error ? it.stack ?? it.message : String(it)}`)
    ],
    (line) => Console.error(line),
    { discard: true }
  )
}

/** The exit code of a finished run. A run that was told to stop (SIGINT, SIGTERM) has done its work. */
export const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return 0
  const errors = exit.cause.reasons.filter(Cause.isFailReason).map((it) => it.error)
  return errors.length > 0 && errors.every((it) => it instanceof Negative) ? 1 : 2
}
