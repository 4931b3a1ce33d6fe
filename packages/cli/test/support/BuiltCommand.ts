/** The command as it ships, built from the sources once for all who start it. */
import { fileURLToPath } from "node:url"
import { command } from "../../../../tools/lib/Command.ts"

export const main = fileURLToPath(new URL("../../dist/command/main.js", import.meta.url))

/** Vitest calls this before the first file of the project. */
export const setup = (): Promise<void> => command(fileURLToPath(new URL("../..", import.meta.url)))
