import { assert, it } from "@effect/vitest"
import { describeWith, LiteLLM } from "../src/index.ts"

describeWith(["litellm-current", "litellm-older"], "LiteLLM's migrations", () => {
  it("begin with the baseline and go on in order; the current release has more", () => {
    const current = LiteLLM.migrations("current")
    const older = LiteLLM.migrations("older")
    assert.match(current[0]?.sql ?? "", /CREATE TABLE IF NOT EXISTS "LiteLLM_|CREATE TABLE "LiteLLM_/)
    assert.isAbove(current.length, older.length)
    assert.isAbove(older.length, 10)
  })
})
