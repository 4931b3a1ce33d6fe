/** Whatever the file system says of a key file: a key, no key, or a denial; never an exception, never the default instead. */
import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compile, KeyFiles } from "../../src/proxy/UpstreamKey.ts"

const folder = mkdtempSync(join(tmpdir(), "jotgate-keys-"))
const keyFor = compile(
  { team: `file:${folder}/{team}.key`, default: "env:DEFAULT" },
  "authorization",
  "default",
  new KeyFiles(),
  { DEFAULT: "sk-default" }
)
const told = (team: string) => {
  const it = keyFor(team)
  return it._tag === "Key" ? it.credential.value : it._tag
}

describe("the key file of a team", () => {
  it("is the team's key, or the default where there can be no such file", () => {
    writeFileSync(join(folder, "red.key"), "sk-red\n")
    assert.strictEqual(told("red"), "Bearer sk-red")
    assert.strictEqual(told("blue"), "Bearer sk-default")
    // ENAMETOOLONG, with the ending and without.
    assert.strictEqual(told("x".repeat(252)), "Bearer sk-default")
    assert.strictEqual(told("é".repeat(200)), "Bearer sk-default")
    assert.strictEqual(told("x".repeat(100_000)), "Bearer sk-default")
  })

  it("that is there and cannot be read is a denial", () => {
    mkdirSync(join(folder, "folder.key"))
    symlinkSync("loop.key", join(folder, "loop.key"))
    writeFileSync(join(folder, "empty.key"), "\n")
    writeFileSync(join(folder, "large.key"), "x".repeat(20_000))
    writeFileSync(join(folder, "binary.key"), Uint8Array.of(0, 1, 2))
    for (const team of ["folder", "loop", "empty", "large", "binary"]) assert.strictEqual(told(team), "Missing", team)
    rmSync(folder, { recursive: true })
  })
})
