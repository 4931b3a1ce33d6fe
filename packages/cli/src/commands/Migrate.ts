/**
 * `jotgate migrate`: makes the tables of the directory what this program needs.
 * `serve` does the same at its start; this is for those who do it beforehand.
 */
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { json } from "../admin/AdminFlags.ts"
import { configFlag, loadSound, only } from "../Configuration.ts"
import { failure } from "../Outcome.ts"

const flag = (name: string, what: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(what), Flag.withDefault(false))

export const migrate = Command.make(
  "migrate",
  {
    config: configFlag,
    status: flag("status", "Only say which migrations there are"),
    dryRun: flag("dry-run", "Only say which migrations would be made"),
    json
  },
  Effect.fn("migrate")(function*({ config, dryRun, json, status }) {
    const name = yield* only(Option.none(), config)
    const { settings } = yield* loadSound(name)
    const migration = yield* Effect.promise(() => import("@jotgate/store/StoreMigration"))
    const secrets = NodeSecrets.layer(dirname(resolve(name)), process.env)
    const failed = (error: { readonly message: string }) => failure(error.message)
    if (status || dryRun) {
      const { applied, missing } = yield* migration.status(settings).pipe(
        Effect.provide(secrets),
        Effect.mapError(failed)
      )
      if (json) return yield* Console.log(JSON.stringify({ applied, missing }, null, 2))
      const lines = [
        ...(status ? applied.map((it) => `${it}  applied`) : []),
        ...missing.map((it) => `${it}  ${dryRun ? "would be made" : "missing"}`)
      ]
      return yield* Console.log(lines.length === 0 ? "nothing is missing" : lines.join("\n"))
    }
    if (settings.directory.write === false) {
      return yield* failure("directory.write: false makes nothing in the database")
    }
    const made = yield* migration.run(settings).pipe(Effect.provide(secrets), Effect.mapError(failed))
    if (json) return yield* Console.log(JSON.stringify({ made }, null, 2))
    yield* Console.log(made.length === 0 ? "nothing is missing" : made.map((it) => `${it}  made`).join("\n"))
  })
).pipe(Command.withDescription("Bring the tables of the directory up to date"))
