/** Two gates behind HAProxy, replaced one after the other under load: `npm run soak -- rolling --requests 30000`. */
import { Effect } from "effect"
import { rolling } from "../packages/cli/test/support/Endurance.ts"
import { figure, told } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const requests = Flags.number("requests", 30_000)
const it = await Effect.runPromise(Effect.scoped(rolling(requests)))
figure("rolling restart behind HAProxy: requests", it.done, { least: requests })
figure("rolling restart behind HAProxy: processes replaced", it.restarts, { least: 2 })
figure("rolling restart behind HAProxy: ends with another code than 0", it.exits.filter((code) => code !== 0).length, {
  most: 0
})
told("rolling restart behind HAProxy", it)
process.exit()
