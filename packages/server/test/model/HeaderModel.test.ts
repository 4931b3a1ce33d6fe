import { assert, describe, it } from "@effect/vitest"
import { headerModel } from "../../src/model/HeaderModel.ts"
import { asked } from "../../src/model/ModelPeek.ts"

const names = new Set(["x-litellm-model"])

describe("headerModel", () => {
  it("RULES D19: finds a model under any spelling of the name", () => {
    for (const name of ["x-litellm-model", "X-LiteLLM-Model", "x_litellm_model", "X-Pass-X-LiteLLM-Model"]) {
      const seen = headerModel(["accept", "*/*", name, "gpt-4o"], names)
      assert.strictEqual(seen._tag === "Found" ? seen.one : seen._tag, "gpt-4o", name)
    }
  })

  it("RULES D19: refuses a header that is there twice, whatever it says", () => {
    for (const other of ["gpt-4o", "o1"]) {
      const seen = headerModel(["x-litellm-model", "gpt-4o", "X_LiteLLM_Model", other], names)
      assert.strictEqual(seen._tag === "Refused" ? seen.code : seen._tag, "request_ambiguous", other)
    }
  })

  it("RULES D54: what routes by a header to one of several models is no way round the body", () => {
    const body = Buffer.from(`{"model":"gpt-4o"}`)
    for (const name of ["seldon-model", "mm-model-id", "mm-vmodel-id", "X-Gateway-Model-Name"]) {
      const ask = (value: string) =>
        asked({
          method: "POST",
          target: "/v1/chat/completions",
          rawHeaders: [name, value],
          contentType: "application/json",
          body
        })?._tag
      assert.strictEqual(ask("o1"), "Conflict", name)
      assert.strictEqual(ask("gpt-4o"), "Known", name)
    }
  })
})
