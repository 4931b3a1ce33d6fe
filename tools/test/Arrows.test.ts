import { assert, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { check } from "../lib/Arrows.ts"
import { houses, picture, reach } from "../lib/Rooms.ts"
import { parse } from "../lib/Sources.ts"

const tool = join(import.meta.dirname, "../arrows.ts")

const findings = (path: string, text: string) => check([parse({ path, text })]).map((it) => it.message)

const refused = (path: string, text: string, message: RegExp) => {
  const found = findings(path, text)
  assert.strictEqual(found.length, 1, `${path}: ${text}`)
  assert.match(found[0] ?? "", message)
}

const allowed = (path: string, text: string) => assert.deepStrictEqual(findings(path, text), [], `${path}: ${text}`)

describe("between packages", () => {
  const packages = [
    ["packages/core", "@jotgate/core"],
    ["packages/store", "@jotgate/store"],
    ["packages/server", "@jotgate/server"],
    ["packages/cli", "jotgate"]
  ] as const

  it("each imports what stands left of it, and nothing else", () => {
    packages.forEach(([root], here) => {
      packages.forEach(([, name], there) => {
        const text = `import { a } from "${name}/a"`
        if (there < here) allowed(`${root}/src/a.ts`, text)
        else refused(`${root}/src/a.ts`, text, there === here ? /own package by path/ : /the other way/)
      })
    })
  })

  it("a type-only import, a re-export, a dynamic import and an import type count too", () => {
    for (
      const text of [
        `import type { a } from "@jotgate/store"`,
        `export const b = 1; export { a } from "@jotgate/store"`,
        `export const a = () => import("@jotgate/store")`,
        `export type A = import("@jotgate/store").A`
      ]
    ) refused("packages/core/src/a.ts", text, /the other way/)
  })

  it("an import in a comment or a string is none", () => {
    allowed("packages/core/src/a.ts", `/** import { a } from "@jotgate/store" */ export const b = "import 'jotgate'"`)
  })

  it("tests keep the arrow, and may import their own package and the real servers", () => {
    allowed(
      "packages/store/test/a.test.ts",
      `import "@jotgate/core"; import "@jotgate/store"; import "@jotgate/servers"`
    )
    refused("packages/store/test/a.test.ts", `import "@jotgate/server"`, /the other way/)
  })

  it("nobody reaches into another package by path", () => {
    refused("packages/store/src/a.ts", `import "../../core/src/Errors.ts"`, /leaves packages\/store\/src/)
    refused("packages/store/src/a.ts", `import "../test/a.ts"`, /leaves packages\/store\/src/)
    allowed("packages/store/test/a.test.ts", `import "../src/a.ts"`)
  })

  it("an import that the package file does not name is refused", () => {
    const module = parse({ path: "packages/store/src/a.ts", text: `import "redis"; import "lodash"; import "node:fs"` })
    const found = check([module], { "packages/store": { dependencies: { redis: "1.0.0" } } })
    assert.deepStrictEqual(found.map((it) => it.message), ["lodash is not a dependency of @jotgate/store"])
  })
})

describe("inside core", () => {
  const at = (place: string) => `packages/core/src/${place}`
  const line = ["settings", "cache", "directory", "rules", "token", "keys", "opaque", "principal", "decision"]

  it("a room imports what stands left of it, types included", () => {
    line.forEach((here, i) => {
      line.forEach((there, j) => {
        const text = `import type { B } from "../${there}/B.ts"`
        if (j <= i) allowed(at(`${here}/A.ts`), text)
        else refused(at(`${here}/A.ts`), text, new RegExp(`${here} may import .* not ${there}`))
      })
    })
    refused(at("issuer/A.ts"), `import type { B } from "../rules/B.ts"`, /issuer may import/)
    refused(at("keys/A.ts"), `import type { B } from "../opaque/B.ts"`, /keys may import/)
  })

  it("patterns are a room below settings, routes belong to rules", () => {
    allowed(at("settings/A.ts"), `import { b } from "../rules/patterns/B.ts"`)
    refused(at("rules/patterns/A.ts"), `import type { B } from "../Role.ts"`, /rules\/patterns may import/)
    allowed(at("rules/routes/A.ts"), `import { b } from "../patterns/B.ts"; import { c } from "../Role.ts"`)
  })

  it("rules take of others their types alone", () => {
    allowed(
      at("rules/Role.ts"),
      `import { Scope } from "./Scope.ts"; import type { Team } from "../directory/Directory.ts"`
    )
    refused(at("rules/Role.ts"), `import { Team } from "../directory/Directory.ts"`, /as a type only/)
    refused(at("rules/Role.ts"), `import type { all } from "../index.ts"`, /front door/)
    refused(at("rules/Role.ts"), `import { Forbidden } from "../Errors.ts"`, /as a type only/)
  })

  it("rules use the values of effect, never its effects", () => {
    allowed(
      at("rules/Role.ts"),
      `import * as Option from "effect/Option"; import type * as Effect from "effect/Effect"`
    )
    refused(at("rules/Role.ts"), `import * as Effect from "effect/Effect"`, /not effect\/Effect$/)
    refused(at("rules/Role.ts"), `import { Option } from "effect"`, /not effect$/)
    refused(at("rules/Role.ts"), `import * as HttpRouter from "effect/http/HttpRouter"`, /not effect\/http/)
  })

  it("rooms use the words of the top that are made of nothing above them", () => {
    const tree = (...files: ReadonlyArray<readonly [string, string]>) =>
      check(files.map(([name, text]) => parse({ path: at(name), text }))).map((it) => `${it.path}: ${it.message}`)
    const errors = ["Errors.ts", "export const a = 1"] as const
    const builder = ["AuthBuilder.ts", `import { b } from "./Step.ts"`] as const
    const step = ["Step.ts", `import type { Principal } from "./principal/Principal.ts"`] as const
    assert.deepStrictEqual(tree(errors, builder, step, ["token/A.ts", `import { a } from "../Errors.ts"`]), [])
    assert.deepStrictEqual(tree(errors, builder, step, ["decision/A.ts", `import { a } from "../AuthBuilder.ts"`]), [])
    assert.deepStrictEqual(tree(errors, builder, step, ["token/A.ts", `import type { a } from "../AuthBuilder.ts"`]), [
      `${at("token/A.ts")}: AuthBuilder.ts is made of principal: token may not import it`
    ])
    refused(at("token/A.ts"), `import { a } from "../index.ts"`, /front door/)
    refused(at("AuthBuilder.ts"), `import { Issuer } from "./testing/Issuer.ts"`, /not made of testing/)
  })

  it("effect and jose only", () => {
    allowed(at("token/A.ts"), `import "effect"; import "effect/http"; import "jose"`)
    refused(at("token/A.ts"), `import "undici"`, /effect and jose only/)
    refused(at("testing/index.ts"), `import { it } from "vitest"; export const a = it`, /effect and jose only/)
  })

  it("node: only behind the node subpath", () => {
    refused(at("token/Signature.ts"), `import "node:crypto"`, /any runtime/)
    allowed(at("token/SignatureNode.ts"), `import "node:crypto"`)
    allowed(at("node.ts"), `import "node:crypto"`)
  })

  it("an unknown folder has no place", () => {
    refused(at("util/A.ts"), `import "./B.ts"`, /no room is called util/)
  })
})

describe("inside store and server", () => {
  it("every room imports what it stands on, types included, and nothing else", () => {
    for (const house of houses) {
      const may = reach(house)
      for (const { name: here } of house.rooms) {
        for (const { name: there } of house.rooms) {
          // A pure room takes types only, so types are what is asked for here.
          const text = `import type { B } from "${"../".repeat(here.split("/").length)}${there}/B.ts"`
          if (may.get(here)?.has(there) === true) allowed(`${house.root}/src/${here}/A.ts`, text)
          else refused(`${house.root}/src/${here}/A.ts`, text, new RegExp(`${here} may import .*, not ${there}`))
        }
      }
    }
  })

  it("a room that nobody has drawn has no place", () => {
    refused("packages/server/src/util/A.ts", `import "./B.ts"`, /no room is called util/)
    refused("packages/store/src/util/A.ts", `import "./B.ts"`, /no room is called util/)
  })
})

describe("circles of files", () => {
  const tree = (files: Readonly<Record<string, string>>) =>
    check(Object.entries(files).map(([path, text]) => parse({ path: `packages/cli/src/${path}`, text })))
      .map((it) => it.message.replaceAll("packages/cli/src/", ""))

  it("are refused, types included, however long the way round", () => {
    const b = `export type { C } from "./dir/C.ts"`
    assert.deepStrictEqual(
      tree({
        "A.ts": `import type { B } from "./B.ts"`,
        "B.ts": `${b}; export const x = 1`,
        "dir/C.ts": `export type C = import("../A.ts").A`
      }),
      ["a circle of files: A.ts → B.ts → dir/C.ts → A.ts"]
    )
  })

  it("a file that two others import is none, and neither is a test that imports its source", () => {
    assert.deepStrictEqual(
      tree({ "A.ts": `import "./B.ts"; import "./C.ts"`, "B.ts": `import "./C.ts"`, "C.ts": "" }),
      []
    )
  })
})

it("the picture in the README is the one that is enforced", () => {
  const page = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8")
  assert.include(page, `\`\`\`\n${picture()}\`\`\`\n`)
  for (const { name } of houses.flatMap((it) => it.rooms)) assert.include(picture(), `  ${name} `)
})

it("one index per package", () => {
  allowed("packages/store/src/index.ts", `export * from "./A.ts"`)
  allowed("packages/core/src/testing/index.ts", `export * from "./Issuer.ts"`)
  allowed("packages/core/src/Repositories.ts", `export * from "./directory/UserRepo.ts"`)
  refused("packages/core/src/token/index.ts", `export * from "./A.ts"`, /one index per package/)
  refused("packages/store/src/all.ts", `export * from "./A.ts"`, /one index per package/)
})

it("sources are imported with .ts", () => {
  refused("packages/store/src/A.ts", `import "./B.js"`, /with their \.ts/)
})

it("the command fails on a tree that breaks an arrow, and says where", () => {
  const root = mkdtempSync(join(tmpdir(), "jotgate-arrows-"))
  try {
    const file = join(root, "packages/core/src/token/A.ts")
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `\nimport { B } from "../principal/B.ts"\n`)
    const broken = spawnSync(process.execPath, [tool, root], { encoding: "utf8" })
    assert.strictEqual(broken.status, 1)
    assert.match(broken.stderr, /^packages\/core\/src\/token\/A\.ts:2: token may import/)
    writeFileSync(file, `import { B } from "./B.ts"\n`)
    assert.match(
      execFileSync(process.execPath, [tool, root], { encoding: "utf8" }),
      /1 modules, all as drawn/
    )
  } finally {
    rmSync(root, { recursive: true })
  }
})
