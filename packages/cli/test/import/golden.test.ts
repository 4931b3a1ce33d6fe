/**
 * What the importer makes of whole files, as committed text that people read.
 * `UPDATE_FIXTURES=true` writes the files anew; a reader of the change then says whether it is right.
 */
import { assert, describe, it } from "@effect/vitest"
import { checkConfig } from "@jotgate/server/ConfigCheck"
import { parseConfig } from "@jotgate/server/ConfigFile"
import { Result } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { parse } from "yaml"
import { importLitellm } from "../../src/import/litellm.ts"
import { toText } from "../../src/import/ParityReport.ts"
import { settingsText } from "../../src/import/SettingsText.ts"

const folder = new URL("../fixtures/litellm/", import.meta.url)
const names = readdirSync(folder).filter((it) => /^[a-z-]+\.yaml$/.test(it)).map((it) => it.replace(".yaml", ""))

const env = {
  JWT_PUBLIC_KEY_URL: "https://idp.test/keys",
  JWT_AUDIENCE: "llm-gateway",
  JWT_ISSUER: "https://idp.test",
  MASTER_KEY: "x",
  DATABASE_URL: "x",
  OPENAI_API_KEY: "x",
  ANTHROPIC_API_KEY: "x"
}

const imported = (name: string, strict: boolean) => {
  const input: unknown = parse(readFileSync(new URL(`${name}.yaml`, folder), "utf8"))
  const result = Result.getOrThrow(importLitellm(input, { env, strict }))
  return { result, text: settingsText(result.file, result.origins, [`Imported from ${name}.yaml.`]) }
}

const compare = (file: string, text: string): void => {
  const url = new URL(file, folder)
  if (process.env["UPDATE_FIXTURES"] === "true") writeFileSync(url, text)
  assert.strictEqual(text, readFileSync(url, "utf8"))
}

const database = "postgres://litellm@127.0.0.1:5432/litellm"

const loaded = (text: string) => {
  const config = Result.getOrThrow(
    parseConfig({ name: "jotgate.yaml", text, directory: "/", env: { DATABASE_URL: database } })
  )
  return { config, errors: checkConfig(config).filter((it) => it.severity === "error") }
}

describe.each(names)("%s.yaml", (name) => {
  it("is imported as the committed file, with the committed report", () => {
    const { result, text } = imported(name, false)
    compare(`${name}.jotgate.yaml`, text)
    compare(`${name}.report.txt`, `${toText(result.report, result.release)}\n`)
  })

  it("the written file loads and is sound, with and without --strict", () => {
    for (const strict of [false, true]) assert.deepStrictEqual(loaded(imported(name, strict).text).errors, [])
  })

  it("the text says what the import decided", () => {
    const { result, text } = imported(name, false)
    const { issuers, policy, sharedIdentities } = loaded(text).config.settings
    assert.deepStrictEqual({ issuers, policy, sharedIdentities }, {
      issuers: result.settings.issuers,
      policy: result.settings.policy,
      sharedIdentities: result.settings.sharedIdentities
    })
  })

  it("importing twice gives the same text", () => {
    assert.strictEqual(imported(name, false).text, imported(name, false).text)
  })
})
