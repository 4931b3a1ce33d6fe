/** Runs the command inside this process, and says what it printed and how it ended. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Exit, Layer, Logger } from "effect"
import * as Cli from "../../src/Cli.ts"
import { codeOf, report } from "../../src/Outcome.ts"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `jotgate ARGS`. */
export const jotgate = (...args: ReadonlyArray<string>): Effect.Effect<Ran> =>
  Effect.gen(function*() {
    const out: Array<string> = []
    const err: Array<string> = []
    const console_ = Object.assign(Object.create(globalThis.console), {
      log: (...words: ReadonlyArray<unknown>) => void out.push(words.map(String).join(" ")),
      error: (...words: ReadonlyArray<unknown>) => void err.push(words.map(String).join(" "))
    })
    const exit = yield* Cli.run("0.0.0")([...args]).pipe(
      Effect.tapCause(report),
      Effect.provide(
        Layer.mergeAll(NodeServices.layer, Cli.layer, Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
      ),
      Effect.provideService(Console.Console, console_),
      Effect.exit
    )
    return { code: codeOf(Exit.map(exit, () => undefined)), out: out.join("\n"), err: err.join("\n") }
  })
