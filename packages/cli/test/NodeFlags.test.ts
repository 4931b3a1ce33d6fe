import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as NodeFlags from "../src/NodeFlags.ts"

const module = new URL("../src/NodeFlags.ts", import.meta.url).href

/** What V8 calls its flags in a process that began with these, before and after `serve` has set its own. */
const tags = (...flags: ReadonlyArray<string>): readonly [before: number, after: number] => {
  const program = `import { settle } from ${JSON.stringify(module)}
import { cachedDataVersionTag } from "node:v8"
const before = cachedDataVersionTag()
settle()
console.log(JSON.stringify([before, cachedDataVersionTag()]))`
  return JSON.parse(
    execFileSync(process.execPath, [...flags, "--input-type=module", "--eval", program], { encoding: "utf8" })
  )
}

describe("NodeFlags", () => {
  it("a verb that stays begins with its flags; one that ends soon has none", () => {
    for (const verb of ["dev", "directory", "plan"]) assert.isTrue(NodeFlags.atStart(verb, "13.6.233"), verb)
    for (const verb of ["check", "who", "--version", ""]) assert.isFalse(NodeFlags.atStart(verb, "13.6.233"), verb)
  })

  it("serve begins with them only where V8's own young generation is smaller", () => {
    assert.isFalse(NodeFlags.atStart("serve", "13.6.233.17-node.37"))
    assert.isFalse(NodeFlags.atStart("serve", "14.1.146"))
    assert.isTrue(NodeFlags.atStart("serve", "12.4.254.21-node.33"))
  })

  it("serve sets its flags later as if it had begun with them", () => {
    const [before, after] = tags()
    // The marker of a chosen size is no flag that V8 tells apart: with the others alone the tag is the same.
    assert.deepStrictEqual(tags(...NodeFlags.flagsOf("serve")), [after, after])
    assert.notStrictEqual(before, after)
  })

  it("keeps to flags of somebody's own", () => {
    const [before, after] = tags("--max-semi-space-size=16")
    assert.strictEqual(before, after)
  })
})
