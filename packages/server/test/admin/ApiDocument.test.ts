import { assert, describe, it } from "@effect/vitest"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { Effect } from "effect"
import * as OpenApi from "effect/http-api/OpenApi"
import { AdminApi } from "../../src/admin/AdminApi.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const document = OpenApi.fromApi(AdminApi)

const methods = ["get", "post", "put", "patch", "delete"] as const

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const it = item[method]
    return it === undefined ? [] : [{ path, method, ...it }]
  })
)

describe("/openapi.json", () => {
  it("is sound for a public validator and linter, which find nothing", async () => {
    const found = await lintFromString({
      source: JSON.stringify(document),
      config: await createConfig({ extends: ["recommended-strict"] })
    })
    assert.deepStrictEqual(found.map((it) => `${it.ruleId} ${it.location[0]?.pointer ?? ""}: ${it.message}`), [])
  })

  it("says of each parameter what it is, of each list what stands in it", () => {
    for (const { method, parameters, path } of operations) {
      for (const { description, name } of parameters ?? []) {
        assert.isTrue(description !== undefined && description !== name, `${method} ${path}: ${name}`)
      }
    }
    const lists = JSON.stringify(document.components.schemas).match(
      /"type":"array"(?!,"(?:items|prefixItems)")[^{]{0,40}/g
    )
    assert.isNull(lists)
  })

  it("says of each operation what it is for, who may, and how it is refused", () => {
    assert.isAbove(operations.length, 80)
    for (const { description, method, operationId, path, responses, security, summary } of operations) {
      const name = `${method} ${path} (${operationId})`
      assert.isString(summary, name)
      assert.isString(description, name)
      assert.isNotEmpty(security, name)
      const refusals = Object.keys(responses).filter((it) => Number(it) >= 400)
      assert.isNotEmpty(refusals, name)
      const isOpen = security.some((it) => Object.keys(it).length === 0)
      if (!isOpen) assert.includeMembers(refusals, ["401", "403"], name)
    }
  })

  it.live(
    "names every address of the admin listener that answers data, and is shown at /docs without any other host",
    () =>
      Effect.gen(function*() {
        const { admin } = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, { ADMIN: "let-me-in" })
        yield* Effect.promise(async () => {
          for (const { method, path } of operations) {
            if (path.endsWith("/live")) continue
            const url = `${admin}${path.replaceAll(/\{\w+\}/g, "none")}`
            const response = await fetch(url, {
              method: method.toUpperCase(),
              headers: { authorization: "Bearer let-me-in", "content-type": "application/json" },
              ...(method === "get" || method === "delete" ? {} : { body: "{}" })
            })
            const text = await response.text()
            // An address that nobody answers has no problem document.
            assert.isFalse(response.status === 404 && text === "", `${method} ${path}`)
            const declared = Object.keys(
              operations.find((it) => it.path === path && it.method === method)?.responses ?? {}
            )
            assert.include(declared, String(response.status), `${method} ${path}: ${text.slice(0, 200)}`)
          }
          const served = await fetch(`${admin}/openapi.json`).then((it) => it.json())
          assert.deepStrictEqual(Object.keys(served.paths), Object.keys(document.paths))
          const docs = await fetch(`${admin}/docs`).then((it) => it.text())
          assert.deepStrictEqual(docs.match(/<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?\/\/[^"]*"/g) ?? [], [])
          // The script would ask its maker for fonts otherwise.
          assert.include(docs, "\"withDefaultFonts\":false")
        })
      })
  )
})
