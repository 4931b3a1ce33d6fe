/** Runs the command that was typed, and ends the process with its exit code. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as LogLine from "@jotgate/server/LogLine"
import { Effect, Layer } from "effect"
import * as Cli from "./Cli.ts"
import { codeOf, report } from "./Outcome.ts"
import { version } from "./Version.ts"

// Whoever reads what is printed may go. To say so there would fail in its turn, and again, for as long as the process
// lives: it ends no server, and is no other end of a verb.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})

/** Ends when whoever reads standard output has it all, or is gone: an exit would cut off what waits in a pipe. */
const whenRead = (end: () => void): void => {
  if (process.stdout.writableLength === 0) return end()
  process.stdout.write("", () => end())
}

/** Standard output is for what was asked for; what happens meanwhile goes to standard error. */
const log = LogLine.layer("text")

Cli.run(version)(process.argv.slice(2)).pipe(
  Effect.tapCause(report),
  Effect.provide(Layer.mergeAll(NodeServices.layer, Cli.layer, log)),
  (program) =>
    NodeRuntime.runMain(program, {
      disableErrorReporting: true,
      teardown: (exit, end) => whenRead(() => end(codeOf(exit)))
    })
)
