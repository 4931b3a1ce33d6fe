/** `jotgate check FILE`: is this configuration sound? */
import { checkConfig } from "@jotgate/server/ConfigCheck"
import { findingText } from "@jotgate/server/ConfigFile"
import { Console, Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { stringify } from "yaml"
import { configFlag, load, only } from "../Configuration.ts"
import { Failure, Negative } from "../Outcome.ts"
import { rowFindings } from "../RowFindings.ts"
import { unopened, unreadable } from "../SecretCheck.ts"

export const check = Command.make(
  "check",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The configuration file"), Argument.optional),
    config: configFlag,
    strict: Flag.Boolean("strict").pipe(Flag.withDescription("A warning is an error"), Flag.withDefault(false)),
    expand: Flag.Boolean("expand").pipe(
      Flag.withDescription("Print the file with its presets filled"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("check")(function*({ config, expand, file, strict }) {
    const name = yield* only(file, config)
    const loaded = yield* load(name)
    if (expand) yield* Console.log(stringify(loaded.expanded, { lineWidth: 0 }).trimEnd())
    const findings = [...checkConfig(loaded), ...(yield* rowFindings(loaded))]
    const lines = findings.map((it) => {
      const text = findingText(name, { ...loaded.positionOf(it.path), path: it.path, message: it.message })
      return it.severity === "error" || strict ? text : `${text} (warning)`
    })
    const missing = [...(yield* unreadable(loaded)), ...(yield* unopened(loaded))]
    lines.push(...missing)
    if (findings.some((it) => it.severity === "error")) return yield* new Failure({ lines })
    if (missing.length > 0 || (strict && lines.length > 0)) return yield* new Negative({ lines })
    for (const line of lines) yield* Console.error(line)
    if (!expand) yield* Console.log(`${name}: sound${lines.length === 0 ? "" : `, ${lines.length} to look at`}`)
  })
).pipe(Command.withDescription("Check a configuration file"))
