/** Kill -9 under load, and the start after it, with both kinds of store: `npm run soak -- kills --kills 100`. */
import { Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import { kills } from "../packages/cli/test/support/Endurance.ts"
import { figure, told } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const count = Flags.number("kills", 100)
for (const store of ["sqlite", "postgres"] as const) {
  const it = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    return yield* kills(count, store === "sqlite" ? "sqlite:directory.db" : (yield* Postgres.make()).url)
  })))
  figure(`kill -9, ${store}: good tokens refused after ${count} starts`, it.refused, { most: 0 })
  told(`kill -9, ${store}`, it)
}
process.exit()
