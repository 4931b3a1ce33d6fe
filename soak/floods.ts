/** Floods of tokens that nobody signed, through a served gate (threats C01, C02): `npm run soak -- floods --count 10000`. */
import { Effect } from "effect"
import { floods } from "../packages/cli/test/support/Flood.ts"
import { figure } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const count = Flags.number("count", 10_000)
const { blind, seen } = await Effect.runPromise(Effect.scoped(floods(count)))
for (const { asked, fetches, name, refused, statuses } of seen) {
  figure(`a flood of ${count} ${name}: answers of 401`, statuses[401] ?? 0, { least: count })
  figure(`a flood of ${count} ${name}: good tokens refused, of ${asked}`, refused.length, { most: 0 })
  figure(`a flood of ${count} ${name}: key fetches since the start`, fetches, { most: 3 })
}
figure("a flood while the issuer is down: answers of 503", blind.statuses[503] ?? 0, { least: count / 5 })
figure("a flood while the issuer is down: key fetches", blind.fetches, { most: 10 })
process.exit()
