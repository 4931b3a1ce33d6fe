/**
 * Kill -9 under load, and the start after it, with both kinds of store, and with saved keys alone: `npm run soak -- kills
 * --kills 100`, with one of the three `--with sqlite`, `--with postgres` or `--with keys`.
 */
import { Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import { kills } from "../packages/cli/test/support/Endurance.ts"
import { figure, told } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const count = Flags.number("kills", 100)
const only = Flags.text("with")
for (const kind of ["sqlite", "postgres", "keys"]) {
  if (only !== undefined && only !== kind) continue
  const it = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    if (kind === "postgres") return yield* kills(count, { url: (yield* Postgres.make()).url })
    return yield* kills(count, { down: kind === "keys" })
  })))
  figure(`kill -9, ${kind}: good tokens refused after ${count} starts`, it.refused.length, { most: 0 })
  for (const text of new Set(it.refused)) console.error(text)
  told(`kill -9, ${kind}`, it)
}
process.exit()
