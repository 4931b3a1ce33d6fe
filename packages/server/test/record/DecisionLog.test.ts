import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DecisionLog } from "../../src/record/DecisionLog.ts"
import { Recording } from "../../src/record/Recording.ts"
import * as RecordLine from "../../src/record/RecordLine.ts"
import * as Redaction from "../../src/record/Redaction.ts"

const opened = { door: "proxy", method: "GET", route: "/v1/files", requestId: null }

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-audit-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

/** Records one answer in `log`, and says its id. */
const record = (log: DecisionLog["Service"]): string => {
  const it = new Recording({
    time: () => 0,
    ticks: () => 0,
    record: log.record,
    refused: () => {},
    firstByte: () => {}
  }, opened)
  it.answered(200)
  return it.id
}

describe("DecisionLog", () => {
  it.live("writes a line for each answer soon after it, and the last ones when it ends", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "audit.jsonl")
      const ids = () =>
        readFileSync(file, "utf8").split("\n").filter((it) => it !== "").map((it) => JSON.parse(it).decision)
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(DecisionLog.layer({ audit: `file:${file}`, keep: 1 }), scope)
      const log = Context.get(services, DecisionLog)
      const first = [record(log), record(log)]
      assert.deepStrictEqual(log.recent(9).map((it) => it.decision), first.toReversed(), "found before it is written")
      yield* Effect.sleep(200)
      assert.deepStrictEqual(ids(), first)
      assert.deepStrictEqual(log.recent(9).map((it) => it.decision), first.slice(1))
      const last = record(log)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(ids(), [...first, last])
      assert.deepStrictEqual(log.recent(9).map((it) => it.decision), [last])
    }))

  it.live("writes every line of a moment that brings thousands, in order", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "audit.jsonl")
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(DecisionLog.layer({ audit: `file:${file}`, keep: 0 }), scope)
      const log = Context.get(services, DecisionLog)
      const given = Array.from({ length: 2_000 }, () => record(log))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        readFileSync(file, "utf8").split("\n").map((it) => it === "" ? it : JSON.parse(it).decision),
        [...given, ""]
      )
    }))

  it.live("keeps no address of what another process tells, neither of its lines nor of their questions", () =>
    Effect.scoped(Effect.gen(function*() {
      const redact = Redaction.make("key")
      const services = yield* Layer.build(DecisionLog.layer({ audit: "none", keep: 9, redact }))
      const log = Context.get(services, DecisionLog)
      const lines: Array<string> = []
      const recorder = {
        time: () => 0,
        ticks: () => 0,
        record: (it: Recording) => void lines.push(`${RecordLine.line(it)}\n`),
        refused: () => {},
        firstByte: () => {}
      }
      // A process of its own makes the line, and knows no pseudonyms.
      const it = new Recording(recorder, { ...opened, route: "/v1/files/alice@acme.test" })
      it.answered(200)
      log.take(lines.join(""), [JSON.stringify({ claims: { email: "alice@acme.test" } })])
      const told = `${JSON.stringify(log.find(it.id))} ${log.question(it.id)}`
      assert.notInclude(told, "alice@")
      assert.strictEqual(told.split(redact("alice@acme.test")).length, 3, told)
    })))
})
