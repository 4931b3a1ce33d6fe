import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../support/Process.ts"

it.live(
  "a long answer with exit 1 is there to its end for who reads it through a pipe",
  () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
        (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
      )
      const file = join(folder, "litellm.json")
      const models = Array.from({ length: 3_000 }, (_, at) => ({
        model_name: `model-${at}-${"x".repeat(100)}`,
        litellm_params: { model: `openai/model-${at}` },
        model_info: { access_groups: ["all"] }
      }))
      writeFileSync(
        file,
        JSON.stringify({
          model_list: models,
          // Refused: exit 1.
          general_settings: { allow_requests_on_db_unavailable: true }
        })
      )
      const command = yield* start(["import", "litellm", file])
      yield* Effect.promise(() => new Promise((done) => command.process.on("close", done)))
      assert.strictEqual(command.process.exitCode, 1, command.err())
      assert.isAbove(command.out().length, 300_000)
      assert.isTrue(command.out().endsWith("\n"), "its last line is whole")
    }),
  120_000
)
