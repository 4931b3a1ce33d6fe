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

  it("is what is shown, and what packages of ours import from outside; without sources", () => {
    assert.deepStrictEqual(packed(file, imports), {
      name: "@jotgate/core",
      peerDependencies: { effect: "1" },
      exports: {
        "./Gate": { types: "./dist/Gate.d.ts", default: "./dist/Gate.js" },
        "./Ticks": { types: "./dist/Ticks.d.ts", default: "./dist/Ticks.js" }
      }
    })
  })

  it("what is shown is there", () => {
    for (const [name, folder] of [["core", "core"], ["store", "store"], ["server", "server"]] as const) {
      const manifest: PackageFile = JSON.parse(readFileSync(join(root, `packages/${folder}/package.json`), "utf8"))
      for (const subpath of shown[`@jotgate/${name}`] ?? []) {
        assert.property(manifest.exports ?? {}, subpath, `@jotgate/${name} ${subpath}`)
      }
    }
  })

  it("examples and documents use what is shown alone, and no package of ours lacks what it imports", () => {
    const imports = imported(shippedModules(root))
    for (const folder of ["core", "store", "server"]) {
      const manifest: PackageFile = JSON.parse(readFileSync(join(root, `packages/${folder}/package.json`), "utf8"))
      const { exports = {} } = packed(manifest, imports)
      for (const subpath of imports.get(manifest.name) ?? []) assert.property(exports, subpath, manifest.name)
    }
  })
})
