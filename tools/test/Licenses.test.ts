import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { foldersOf, licensesOf } from "../lib/Licenses.ts"

const root = join(import.meta.dirname, "../..")
const bundled = (...paths: ReadonlyArray<string>) => ({
  outputs: { "main.js": { inputs: Object.fromEntries(paths.map((it) => [join(root, it), { bytesInOutput: 1 }])) } }
})

describe("Licenses", () => {
  it("knows the packages of a bundle once, and not those of which nothing is left", () => {
    const { outputs } = bundled("node_modules/yaml/a.js", "node_modules/yaml/b.js", "packages/cli/src/main.ts")
    const gone = { inputs: { "node_modules/ws/a.js": { bytesInOutput: 0 } } }
    assert.deepStrictEqual(foldersOf({ outputs: { ...outputs, "gone.js": gone } }), [join(root, "node_modules/yaml")])
  })

  it("brings the text of a scoped package, and the name of a licence that has no text", () => {
    const text = licensesOf(bundled("node_modules/@grpc/grpc-js/x.js", "node_modules/@redis/client/x.js"))
    assert.match(text, /^@grpc\/grpc-js 1\.\S+ \(Apache-2\.0\)\n-+\n\n\s*Apache License/)
    assert.match(text, /\n@redis\/client 6\.\S+ \(MIT\)\n-+\n$/)
  })
})
