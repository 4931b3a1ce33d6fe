import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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

  it("needs the secrets that its head makes, each a value of its own", () => {
    const text = readFileSync(at("compose.yaml"), "utf8")
    const lines = [...text.matchAll(/^# {3}(?!docker)(.*)$/gm)].map(([, line]) => line)
    const folder = mkdtempSync(join(tmpdir(), "jotgate-compose-"))
    try {
      execFileSync("bash", ["-ec", lines.join("\n")], { cwd: folder })
      const made = readFileSync(join(folder, ".env"), "utf8").trim().split("\n").map((it) => it.split("="))
      const needed = new Set([...text.matchAll(/\$\{(\w+):\?\}/g)].map(([, name = ""]) => name))
      assert.includeMembers(made.map(([name]) => name), [...needed])
      assert.strictEqual(new Set(made.map(([, value]) => value)).size, made.length)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
