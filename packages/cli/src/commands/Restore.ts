/** `jotgate restore FILE`: every row of a SQLite directory as a backup holds it, while it is used. */
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { configFlag, loadSound, only } from "../Configuration.ts"
import { failure } from "../Outcome.ts"
import { database } from "./Backup.ts"

export const restore = Command.make(
  "restore",
  { file: Argument.String("file").pipe(Argument.withDescription("The backup")), config: configFlag },
  Effect.fn("restore")(function*({ config, file }) {
    const { settings } = yield* loadSound(yield* only(Option.none(), config))
    const { restore } = yield* Effect.promise(() => import("@jotgate/store/SqliteBackup"))
    yield* Effect.mapError(restore(yield* database(settings), file), (error) => failure(error.message))
    yield* Console.log(`the directory holds what ${file} holds`)
  })
).pipe(Command.withDescription("Put a backup of a SQLite directory back, while it is used"))
