import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { build } from "esbuild"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { expected, rotations } from "./support/Rotations.ts"
import * as Workerd from "./support/Workerd.ts"

const source = fileURLToPath(new URL("../src/workerd/worker.ts", import.meta.url))

/** The example's Worker, bundled and served by workerd. */
const serving = Effect.fnUntraced(function*(issuer: string) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-workerd-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const { metafile } = yield* Effect.promise(() =>
    build({
      stdin: { contents: `export { worker as default } from ${JSON.stringify(source)}`, resolveDir: dirname(source) },
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["source", "workerd", "import"],
      outfile: join(folder, "worker.js"),
      metafile: true,
      logLevel: "silent"
    })
  )
  const foreign = Object.keys(metafile.inputs).filter((it) => /^node:|platform-node|NodeSignature/.test(it))
  assert.deepStrictEqual(foreign, [])
  return yield* Workerd.serving(folder, issuer)
})

describe("the Worker, on workerd", () => {
  it.live(
    "a thousand requests, cold and at once, over three rotations of the issuer's keys: no hang, no wrong answer",
    () =>
      Effect.gen(function*() {
        const { fetches, late, rounds } = yield* rotations(serving)
        assert.deepStrictEqual(rounds, [expected, expected, expected, expected])
        if (late === 0) assert.isAtMost(fetches, 3)
      })
  )
})
