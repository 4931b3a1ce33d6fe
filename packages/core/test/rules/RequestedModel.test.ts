import { assert, describe, it } from "@effect/vitest"
import { knownModel, refusedName, severalModels } from "../../src/rules/RequestedModel.ts"

describe("refusedName", () => {
  const allowing = (...allowed: ReadonlyArray<string>) => (name: string) =>
    allowed.some((it) => it.endsWith("*") ? name.startsWith(it.slice(0, -1)) : it === name)

  it("the first of several that is not allowed", () => {
    assert.strictEqual(refusedName(severalModels(["a", "b", "c"]), allowing("a")), "b")
    assert.isUndefined(refusedName(knownModel("a"), allowing("a")))
  })

  it("settings that are stored at OpenRouter, behind a name that a wildcard allows, by their own name as well", () => {
    const stored = knownModel("openai/gpt-4o@preset/mine")
    assert.strictEqual(refusedName(stored, allowing("openai/*")), "openai/gpt-4o@preset/mine")
    assert.isUndefined(refusedName(stored, allowing("openai/*", "@preset/mine")))
    assert.strictEqual(refusedName(severalModels(["a", "a@preset/x"]), allowing("a*")), "a@preset/x")
    assert.isUndefined(refusedName(knownModel("@preset/mine"), allowing("@preset/*")))
    assert.strictEqual(refusedName(knownModel("@preset/mine"), allowing("openai/*")), "@preset/mine")
  })
})
