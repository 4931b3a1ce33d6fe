/**
 * Suites that need a real server.
 *
 * Without the server they are skipped, and their name says what is missing and how to get it. Under `CI=true` a missing
 * server is a failure: nothing that CI is meant to prove may be left out in silence. What takes minutes to have is no
 * part of that: with it here (`npm run servers`) its suites run, and `npm run soak -- built clients` makes it and runs them.
 */
import { describe, it } from "vitest"
import * as Catalog from "./Catalog.ts"

const inCI = (): boolean => !["", "0", "false", undefined].includes(process.env["CI"])

/** `describe` for a suite that needs these servers; a `concurrent` one runs its tests side by side. */
export const describeWith = (
  needs: Catalog.Name | ReadonlyArray<Catalog.Name>,
  title: string,
  suite: () => void,
  options: { readonly concurrent?: boolean } = {}
): void => {
  const missing = (typeof needs === "string" ? [needs] : needs).filter((name) => Catalog.find(name) === undefined)
  const hints = missing.map(Catalog.hint).join("; ")
  if (missing.length === 0) {
    describe(title, options, suite)
  } else if (inCI() && !missing.every(Catalog.takesMinutes)) {
    describe(title, () => {
      it("has its servers", () => {
        throw new Error(hints)
      })
    })
  } else {
    describe.skip(`${title} (skipped: ${hints})`, suite)
  }
}
