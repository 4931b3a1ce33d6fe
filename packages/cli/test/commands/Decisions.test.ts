import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { question, record, remember, world } from "../support/RecordedWorld.ts"
import { jotgate } from "../support/Shell.ts"

/** Three answers of one day. */
const records = [
  record(1, question(["red"], "gpt-4o"), "allow", "red"),
  record(2, question(["blue"], "gpt-4o"), "deny", null),
  record(3, question(["blue"], "claude-x"), "allow", "blue")
]
const [first, second, third] = records.map((it) => it.id)

describe("why could she, last Tuesday", () => {
  it.live("one command finds what she asked that day, and says why; from a found line to its steps is another", () =>
    Effect.gen(function*() {
      const { config, folder } = yield* world
      yield* remember(folder, records)
      const search = ["decisions", "--config", config, "--who", "alice"]
      const day = yield* jotgate(...search, "--on", "2026-11-24")
      assert.strictEqual(day.code, 0, day.err)
      const lines = day.out.split("\n")
      assert.match(lines[0] ?? "", /^TIME +ANSWER +WHO +TEAM +ASKED +REQUEST +DECISION$/)
      assert.deepStrictEqual(lines.slice(1).map((it) => it.split(/ +/).at(-1)), [third, second, first])
      assert.match(lines[2] ?? "", /403 team_model_denied +alice +- +gpt-4o +POST \/v1\/chat\/completions/)
      assert.include(day.err, "jotgate explain DECISION")

      const why = yield* jotgate(...search, "--on", "2026-11-24", "--status", "200", "--model", "gpt-4o", "--steps")
      assert.match(why.out, /^200 allow {3}alice → team red {3}model gpt-4o /)
      assert.include(why.out, "asked again with the rows and rules of now: 200 allow")
      assert.match(why.out, /^ ✔ model +gpt-4o ∈ red\.models \["gpt-4o\*"\]/m)

      const one = yield* jotgate("explain", "--config", config, "--decision", first ?? "")
      assert.strictEqual(one.out, why.out, "the same from its id")
      const denied = yield* jotgate("explain", "--config", config, "--decision", second ?? "", "--json")
      const told: unknown = JSON.parse(denied.out)
      assert.nestedPropertyVal(told, "steps[0].facts.code", "team_model_denied")
      assert.notProperty(told, "again", "the steps of a denial are its own")
    }))

  it.live("--json is what the admin API answers, page by page", () =>
    Effect.gen(function*() {
      const { config, folder } = yield* world
      yield* remember(folder, records)
      const page = (...args: ReadonlyArray<string>) =>
        Effect.map(jotgate("decisions", "--config", config, "--json", "--limit", "2", ...args), ({ out }) => {
          const { items, next } = JSON.parse(out)
          return { ids: items.map((it: { readonly decision: string }) => it.decision), next }
        })
      assert.deepStrictEqual(yield* page(), { ids: [third, second], next: second })
      assert.deepStrictEqual(yield* page("--after", second ?? ""), { ids: [first], next: null })
    }))

  it.live("nothing found: exit 1; a time that is none, or two ways to say one: exit 2", () =>
    Effect.gen(function*() {
      const { config, folder } = yield* world
      yield* remember(folder, records)
      const search = ["decisions", "--config", config]
      const none = yield* jotgate(...search, "--on", "2026-11-23")
      assert.deepStrictEqual([none.code, none.out, none.err], [
        1,
        "",
        "No decision is like this. They are kept for 30 days (decisions.life)."
      ])
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, line: RegExp]> = [
        [["--since", "tuesday"], /^--since: write a time/],
        [["--on", "tuesday"], /^--on tuesday: write a date/],
        [["--on", "2026-11-24", "--since", "1d"], /^--on is a whole day/],
        [["--limit", "0"], /not 1 to 1000/],
        [["--status", "7"], /7 is no status/]
      ]
      for (const [args, line] of wrong) {
        const { code, err } = yield* jotgate(...search, ...args)
        assert.match(err, line)
        assert.strictEqual(code, 2)
      }
    }))
})
