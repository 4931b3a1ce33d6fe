/**
 * What stays of what callers choose: thousands of long paths, tokens and headers, and the bytes of the heap that they
 * leave. `npm run soak -- retained`; `npm test` asks a tenth of it.
 */
import { Effect, type Scope } from "effect"
import * as Retained from "../packages/server/test/support/Retained.ts"
import { figure } from "./Figures.ts"

const mebibytes = (bytes: number): number => bytes / 1024 ** 2
const run = <A>(program: Effect.Effect<A, unknown, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(program))

const paths = await run(Retained.deniedPaths(7_400))
figure("7 400 denied requests with paths of 60 kB leave", mebibytes(paths.bytes), { most: 16 }, " MiB")
figure("30 000 paths to model routes leave", mebibytes(await run(Retained.modelPaths(30_000))), { most: 24 }, " MiB")
// 128 MiB as they are reckoned, and what the records of the last decisions hold.
figure(
  "10 500 good tokens of 16 kB leave",
  mebibytes((await run(Retained.longTokens(10_500))).bytes),
  { most: 150 },
  " MiB"
)
figure(
  "10 500 refused tokens of 16 kB leave",
  mebibytes(await run(Retained.refusedTokens(10_500))),
  { most: 16 },
  " MiB"
)
figure("10 000 denied team headers of 30 kB leave", mebibytes(await run(Retained.hints(10_000))), { most: 110 }, " MiB")
process.exit()
