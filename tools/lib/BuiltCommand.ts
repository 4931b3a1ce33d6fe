/** The command as it ships, built from the sources once for all tests and soaks that start it. */
import { fileURLToPath } from "node:url"
import { command } from "./Command.ts"

/** Vitest calls this before the first file of a project. */
export const setup = (): Promise<void> => command(fileURLToPath(new URL("../../packages/cli", import.meta.url)))
