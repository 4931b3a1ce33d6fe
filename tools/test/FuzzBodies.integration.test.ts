import { assert, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { run } from "../../fuzz/bodies.ts"
import { needs } from "../../fuzz/Readers.ts"

describeWith(needs, "npm run fuzz -- bodies", () => {
  it(
    "RULES D55: what the gate sends names the same models to Python, Go and Node, and to whoever judged it",
    async () => {
      const { findings, named, passed, passedAsTheyCame } = await run(3_000, 20_260_101)
      assert.deepStrictEqual(findings, [])
      // The draws are worth something: much passes, and most of it names models.
      assert.isAbove(passed, 600)
      assert.isAbove(named, 450)
      assert.isAbove(passedAsTheyCame, 500)
    },
    240_000
  )
})
