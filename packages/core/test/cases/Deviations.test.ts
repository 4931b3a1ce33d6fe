/** Every numbered deviation that touches a decision has a test with its number. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** No test of a decision: what they leave to the upstream is not there to be tested. */
const notADecision = [47]

it("RULES D1 to D52: each has a test here that names it", () => {
  const named = new Set(
    readdirSync(import.meta.dirname).filter((it) => it !== "Deviations.test.ts").flatMap((file) =>
      [...readFileSync(join(import.meta.dirname, file), "utf8").matchAll(/(?:RULES |deviates\(\s*")D(\d+)/g)]
        .map((it) => Number(it[1]))
    )
  )
  const missing = Array.from({ length: 52 }, (_, index) => index + 1).filter((it) => !named.has(it))
  assert.deepStrictEqual(missing, notADecision)
})
