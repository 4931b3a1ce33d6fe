import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "../lib/Sources.ts"
import { imported, type PackageFile, packed, shippedModules, shown } from "../lib/Surface.ts"

const root = join(import.meta.dirname, "../..")
const entry = (name: string) => ({
  source: `./src/${name}.ts`,
  types: `./dist/${name}.d.ts`,
  default: `./dist/${name}.js`
})

/** What the packages of ours import of one another. */
const all = imported(shippedModules(root))

describe("the surface of a packed package", () => {
  const file: PackageFile = {
    name: "@jotgate/core",
    exports: { "./Gate": entry("Gate"), "./KeySupply": entry("KeySupply"), "./Ticks": entry("Ticks") },
    scripts: { prepack: "x" },
    devDependencies: { effect: "1" },
    peerDependencies: { effect: "1" }
  }
  const imports = imported([
    parse({ path: "packages/store/src/A.ts", text: `import type { a } from "@jotgate/core/Ticks"` }),
    parse({ path: "packages/core/src/A.ts", text: `import "@jotgate/core/KeySupply"` })
  ])

  it("is what is shown, of core nothing else; without sources", () => {
    assert.deepStrictEqual(packed(file, imports), {
      name: "@jotgate/core",
      peerDependencies: { effect: "1" },
      exports: { "./Gate": { types: "./dist/Gate.d.ts", default: "./dist/Gate.js" } }
    })
  })

  it("of store also what server imports", () => {
    const store: PackageFile = {
      name: "@jotgate/store",
      exports: { "./Store": entry("Store"), "./Forgetting": entry("Forgetting"), "./Rows": entry("Rows") }
    }
    const used = imported([
      parse({ path: "packages/server/src/A.ts", text: `import "@jotgate/store/Forgetting"` }),
      parse({ path: "packages/store/src/A.ts", text: `import "@jotgate/store/Rows"` })
    ])
    assert.deepStrictEqual(Object.keys(packed(store, used).exports ?? {}), ["./Store", "./Forgetting"])
  })

  it("is small: about twenty subpaths of each", () => {
    for (const [folder, most] of [["core", 21], ["store", 20], ["server", 20]] as const) {
      const manifest: PackageFile = JSON.parse(readFileSync(join(root, `packages/${folder}/package.json`), "utf8"))
      const subpaths = Object.keys(packed(manifest, all).exports ?? {}).filter((it) => it !== "./package.json")
      assert.isAtMost(subpaths.length, most, subpaths.join())
    }
  })

  it("is told on the page for hosts, with what each subpath of core is for", () => {
    const page = readFileSync(join(root, "docs/embedding.md"), "utf8")
    const told = page.slice(page.indexOf("## What can be imported"), page.indexOf("## What was measured"))
    const names = new Set(Array.from(told.matchAll(/`([\w/@-]+)`/g), (it) => it[1]))
    const missing = shown["@jotgate/core"]?.filter((it) => !names.has(it === "." ? "@jotgate/core" : it.slice(2)))
    assert.deepStrictEqual(missing, [])
  })

  it("what is shown is there", () => {
    for (const [name, folder] of [["core", "core"], ["store", "store"], ["server", "server"]] as const) {
      const manifest: PackageFile = JSON.parse(readFileSync(join(root, `packages/${folder}/package.json`), "utf8"))
      for (const subpath of shown[`@jotgate/${name}`] ?? []) {
        assert.property(manifest.exports ?? {}, subpath, `@jotgate/${name} ${subpath}`)
      }
    }
  })

  it("no package of ours lacks what it imports of store and server", () => {
    for (const folder of ["store", "server"]) {
      const manifest: PackageFile = JSON.parse(readFileSync(join(root, `packages/${folder}/package.json`), "utf8"))
      const { exports = {} } = packed(manifest, all)
      for (const subpath of all.get(manifest.name) ?? []) assert.property(exports, subpath, manifest.name)
    }
  })
})
