import { assert, describe, it } from "@effect/vitest"
import { isModelName } from "../../src/rules/ModelName.ts"

describe("isModelName", () => {
  it("is what providers call their models", () => {
    const names = [
      "gpt-4o",
      "openai/gpt-4.1-mini",
      "claude-3-5-sonnet@20240620",
      "anthropic.claude-3-haiku-20240307-v1:0",
      "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x",
      "ft:gpt-4o:acme::a%b",
      "..model",
      "a..b/c",
      "modèle-😀",
      "m".repeat(1024)
    ]
    for (const it of names) assert.isTrue(isModelName(it), it)
  })

  it("is nothing that an upstream could split, cut or read as a way to another model", () => {
    const names = [
      "",
      "a,b",
      "a\u0000",
      "\ud800",
      "m".repeat(1025),
      "azure/gpt-4o/../o1",
      "azure/./o1",
      "../o1",
      "gpt-4o/..",
      ".",
      "gpt-4o\\..\\o1",
      "gpt-4o/%2e%2E/o1",
      "gpt-4o%2f..%2fo1",
      "gpt-4o/.%2e?x",
      "gpt-4o/..#o1"
    ]
    for (const it of names) assert.isFalse(isModelName(it), it)
  })
})
