import { assert, describe, it } from "@effect/vitest"
import { carried, type Core } from "../lib/Inner.ts"

const compiled: Readonly<Record<string, string>> = {
  "Gate.js": `import { make } from "./rules/Policy.js"\nexport const Gate = make`,
  "rules/Policy.js": [
    `import { importJWK } from "jose"`,
    `import { Gate } from "../Gate.js"`,
    `import { cut } from "../Text.js"`,
    `const words = ["from", "Gate.js"]`,
    `//# sourceMappingURL=Policy.js.map`
  ].join("\n"),
  "rules/Policy.d.ts": `import type { Cut } from "../Text.ts"\nexport type Policy = import("../Gate.ts").Gate`,
  "Text.js": `export const cut = (it) => it`,
  "Text.d.ts": `export type Cut = string`
}
const core: Core = {
  read: (path) => compiled[path],
  subpaths: new Map([[".", "index"], ["./Gate", "Gate"], ["./Policy", "rules/Policy"]]),
  shown: new Set([".", "./Gate"])
}
const own = [
  { path: "sql/Store.js", text: `import { Gate } from "@jotgate/core/Gate"\nimport { P } from "@jotgate/core/Policy"` },
  { path: "sql/Store.d.ts", text: `export declare const it: import("@jotgate/core/Policy").Policy` }
]

describe("the modules of core that a package brings along", () => {
  const { files, needs } = carried(own, core)
  const textOf = (path: string) => files.find((it) => it.path === path)?.text

  it("are copies of those that are not shown, with what they import", () => {
    assert.deepStrictEqual(
      files.map((it) => it.path).toSorted(),
      [
        "core/Text.d.ts",
        "core/Text.js",
        "core/rules/Policy.d.ts",
        "core/rules/Policy.js",
        "sql/Store.d.ts",
        "sql/Store.js"
      ]
    )
  })

  it("what is shown comes from core, for code and for types", () => {
    assert.strictEqual(
      textOf("sql/Store.js"),
      `import { Gate } from "@jotgate/core/Gate"\nimport { P } from "../core/rules/Policy.js"`
    )
    assert.strictEqual(textOf("sql/Store.d.ts"), `export declare const it: import("../core/rules/Policy.js").Policy`)
    assert.include(textOf("core/rules/Policy.js"), `from "@jotgate/core/Gate"`)
    assert.include(textOf("core/rules/Policy.js"), `from "../Text.js"`)
    assert.strictEqual(
      textOf("core/rules/Policy.d.ts"),
      `import type { Cut } from "../Text.js"\nexport type Policy = import("@jotgate/core/Gate").Gate`
    )
  })

  it("what a shown module shows whole comes from there", () => {
    const through = {
      ...core,
      read: (path: string) => path === "Gate.js" ? `export * from "./Text.js"` : core.read(path)
    }
    const one = carried([{ path: "A.js", text: `import { cut } from "@jotgate/core/Text"` }], {
      ...through,
      subpaths: new Map([...core.subpaths, ["./Text", "Text"]])
    })
    assert.deepStrictEqual(one.files, [{ path: "A.js", text: `import { cut } from "@jotgate/core/Gate"` }])
  })

  it("code stays as it is, without the map that is not there", () => {
    assert.include(textOf("core/rules/Policy.js"), `const words = ["from", "Gate.js"]`)
    assert.notInclude(textOf("core/rules/Policy.js"), "sourceMappingURL")
  })

  it("says which packages the copies need", () => {
    assert.deepStrictEqual([...needs], ["jose"])
  })
})
