import { assert, it } from "@effect/vitest"
import { differences, expected } from "../lib/Exports.ts"

const at = (...names: ReadonlyArray<string>) => names.map((it) => `packages/core/src/${it}`)

it("each module is a subpath, whatever its folder", () => {
  const map = expected(
    at("index.ts", "Errors.ts", "node.ts", "keys/KeyStore.ts", "testing/index.ts", "testing/Issuer.ts")
  )
  assert.deepStrictEqual(Object.keys(map), [".", "./Errors", "./KeyStore", "./node", "./testing", "./package.json"])
  assert.deepStrictEqual(map["./KeyStore"], {
    source: "./src/keys/KeyStore.ts",
    types: "./dist/keys/KeyStore.d.ts",
    default: "./dist/keys/KeyStore.js"
  })
})

it("two modules of one name are refused", () => {
  assert.throws(() => expected(at("issuer/Issuer.ts", "identity/Issuer.ts")), /called Issuer/)
})

it("missing, surplus and wrong entries are named", () => {
  const wanted = expected(at("Errors.ts", "Trace.ts"))
  const errors = wanted["./Errors"]
  assert.isDefined(errors)
  const actual = { ".": "./elsewhere.js", "./Errors": errors, "./Old": "./old.js", "./package.json": "./package.json" }
  assert.deepStrictEqual(differences(actual, wanted), [
    "./Trace is missing",
    "./Old names no module",
    ". points elsewhere"
  ])
  assert.deepStrictEqual(differences(wanted, wanted), [])
})
