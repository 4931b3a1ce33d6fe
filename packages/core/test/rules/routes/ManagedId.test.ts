import { assert, describe, it } from "@effect/vitest"
import { ledTo, modelsOf } from "../../../src/rules/routes/ManagedId.ts"

/** As LiteLLM writes it: base64url without padding. */
const encoded = (text: string): string => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")

const file = "litellm:file-abc;model,o1-secret"
const managed = "litellm_proxy:application/octet-stream;unified_id,c4843482;target_model_names,gpt-4o,o1-secret"

describe("an id in which LiteLLM has written models", () => {
  it.each(
    [
      ["a file for a model", `file-${encoded(file)}`, ["o1-secret"]],
      ["a batch for a model", `batch_${encoded(file)}`, ["o1-secret"]],
      ["the same without what stands before it", encoded(file), ["o1-secret"]],
      ["a managed file, for several", encoded(managed), ["gpt-4o", "o1-secret"]],
      ["a managed batch", encoded("litellm_proxy;model_id:o1-secret;llm_batch_id:b"), ["o1-secret"]],
      [
        "a video",
        `video_${encoded("litellm:custom_llm_provider:openai;model_id:sora;video_id:v")}`,
        ["sora"]
      ],
      ["one that is not encoded", managed, ["gpt-4o", "o1-secret"]],
      ["with padding", `${encoded("litellm:f;model,ab")}==`, ["ab"]],
      ["in the other alphabet", `file-${btoa("litellm:f;model,\xc3\xbf\xc3\xbf\xc3\xbf")}`, ["ÿÿÿ"]],
      ["one inside the value of another", encoded("litellm_proxy:;model,amodel_id:b;"), ["amodel_id:b", "b"]]
    ] as const
  )("says which: %s", (_, id, models) => assert.deepStrictEqual(modelsOf(id), models))

  it.each(
    [
      ["names none", encoded("litellm_proxy:application/pdf;unified_id,c4843482")],
      ["is broken up, as a lenient decoder passes over", `file-${encoded(file).replace("Z", "Z\n!")}`],
      ["is too long to be one", "a".repeat(20_000)]
    ] as const
  )("says nothing that is known: it %s", (_, id) => assert.deepStrictEqual(modelsOf(id), []))

  it("is told from every other id", () => {
    for (const id of ["file-abc123", "batch_68f0", "vs_67f", "", "é", "file-", encoded("other:f;model,o1-secret")]) {
      assert.isUndefined(modelsOf(id), id)
    }
  })
})

describe("ledTo", () => {
  it("a reference says for itself which model runs, an id only when it is one of LiteLLM's", () => {
    assert.deepStrictEqual(ledTo("reference", "prompt-1"), [])
    assert.isUndefined(ledTo("id", "file-1"))
    assert.isUndefined(ledTo("reference", ""))
  })
})
