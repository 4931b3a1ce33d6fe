/** Every row of the threat catalogue is attacked by a test whose title carries its number. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** How many rows each group has. */
const groups = { A: 15, B: 18, C: 10, D: 10, E: 17 }

const packages = join(import.meta.dirname, "../../..")

/** What stands in quotes after `threat`, which is how titles name rows. */
const named = new Set(
  readdirSync(packages, { recursive: true, encoding: "utf8" })
    .filter((it) => /^[^/]+\/test\/.*\.ts$/.test(it) && !it.endsWith("LitellmRest.test.ts"))
    .flatMap((it) => readFileSync(join(packages, it), "utf8").split("\n"))
    .filter((line) => /["`][^"`]*\bthreats?\b/.test(line))
    .flatMap((line) => [...line.matchAll(/\b([A-E])(\d{2})\b/g)].map(([row]) => row))
)

it.each(Object.entries(groups))("threats of group %s: each row is in the title of a test", (group, rows) => {
  const all = Array.from({ length: rows }, (_, index) => `${group}${String(index + 1).padStart(2, "0")}`)
  assert.deepStrictEqual(all.filter((row) => !named.has(row)), [])
})
