import { assert, describe, it } from "@effect/vitest"
import { Secrets } from "@jotgate/core/Secrets"
import { Effect, Inspectable, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeSecrets from "../../src/platform/NodeSecrets.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-secrets-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const read = (reference: string, directory = "/", environment: Record<string, string> = {}) =>
  Secrets.use((secrets) => secrets.read(reference)).pipe(Effect.provide(NodeSecrets.layer(directory, environment)))

describe("NodeSecrets", () => {
  it.effect("reads a variable of the environment, redacted", () =>
    Effect.gen(function*() {
      const secret = yield* read("env:KEY", "/", { KEY: "hush" })
      assert.strictEqual(Redacted.value(secret), "hush")
      assert.notInclude(Inspectable.toStringUnknown(secret), "hush")
    }))

  it.effect("reads a file relative to the directory, without its last line break, anew each time", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const path = join(directory, "key")
      writeFileSync(path, " hush \r\n")
      assert.strictEqual(Redacted.value(yield* read("file:key", directory)), " hush ")
      writeFileSync(path, "two\n\n")
      assert.strictEqual(Redacted.value(yield* read(`file:${path}`)), "two\n")
    }))

  it.effect("what cannot be read is named by its reference, never by a value", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      writeFileSync(join(directory, "empty"), "\n")
      writeFileSync(join(directory, "bytes"), new Uint8Array([0xff, 0xfe]))
      writeFileSync(join(directory, "large"), "x".repeat(1024 * 1024 + 1))
      const reasonOf = (reference: string) =>
        Effect.map(Effect.flip(read(reference, directory, { NONE: "" })), ({ reason }) => reason)
      assert.strictEqual(yield* reasonOf("env:MISSING"), "not set")
      assert.strictEqual(yield* reasonOf("env:NONE"), "not set")
      assert.strictEqual(yield* reasonOf("file:missing"), "ENOENT")
      assert.strictEqual(yield* reasonOf("file:empty"), "empty")
      assert.strictEqual(yield* reasonOf("file:bytes"), "ERR_ENCODING_INVALID_ENCODED_DATA")
      assert.strictEqual(yield* reasonOf("file:large"), "EFBIG")
      execFileSync("mkfifo", [join(directory, "pipe")])
      for (const it of [".", "pipe", "/dev/zero", "/dev/tty0"]) {
        assert.match(yield* reasonOf(`file:${it}`), /^(no regular file|E[A-Z]+)$/, it)
      }
      assert.strictEqual(yield* reasonOf("file:pipe"), "no regular file")
      assert.strictEqual(yield* reasonOf("vault:x"), "neither env:NAME nor file:PATH")
    }))
})
