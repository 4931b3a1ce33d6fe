/** `jotgate backup FILE`: a copy of a SQLite directory, made while it is used. */
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { configFlag, loadSound, only } from "../Configuration.ts"
import { failure } from "../Outcome.ts"

/** The database file of a directory on SQLite; other stores have tools of their own. */
export const database = ({ directory: { url } }: FileSettings) =>
  url.startsWith("sqlite:")
    ? Effect.succeed(url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, ""))
    : url === "memory:"
    ? failure("directory.url memory: keeps nothing; jotgate directory export prints its rows")
    : failure("the directory is in PostgreSQL: use pg_dump and pg_restore")

export const backup = Command.make(
  "backup",
  { file: Argument.String("file").pipe(Argument.withDescription("The new file")), config: configFlag },
  Effect.fn("backup")(function*({ config, file }) {
    const { settings } = yield* loadSound(yield* only(Option.none(), config))
    const { backup } = yield* Effect.promise(() => import("@jotgate/store/SqliteBackup"))
    yield* Effect.mapError(backup(yield* database(settings), file), (error) => failure(error.message))
    yield* Console.log(`${file} holds the directory as it is now`)
  })
).pipe(Command.withDescription("Copy a SQLite directory to a file, while it is used"))
