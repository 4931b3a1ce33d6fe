/** A second process on one SQLite file that writes nearly all the time, until it is killed. Prints `ready`. */
import { Effect } from "effect"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import { storeOf } from "../support/StoreOf.ts"

const [url = ""] = process.argv.slice(2)

const teams = (version: number) =>
  Array.from({ length: 300 }, (_, index) => ({ id: `neighbour-${index}`, models: [`version-${version}`] }))

const program = Effect.gen(function*() {
  const admin = yield* DirectoryAdmin
  yield* admin.apply({ teams: teams(0) }, { actor: "neighbour", prune: "none" })
  yield* Effect.sync(() => process.stdout.write("ready\n"))
  for (let version = 1;; version++) {
    yield* admin.apply({ teams: teams(version) }, { actor: "neighbour", prune: "none" })
    yield* Effect.sleep("2 millis")
  }
}).pipe(Effect.provide(storeOf({ url })))

void Effect.runPromise(program)
