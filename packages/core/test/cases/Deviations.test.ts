/** Every numbered deviation that touches a decision has a test with its number. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** No test of a decision: what they leave to the upstream is not there to be tested. */
const notADecision = [47]

/** Files that speak of rules without deciding anything. */
const aboutTests = ["Deviations.test.ts", "LitellmRest.test.ts"]

it("RULES D1 to D52: each has a test here that names it", () => {
  const named = new Set(
    [".", "../principal"].flatMap((folder) => {
      const path = join(import.meta.dirname, folder)
      const tests = readdirSync(path).filter((it) => it.endsWith(".test.ts") && !aboutTests.includes(it))
      return tests.flatMap((file) =>
        [...readFileSync(join(path, file), "utf8").matchAll(/(?:RULES |deviates\(\s*")D(\d+)/g)].map((it) =>
          Number(it[1])
        )
      )
    })
  )
  const missing = Array.from({ length: 52 }, (_, index) => index + 1).filter((it) => !named.has(it))
  assert.deepStrictEqual(missing, notADecision)
})
