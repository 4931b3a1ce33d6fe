/** `docs/errors.md` has a section for each code that a caller can see, and for nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { Codes } from "../src/Errors.ts"

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8")

/** The codes of the page by the heading of their status. */
const told = (): Readonly<Record<string, ReadonlyArray<string>>> => {
  const found: Record<string, Array<string>> = {}
  let codes: Array<string> = []
  for (const [, marks, title = ""] of page.matchAll(/^(##|###) (\S+)$/gm)) {
    if (marks === "##") found[title] = codes = []
    else codes.push(title)
  }
  return Object.fromEntries(Object.entries(found).map(([status, all]) => [status, all.toSorted()]))
}

describe("the page of errors", () => {
  it("has every code below its status, each once, and no other", () => {
    const wanted = Object.entries(Codes).map(([status, codes]) => [status, [...codes].toSorted()] as const)
    assert.deepStrictEqual(told(), Object.fromEntries(wanted))
  })

  it("says of each when it comes, what the caller does and what the operator does", () => {
    for (const section of page.split(/^### /m).slice(1)) {
      const [code = ""] = section.split("\n", 1)
      assert.match(section, /^When: \S/m, code)
      assert.match(section, /^- Caller: \S/m, code)
      assert.match(section, /^- Operator: \S/m, code)
    }
  })
})
