import { assert, describe, it } from "@effect/vitest"
import { SavedKeys, type SavedSet } from "@jotgate/core/SavedKeys"
import { Effect, Layer, Result } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as SavedKeyFiles from "../../src/platform/SavedKeyFiles.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-keys-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const set: SavedSet = {
  issuer: "a",
  source: "s",
  text: "{\"keys\":[]}",
  fetchedAt: 1_000,
  life: 300_000,
  dropped: ["k"]
}

const save = (directory: string, it: SavedSet, durable = true) =>
  SavedKeys.use((saved) => saved.save(it, durable)).pipe(
    Effect.provide(Layer.provide(SavedKeyFiles.layer(directory), SavedKeys.layerMemory))
  )

/** Reads as a new process would: nothing is in memory. */
const load = (directory: string, issuer = "a", source = "s") =>
  SavedKeys.use((saved) => saved.load(issuer, source)).pipe(
    Effect.provide(Layer.provide(SavedKeyFiles.layer(directory), SavedKeys.layerMemory))
  )

const onlyFile = (directory: string): string => join(directory, readdirSync(directory)[0] ?? "nothing")

describe("SavedKeyFiles", () => {
  it.effect("a set outlives the process, as it was", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* save(directory, set)
      assert.deepStrictEqual(yield* load(directory), set)
      assert.isUndefined(yield* load(directory, "b"))
      assert.isUndefined(yield* load(directory, "a", "other"))
    }))

  it.effect("a set that is not to outlive the process is in no file", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* save(directory, set, false)
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it.effect("a new set replaces the old one as a whole; remove forgets it", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "made", "when missing")
      yield* save(directory, set)
      yield* save(directory, { ...set, text: "{}" })
      assert.strictEqual((yield* load(directory))?.text, "{}")
      assert.strictEqual(readdirSync(directory).length, 1)
      assert.strictEqual(statSync(onlyFile(directory)).mode & 0o777, 0o600)
      yield* SavedKeys.use((saved) => saved.remove("a", "s")).pipe(
        Effect.provide(Layer.provide(SavedKeyFiles.layer(directory), SavedKeys.layerMemory))
      )
      assert.isUndefined(yield* load(directory))
    }))

  it.effect.each(
    [
      ["cut off", (file: string) => truncateSync(file, 20)],
      ["empty", (file: string) => truncateSync(file, 0)],
      ["no JSON", (file: string) => writeFileSync(file, "keys")],
      ["of another source", (file: string) => writeFileSync(file, JSON.stringify({ ...set, source: "other" }))],
      ["without an age", (file: string) => writeFileSync(file, JSON.stringify({ ...set, fetchedAt: null }))]
    ] as const
  )("a file that is %s is no set", ([, spoil]) =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* save(directory, set)
      spoil(onlyFile(directory))
      assert.isUndefined(yield* load(directory))
    }))

  it.effect.each(
    [
      ["that everybody may write", (file: string) => chmodSync(file, 0o666)],
      ["larger than any set", (file: string) => writeFileSync(file, "x".repeat(1024 * 1024 + 1))]
    ] as const
  )("a file %s is refused", ([, spoil]) =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* save(directory, set)
      spoil(onlyFile(directory))
      assert.isTrue(Result.isFailure(yield* Effect.result(load(directory))))
    }))

  it.effect("a directory that cannot be used fails the saving, with its code", () =>
    Effect.gen(function*() {
      const file = join(yield* temporary, "file")
      writeFileSync(file, "")
      const failed = yield* Effect.flip(save(file, set))
      assert.include(["ENOTDIR", "EEXIST"], failed.reason)
    }))

  it.effect("what a killed process left half-written is removed at the next start, once it is old", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const old = join(directory, `keys-${"0".repeat(32)}.json.${"0".repeat(16)}.tmp`)
      const young = join(directory, `keys-${"0".repeat(32)}.json.${"1".repeat(16)}.tmp`)
      for (const file of [old, young]) writeFileSync(file, "{")
      utimesSync(old, 1, 1)
      yield* load(directory)
      assert.deepStrictEqual(readdirSync(directory), [young.slice(directory.length + 1)])
    }))

  it.live(
    "kill -9 while a set is being written leaves a whole set, old or new (5 times; 50 in the soak)",
    () =>
      Effect.gen(function*() {
        const directory = yield* temporary
        const writer = fileURLToPath(new URL("../support/saved-keys-writer.ts", import.meta.url))
        for (let round = 0; round < 5; round++) {
          yield* Effect.promise(async () => {
            const child = spawn(process.execPath, ["--conditions=source", writer, directory], {
              stdio: ["ignore", "pipe", "inherit"]
            })
            await once(child.stdout, "data")
            await new Promise((resolve) => setTimeout(resolve, 20 + round * 7))
            child.kill("SIGKILL")
            await once(child, "exit")
          })
          const found = yield* load(directory)
          assert.strictEqual(JSON.parse(found?.text ?? "null")?.keys?.length, 2_000)
        }
      })
  )
})
