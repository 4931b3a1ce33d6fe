import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { parse } from "yaml"

const at = (path: string): URL => new URL(`../../../../deploy/${path}`, import.meta.url)

describe("deploy/compose.yaml", () => {
  it("mounts files that are there", () => {
    const text = readFileSync(at("compose.yaml"), "utf8")
    const mounted = [...text.matchAll(/\.\/(\S+?):\//g)].map(([, name = ""]) => name)
    assert.deepStrictEqual(mounted, ["jotgate.yaml", "litellm.yaml"])
    for (const name of mounted) {
      assert.isTrue(existsSync(at(name)), name)
      assert.isObject(parse(readFileSync(at(name), "utf8")))
    }
  })
})
