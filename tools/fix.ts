/** `npm run fix`: what a machine can mend (lint, then format; the exports map has its own command). */
import { bin, run } from "./lib/Run.ts"

const lint = await run(bin("oxlint"), ["--fix"], { echo: true })
const format = await run(bin("dprint"), ["fmt"], { echo: true })
process.exitCode = lint.code === 0 ? format.code : lint.code
