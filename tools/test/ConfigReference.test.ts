/** `UPDATE_DOCS=true` writes the generated documents anew. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { jsonSchema, referencePage, settings } from "../lib/ConfigReference.ts"

const docs = new URL("../../docs/", import.meta.url)

const isCurrent = (name: string, text: string): void => {
  const url = new URL(name, docs)
  if (process.env["UPDATE_DOCS"] === "true") writeFileSync(url, text)
  assert.strictEqual(readFileSync(url, "utf8"), text, `docs/${name} is not what the schema says: UPDATE_DOCS=true`)
}

describe("the reference of the configuration file", () => {
  it("docs/configuration.md is what the schema says", () => {
    isCurrent("configuration.md", referencePage())
  })

  it("docs/jotgate.schema.json is what the schema says", () => {
    isCurrent("jotgate.schema.json", `${JSON.stringify(jsonSchema(), null, 2)}\n`)
  })

  it("every setting is described", () => {
    assert.deepStrictEqual(settings().filter((it) => it.description === undefined).map((it) => it.path), [])
  })

  it("what editors show as the default of a setting is its default", () => {
    const untold = settings().filter(({ default: it, told }) => {
      const text = it === undefined ? undefined : JSON.stringify(it)
      // A map is told by its members.
      return text?.startsWith("{") === true ? told !== undefined : told !== text
    })
    assert.deepStrictEqual(untold.map(({ default: it, path, told }) => ({ path, default: it, told })), [])
  })

  it("defaults are those that reading an empty file gives", () => {
    const found = (path: string) => settings().find((it) => it.path === path)?.default
    assert.strictEqual(found("gateway.listen"), "0.0.0.0:4180")
    assert.strictEqual(found("issuers[].expiry.maxLifetime"), "24h")
    assert.strictEqual(found("issuers[].keys.life"), "5m")
    assert.deepStrictEqual(found("policy.teamRoutes"), ["llm_api_routes", "info_routes"])
    assert.strictEqual(found("gateway.upstream"), null)
    assert.strictEqual(found("gateway.upstream.header"), "authorization")
    assert.isUndefined(found("issuers[].id"))
  })

  it("the JSON Schema knows issuers that name a preset, with what the presets ask for", () => {
    const { anyOf: [, preset] } = Object(jsonSchema()).properties.issuers.items
    assert.includeMembers(preset.properties.preset.enum, ["okta", "entra", "keycloak"])
    assert.containsAllKeys(preset.properties, ["audience", "claims", "domain", "tenant"])
    assert.deepStrictEqual(preset.required, ["preset", "audience"])
  })

  it("an unknown key is an error in the JSON Schema too", () => {
    const text = JSON.stringify(jsonSchema())
    assert.include(text, "\"additionalProperties\":false")
    assert.notInclude(text, "Infinity")
  })
})
