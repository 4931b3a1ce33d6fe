/** Every route of the groups that call LLMs runs a model, or runs none for a reason that stands here. */
import { assert, describe, it } from "@effect/vitest"
import * as ModelRoutes from "../../../src/rules/routes/ModelRoutes.ts"
import * as RouteGroups from "../../../src/rules/routes/RouteGroups.ts"

const groups = ["llm_api_routes", "openai_routes", "anthropic_routes", "google_routes", "litellm_native_routes"]

/** Routes that run no model when something is sent to them, by why. */
const runNone: Readonly<Record<string, ReadonlyArray<RegExp>>> = {
  "tells of something that is there already": [
    /^(?:\/v1)?\/(?:videos|batches|files|threads|responses|interactions)\/\{[^}]+\}(?:\/content|\/input_items)?$/,
    /^\/v1beta\/(?:interactions\/\{[^}]+\}|agents\/\{name\}\/versions)$/,
    /^(?:\/v1)?\/(?:models|model\/info)$/,
    /^\/(?:model_group\/info|utils\/model_info|claude_code_gateway\/v1\/models)$/,
    /^(?:\/v1)?\/vector_store\/list$/,
    /^\/v1\/skills\/\{skill_id\}$/
  ],
  "keeps text and calls nothing": [/^(?:\/v1)?\/threads$/],
  "a template with a question mark is no path": [/^(?:\/v1)?\/realtime\?/],
  "searches the web by the name of a tool": [/^(?:\/v1)?\/search/],
  "runs code, not models": [/^(?:\/v1)?\/containers/],
  "tools and agents have rules of their own": [/^\/mcp/, /\/mcp\//, /\/a2a\//, /^\/v1\/agents\/.*\/|make_public/],
  "guards text": [/^\/guardrails\//],
  "is answered over WebSocket only": [/^(?:\/v1)?\/realtime\/translations$/],
  "no service of it names a model": [/^\/(?:langfuse|milvus|comprehendmedical|transcribe|tinyfish)/],
  "tracing, plugins and tokens": [/^\/v1\/(?:traces|logs)/, /^\/claude-code\//, /^\/(?:introspect|token)$/]
}

const pathOf = (template: string): string =>
  template.replaceAll(/\{[^{}:]+:path\}/g, "a/b").replaceAll(/\{[^{}]+\}/g, "a").replace(/\*$/, "x/y")

describe("routes that call LLMs", () => {
  for (const release of ["1.90", "1.110"] as const) {
    const templates = new Set(groups.flatMap((it) => RouteGroups.of(release).get(it) ?? []))
    it(`of ${release}: POST runs a model, or the reason why not is written down`, () => {
      assert.isAbove(templates.size, 150)
      for (const template of templates) {
        const route = ModelRoutes.find("POST", pathOf(template))
        const reasons = Object.values(runNone).flat().filter((it) => it.test(template))
        assert.strictEqual(route === undefined, reasons.length > 0, `${template}: ${route?.family}`)
        if (route !== undefined) assert.isAbove(route.places.length, 0)
      }
    })
    it(`of ${release}: a slash at the end changes nothing (RULES D55)`, () => {
      for (const template of templates) {
        const path = pathOf(template)
        assert.deepStrictEqual(ModelRoutes.find("POST", `${path}/`), ModelRoutes.find("POST", path), path)
      }
    })
  }

  it("whatever is asked for, the memory stays bounded and the answer the same", () => {
    for (let i = 0; i < 5_000; i++) {
      assert.strictEqual(
        ModelRoutes.find("POST", `/${"x".repeat(i % 900)}/${i}/v1/chat/completions`)?.family,
        "chat completions"
      )
    }
    assert.strictEqual(ModelRoutes.find("POST", "/v1/chat/completions")?.family, "chat completions")
  })

  it("a kind of upstream narrows the places to those that it reads", () => {
    const places = (kind: ModelRoutes.UpstreamKind) =>
      ModelRoutes.textsOf(ModelRoutes.find("POST", "/v1/chat/completions", kind)?.places ?? [])
    assert.includeMembers([...places("any")], [
      "body model",
      "body models",
      "body fallbacks",
      "query deployment",
      "header x-litellm-model"
    ])
    assert.deepStrictEqual([...places("vllm")], ["path", "body model", "query model"])
    assert.include(places("openrouter"), "body models")
    assert.notInclude(places("openai"), "body fallbacks")
    for (const kind of ModelRoutes.upstreamKinds) {
      assert.isTrue(places(kind).every((it) => places("any").includes(it)), kind)
    }
  })
})
