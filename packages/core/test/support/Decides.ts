/** Tables of decisions: one world, and for each named request the line that it must come out as. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"

/** A request and how it must come out. */
export type Row = readonly [ask: CoreTest.Ask, line: string]

/** Decides every row on rows of its own and compares all lines at once. */
export const decides = (title: string, world: CoreTest.World, table: Readonly<Record<string, Row>>): void => {
  it.effect(title, () =>
    Effect.gen(function*() {
      const found: Record<string, string> = {}
      for (const [name, [ask]] of Object.entries(table)) found[name] = (yield* CoreTest.ask(world, ask)).line
      assert.deepStrictEqual(found, Object.fromEntries(Object.entries(table).map(([name, [, line]]) => [name, line])))
    }))
}

/** The same for a numbered deviation: what the reference does stands in the title. */
export const deviates = (
  rule: string,
  ours: string,
  reference: string,
  world: CoreTest.World,
  table: Readonly<Record<string, Row>>
): void => decides(`RULES ${rule}: ${ours} (the reference: ${reference})`, world, table)
