/** Writes one saved set over and over until it is killed: `node saved-keys-writer.ts DIRECTORY`. */
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Clock, Effect, Layer } from "effect"
import { writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import * as SavedKeyFiles from "../../src/platform/SavedKeyFiles.ts"

const [, , directory = ""] = process.argv
// Long enough that a write is many pages: a torn one would be seen.
const filler = Array.from({ length: 2_000 }, (_, index) => ({ kty: "EC", kid: `${index}`.padStart(64, "x") }))

const program = Effect.gen(function*() {
  const saved = yield* SavedKeys
  for (let round = 0;; round++) {
    const fetchedAt = yield* Clock.currentTimeMillis
    const text = JSON.stringify({ round, keys: filler })
    yield* saved.save({ issuer: "a", source: "s", text, fetchedAt, life: 300_000, dropped: [] }, true)
    if (round > 0) continue
    // It is killed, and what it had compiled would be lost to the next one.
    flushCompileCache()
    writeSync(1, "writing\n")
  }
})

Effect.runFork(Effect.provide(program, Layer.provide(SavedKeyFiles.layer(directory), SavedKeys.layerMemory)))
