import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, Metric } from "effect"
import { line, type LogFormat, logger } from "../../src/platform/LogLine.ts"

/** The lines of an effect. */
const linesOf = (format: LogFormat, effect: Effect.Effect<void>) => {
  const lines: Array<string> = []
  const logger = Logger.make((options) => void lines.push(line(format)(options)))
  return Effect.as(Effect.provide(effect, Logger.layer([logger])), lines)
}

const happening = Effect.annotateLogs(
  Effect.logError("the keys cannot be fetched", { issuer: "okta", detail: "status 500", failures: 2 }),
  { source: "https://a.test/keys" }
)

describe("a line of the log", () => {
  it.effect("has one message, and each fact as a member, in JSON", () =>
    Effect.gen(function*() {
      const [text = ""] = yield* linesOf("json", happening)
      const { time, ...rest } = JSON.parse(text)
      assert.match(time, /^\d{4}-\d\d-\d\dT/)
      assert.deepStrictEqual(rest, {
        level: "error",
        message: "the keys cannot be fetched",
        source: "https://a.test/keys",
        issuer: "okta",
        detail: "status 500",
        failures: 2
      })
    }))

  it.effect("has the same members as text", () =>
    Effect.gen(function*() {
      const [text = ""] = yield* linesOf("text", happening)
      assert.match(
        text,
        /^time=\S+ level=error message="the keys cannot be fetched" source=https:\/\/a\.test\/keys issuer=okta detail="status 500" failures=2$/
      )
    }))

  it.effect("stays one line whatever it tells of, and a fact never takes the place of the message", () =>
    Effect.gen(function*() {
      const hostile = Effect.andThen(
        Effect.logWarning("one\ntwo", { message: "forged\nlevel=error", time: "now" }),
        Effect.logError("a decision crashed", Cause.die(new Error("boom\nlevel=info message=forged")))
      )
      for (const format of ["text", "json"] as const) {
        const lines = yield* linesOf(format, hostile)
        assert.strictEqual(lines.length, 2)
        for (const it of lines) assert.notInclude(it, "\n")
      }
      const [text = ""] = yield* linesOf("json", hostile)
      assert.deepInclude(JSON.parse(text), { message: "one\ntwo", message_: "forged\nlevel=error", time_: "now" })
    }))

  it.effect("waits within a bound for a reader that takes nothing; then it is dropped, counted and told", () =>
    Effect.gen(function*() {
      for (const format of ["text", "json"] as const) {
        const taken: Array<string> = []
        const stream = {
          writableLength: 0,
          write: (text: string) => {
            taken.push(text)
            stream.writableLength += text.length
          }
        }
        const many = Effect.forEach(Array.from({ length: 1_000 }), () => Effect.logInfo("x".repeat(10_000)))
        const counted = yield* Effect.gen(function*() {
          yield* many
          stream.writableLength = 0
          yield* Effect.logInfo("taken again")
          return (yield* Metric.snapshot).find((it) => it.id === "jotgate_log_dropped_total")?.state
        }).pipe(
          Effect.provide(Logger.layer([logger(format, stream)])),
          Effect.provideService(Metric.MetricRegistry, new Map())
        )
        const waited = taken.length - 1
        assert.isAbove(waited, 100)
        assert.isBelow(waited, 120)
        assert.deepInclude(counted, { count: 1_000 - waited })
        const [gap = "", next = "", ...rest] = (taken.at(-1) ?? "").split("\n")
        assert.match(gap, new RegExp(`warn.*lines of the log were dropped.*count\\W+${1_000 - waited}\\b`))
        assert.match(next, /taken again/)
        assert.deepStrictEqual(rest, [""])
      }
    }))
})
