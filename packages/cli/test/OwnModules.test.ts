import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as OwnModules from "../src/OwnModules.ts"

const base = "file:///opt/jotgate/dist/command/"

describe("OwnModules", () => {
  const find = OwnModules.within(base)

  it("finds what lies beside whoever asks, and below", () => {
    assert.strictEqual(find("./chunk-A.js", `${base}main.js`), `${base}chunk-A.js`)
    assert.strictEqual(find("../Other.js", `${base}commands/Who.js`), `${base}Other.js`)
  })

  it("leaves everything else to Node: others' modules, packages, what is outside, what is no module", () => {
    const strange: ReadonlyArray<readonly [specifier: string, parent: string | undefined]> = [
      ["./rules.js", "file:///etc/jotgate/policy.js"],
      ["./chunk-A.js", undefined],
      ["undici", `${base}main.js`],
      ["node:fs", `${base}main.js`],
      ["../../package.json", `${base}main.js`],
      ["../elsewhere.js", `${base}main.js`],
      ["./data.json", `${base}main.js`],
      ["file:///etc/jotgate/policy.js", `${base}main.js`]
    ]
    for (const [specifier, parent] of strange) assert.isUndefined(find(specifier, parent), specifier)
  })

  it("loads the same modules with it: own ones once, and those of somebody else", () => {
    const folder = mkdtempSync(join(tmpdir(), "jotgate-own-"))
    mkdirSync(join(folder, "own"))
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
    write("own/package.json", `{ "type": "module" }`)
    write("own/part.js", `export const loaded = globalThis.count = (globalThis.count ?? 0) + 1`)
    write("own/other.js", `export { loaded } from "./part.js"`)
    write("custom.mjs", `export { default } from "./more.mjs"`)
    write("more.mjs", `export default "custom"`)
    write(
      "own/main.js",
      `import { register } from ${JSON.stringify(new URL("../src/OwnModules.ts", import.meta.url).href)}
register(import.meta.url)
const { loaded } = await import("./part.js")
const other = await import("./other.js")
const custom = await import(${JSON.stringify(pathToFileURL(join(folder, "custom.mjs")).href)})
console.log(loaded, other.loaded, custom.default)`
    )
    const said = execFileSync(process.execPath, [join(folder, "own/main.js")], { encoding: "utf8" })
    rmSync(folder, { recursive: true })
    assert.strictEqual(said.trim(), "1 1 custom")
  })
})
