/** A gate at work while its issuer takes another key each minute and fails one time in twenty: `npm run soak -- live --minutes 20`. */
import { Effect } from "effect"
import { live } from "../packages/cli/test/support/Endurance.ts"
import { figure, told } from "./Figures.ts"
import * as Flags from "./Flags.ts"

const minutes = Flags.number("minutes", 20)
const it = await Effect.runPromise(Effect.scoped(live(minutes * 60_000, 60_000)))
figure("live: requests", it.done, { least: 1_000 })
figure("live: keys that the issuer took", it.rotations, { least: minutes })
figure("live: memory of the last third beyond the one before", it.growth, { most: 20 }, " MB")
told("live", it)
process.exit()
