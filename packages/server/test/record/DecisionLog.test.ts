import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Decided, DecisionLog } from "../../src/record/DecisionLog.ts"

const decided = (decision: string): Decided => ({
  time: 0,
  decision,
  door: "proxy",
  method: "GET",
  route: "/v1/files",
  model: null,
  status: 200,
  code: null,
  issuer: "idp",
  user: "u-1",
  team: null,
  organization: null,
  requestId: null,
  millis: 1,
  steps: []
})

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-audit-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

describe("DecisionLog", () => {
  it.live("writes a line for each decision soon after it, and the last ones when it ends", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "audit.jsonl")
      const ids = () =>
        readFileSync(file, "utf8").split("\n").filter((it) => it !== "").map((it) => JSON.parse(it).decision)
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(DecisionLog.layer({ audit: `file:${file}`, keep: 1 }), scope)
      const log = Context.get(services, DecisionLog)
      for (const id of ["d_1", "d_2"]) log.record(decided(id))
      yield* Effect.sleep(200)
      assert.deepStrictEqual(ids(), ["d_1", "d_2"])
      log.record(decided("d_3"))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(ids(), ["d_1", "d_2", "d_3"])
      assert.deepStrictEqual(log.recent(9).map((it) => it.decision), ["d_3"])
    }))
})
