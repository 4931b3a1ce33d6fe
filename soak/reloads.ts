/** A file that is replaced under load, every tenth time by a bad one: `npm run soak -- reloads --reloads 100`. */
import { Effect } from "effect"
import { reloads } from "../packages/cli/test/support/Endurance.ts"
import { figure, told } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const count = Flags.number("reloads", 100)
const it = await Effect.runPromise(Effect.scoped(reloads(count)))
figure("reloads: requests meanwhile", it.done, { least: count })
figure("reloads: files that were refused", it.refused, { least: count / 10 })
told("reloads", it)
process.exit()
