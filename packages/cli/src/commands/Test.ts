/** `jotgate test FILES…`: policy tests, offline. Exit 1 when one does not hold. */
import { type ConfigFile, parseConfig } from "@jotgate/server/ConfigFile"
import { Console, Effect, FileSystem, Option, Result } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { configFlag, loadSound } from "../Configuration.ts"
import { Failure, failure, Negative } from "../Outcome.ts"

type Rows = { readonly [name: string]: unknown }

/** What a file without a configuration is tested with: claims as most providers name them. */
const plain = {
  issuers: [{
    id: "test",
    issuer: "any",
    audience: ["any"],
    jwks: { keys: [] },
    claims: { user: "sub", email: "email", teams: "groups", roles: "roles", agent: { actor: "act" } }
  }]
}

/** A file beside nobody's own with these rows, which is gone with the scope. */
const fileOf = (rows: Rows) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-test-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
    ),
    (folder) => {
      const file = join(folder, "rows.json")
      writeFileSync(file, JSON.stringify(rows))
      return file
    }
  )

/** The configuration that a file brings, over no store. */
const brought = (name: string, given: { readonly [name: string]: unknown } = plain) => {
  const directory = typeof given["directory"] === "object" ? { ...given["directory"] } : {}
  const text = JSON.stringify({ ...plain, ...given, directory: { ...directory, url: "memory:" } })
  return Result.match(parseConfig({ name, text, directory: dirname(resolve(name)), env: process.env }), {
    onFailure: (error) =>
      new Failure({ lines: error.findings.map((it) => `${name}: given.config: ${it.path}: ${it.message}`) }),
    onSuccess: (it) => Effect.succeed({ ...it, lines: new Map() })
  })
}

/** The same rules over these rows alone. */
const over = (rows: Rows | undefined, config: ConfigFile) =>
  rows === undefined ? Effect.succeed(config) : Effect.map(fileOf(rows), (file): ConfigFile => ({
    ...config,
    settings: { ...config.settings, directory: { ...config.settings.directory, url: "memory:", file } }
  }))

export const test = Command.make(
  "test",
  {
    files: Argument.String("file").pipe(Argument.withDescription("Files of tests, YAML or JSON"), Argument.atLeast(1)),
    config: configFlag,
    reporter: Flag.Literals("reporter", ["tap", "junit"]).pipe(
      Flag.withDescription("How the outcome is printed"),
      Flag.withDefault("tap")
    )
  },
  Effect.fn("test")(function*({ config, files, reporter }) {
    const [{ dry }, PolicyTest, PolicyTestFile, { junit, tap }] = yield* Effect.promise(() =>
      Promise.all([
        import("../Running.ts"),
        import("../policy/PolicyTest.ts"),
        import("../policy/PolicyTestFile.ts"),
        import("../policy/Report.ts")
      ])
    )
    const system = yield* FileSystem.FileSystem
    const suites = yield* Effect.forEach(files, (name) =>
      Effect.scoped(Effect.gen(function*() {
        const text = yield* Effect.mapError(system.readFileString(name), () => failure(`${name}: cannot be read`))
        const file = yield* Result.match(PolicyTestFile.read(name, text), {
          onFailure: (lines) => new Failure({ lines: [...lines] }),
          onSuccess: (it) => Effect.succeed(it)
        })
        const own = Option.isNone(config) || file.given?.config !== undefined
        const rules = own ? brought(name, file.given?.config) : loadSound(config.value)
        const loaded = yield* over(file.given?.directory, yield* rules)
        const base = dirname(resolve(own ? name : config.value))
        const { supposing } = yield* dry({ config: loaded, env: process.env, base })
        if (supposing === undefined) return yield* failure(`${name}: nobody can be asked`)
        return { name, outcomes: yield* PolicyTest.run(supposing, loaded.settings, file) }
      })))
    yield* Console.log(reporter === "junit" ? junit(suites) : tap(suites))
    const failed = suites.flatMap((it) => it.outcomes).filter((it) => it.differences.length > 0)
    if (failed.length > 0) return yield* new Negative({ lines: [] })
  })
).pipe(Command.withDescription("Run policy tests: who may what, as files say it must be"))
