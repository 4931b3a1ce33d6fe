/** `jotgate import litellm FILE`: their file → ours on standard output, and what became of every key on standard error. */
import { type LitellmRelease, LitellmReleases, newestLitellm } from "@jotgate/core/Settings"
import { Console, Effect, FileSystem, Option, Result } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { parseAllDocuments } from "yaml"
import { needsAttention, toJson, toText } from "../import/ParityReport.ts"
import { Failure, failure, Negative } from "../Outcome.ts"

/** Reads and parses a YAML file that is not ours. */
export const readYaml = Effect.fnUntraced(function*(file: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* files.readFileString(file).pipe(
    Effect.catchTag(
      "PlatformError",
      (error) => failure(`${file}: ${error.reason._tag === "NotFound" ? "there is no such file" : "cannot be read"}`)
    )
  )
  const documents = parseAllDocuments(text, { uniqueKeys: true })
  const document = Array.isArray(documents) ? documents[0] : undefined
  const problem = document?.errors[0]
  if (problem !== undefined) {
    const place = problem.linePos?.[0]
    return yield* failure(
      `${file}:${place?.line ?? 1}:${place?.col ?? 1}: ${
        (problem.message.split("\n")[0] ?? "").replace(/ at line .*$/, "")
      }`
    )
  }
  return document?.toJS({ maxAliasCount: 1_000 }) ?? {}
})

/** Imports a parsed file; the reasons why the reference would not start are a failure. */
export const imported = Effect.fnUntraced(
  function*(file: string, input: unknown, strict: boolean, release: LitellmRelease) {
    const { importLitellm } = yield* Effect.promise(() => import("../import/litellm.ts"))
    return yield* Result.match(importLitellm(input, { env: process.env, strict, release }), {
      onFailure: (reasons) => new Failure({ lines: reasons.map((reason) => `${file}: ${reason}`) }),
      onSuccess: (it) => Effect.succeed(it)
    })
  }
)

/** `--release`: whose file it is. */
export const release = Flag.Literals("release", LitellmReleases).pipe(
  Flag.withDescription("The release of LiteLLM whose file it is"),
  Flag.withDefault(newestLitellm)
)

const litellm = Command.make(
  "litellm",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The LiteLLM configuration file")),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write the settings there instead of to standard output"),
      Flag.optional
    ),
    report: Flag.Literals("report", ["text", "json"]).pipe(
      Flag.withDescription("How the parity report is written"),
      Flag.withDefault("text")
    ),
    release,
    strict: Flag.Boolean("strict").pipe(
      Flag.withDescription("Write our stricter defaults where the reference is laxer"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("import litellm")(function*({ file, out, release, report, strict }) {
    const result = yield* imported(file, yield* readYaml(file), strict, release)
    const { settingsText } = yield* Effect.promise(() => import("../import/SettingsText.ts"))
    const text = settingsText(result.file, result.origins, [
      `Imported from ${file}${strict ? " with --strict" : ""}. Behind each setting stands the key that it came from.`,
      "The report of the import says how every key compares: jotgate import litellm --report json."
    ])
    if (Option.isSome(out)) {
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(out.value, text).pipe(
        Effect.catchTag("PlatformError", () => failure(`${out.value}: cannot be written`))
      )
    } else {
      yield* Console.log(text.trimEnd())
    }
    yield* Console.error(report === "json" ? toJson(result.report, release) : toText(result.report, release))
    if (needsAttention(result.report)) return yield* new Negative({ lines: [] })
  })
).pipe(Command.withDescription("Import a LiteLLM configuration file"))

export const importCommand = Command.make("import").pipe(
  Command.withDescription("Import the configuration of another gateway"),
  Command.withSubcommands([litellm])
)
