/** Every numbered deviation has a test with its number whose title says what the reference decides. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** The table form of `deviates`, and the title that says it itself. */
const forms = [/deviates\(\s*"D(\d+)"/g, /RULES D(\d+)[^"`\n]*\(the reference: /g]

it("RULES D1 to D52: each has a test here that names it and the reference's decision", () => {
  const named = new Set(
    [".", "../principal"].flatMap((folder) => {
      const path = join(import.meta.dirname, folder)
      return readdirSync(path).filter((it) => it.endsWith(".test.ts")).flatMap((file) => {
        const text = readFileSync(join(path, file), "utf8")
        return forms.flatMap((form) => [...text.matchAll(form)].map((it) => Number(it[1])))
      })
    })
  )
  assert.deepStrictEqual(Array.from({ length: 52 }, (_, index) => index + 1).filter((it) => !named.has(it)), [])
})
