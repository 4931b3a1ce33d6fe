import { assert, it } from "@effect/vitest"
import { addressed, complete, missing } from "../lib/Lock.ts"

const lock = {
  name: "example",
  packages: {
    "": { version: "1.0.0" },
    "node_modules/tool": {
      version: "2.0.0",
      resolved: "https://registry.example/tool.tgz",
      dev: true,
      optionalDependencies: { "@tool/linux-x64-musl": "2.0.0", "@tool/darwin-arm64": "2.0.0", "@tool/here": "2.0.0" }
    },
    "node_modules/@tool/here": { version: "2.0.0", optional: true },
    "node_modules/own": { resolved: "packages/own", link: true }
  }
}

it("platform packages that were not seen are written from their names", () => {
  assert.deepStrictEqual(missing(lock), {
    "node_modules/@tool/linux-x64-musl": {
      version: "2.0.0",
      dev: true,
      optional: true,
      cpu: ["x64"],
      libc: ["musl"],
      os: ["linux"]
    },
    "node_modules/@tool/darwin-arm64": { version: "2.0.0", dev: true, optional: true, cpu: ["arm64"], os: ["darwin"] }
  })
})

it("a completed lock file lacks nothing, names no host, and keeps the rest", () => {
  assert.deepStrictEqual(addressed(lock), ["node_modules/tool"])
  const done = complete(lock)
  assert.deepStrictEqual([missing(done), addressed(done)], [{}, []])
  assert.deepStrictEqual(complete(done), done)
  assert.strictEqual(done.name, "example")
  assert.strictEqual(done.packages["node_modules/own"].resolved, "packages/own")
})

it("a range tells no version", () => {
  assert.throws(() => missing({ packages: { a: { optionalDependencies: { b: "^1.0.0" } } } }), /cannot be told/)
})
