/** The program `jotgate`. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { readFileSync } from "node:fs"
import * as Cli from "./Cli.ts"
import { codeOf, report } from "./Outcome.ts"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))

Cli.run(String(version))(process.argv.slice(2)).pipe(
  Effect.tapCause(report),
  Effect.provide(Layer.mergeAll(NodeServices.layer, Cli.layer)),
  (program) => NodeRuntime.runMain(program, { disableErrorReporting: true, teardown: (exit, end) => end(codeOf(exit)) })
)
