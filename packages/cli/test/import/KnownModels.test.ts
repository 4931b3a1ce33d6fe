/** Which bare model names the importer gives a provider: those that release 1.90.0 of the reference knows by itself. */
import { assert, describe, it } from "@effect/vitest"
import { knownModels } from "../../src/import/KnownModels.ts"

describe("providers of bare model names (RULES, parity: model access)", () => {
  it.each([
    ["gpt-4o", "openai"],
    ["gpt-4o-2024-11-20", "openai"],
    ["o3-mini", "openai"],
    ["claude-sonnet-4-6", "anthropic"],
    ["gemini-2.5-pro", "vertex_ai"],
    ["command-r", "cohere_chat"],
    ["rerank-v3.5", "cohere"],
    ["gpt-3.5-turbo-instruct", "text-completion-openai"]
  ])("%s: %s", (name, provider) => {
    assert.strictEqual(knownModels.get(name), provider)
  })

  it.each([
    "gpt-4-32k",
    "gpt-4.5-preview",
    "o1-mini",
    "o1-preview",
    "claude-3-5-haiku-20241022",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-latest",
    "claude-3-7-sonnet-latest",
    "gemini-1.5-pro",
    "gemini-1.5-flash"
  ])("%s: none, the reference has forgotten it", (name) => {
    assert.isUndefined(knownModels.get(name))
  })
})
