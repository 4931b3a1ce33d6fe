/** What stands behind the name of a script: `--minutes 20`. */
import { parseArgs } from "node:util"

/** What was given by this name. */
export const text = (name: string): string | undefined => {
  const { values } = parseArgs({ args: process.argv.slice(2), options: { [name]: { type: "string" } }, strict: false })
  const given = values[name]
  return typeof given === "string" ? given : undefined
}

/** A number that was given by this name, or else `usual`. */
export const number = (name: string, usual: number): number => {
  const given = Number(text(name))
  return Number.isFinite(given) && given > 0 ? given : usual
}
