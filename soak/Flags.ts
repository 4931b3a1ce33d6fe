/** What stands behind the name of a script: `--minutes 20`. */
import { parseArgs } from "node:util"

/** A number that was given by this name, or else `usual`. */
export const number = (name: string, usual: number): number => {
  const { values } = parseArgs({ args: process.argv.slice(2), options: { [name]: { type: "string" } }, strict: false })
  const given = Number(values[name])
  return Number.isFinite(given) && given > 0 ? given : usual
}
