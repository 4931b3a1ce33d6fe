import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { fieldTexts } from "../lib/FieldTexts.ts"

describe("fieldTexts", () => {
  it("finds the doc comments at fields through constants, imports, spreads, functions, lists, maps and unions", () => {
    assert.deepStrictEqual(
      Object.fromEntries(
        [...fieldTexts(join(import.meta.dirname, "fixtures/fields"), "File.ts", "File")].map(([path, it]) => [
          path,
          it.text + (it.standard === undefined ? "" : ` @default ${it.standard}`)
        ])
      ),
      {
        "name": "The name.",
        "limits": "What is refused, as too much. @default {}",
        "limits.largest": "The largest, in bytes.",
        "list": "Several.",
        "list[].name": "The name.",
        "map": "By name.",
        "map.*": "The value.",
        "map.*.key": "The key.",
        "map.*.key.name": "The name.",
        "silent.key": "The key.",
        "silent.key.name": "The name."
      }
    )
  })
})
