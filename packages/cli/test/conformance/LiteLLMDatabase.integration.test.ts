/**
 * Recorded decisions of LiteLLM 1.110, decided anew on LiteLLM's own tables: agents and their identities, object
 * permissions, models of end users, people who left. The library itself is asked by `conformance/library.ts`, with drawn
 * decisions: its packages are too many for every run of the tests.
 */
import { assert, it } from "@effect/vitest"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { describeWith, LiteLLM, Postgres } from "@jotgate/servers"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer, Schema } from "effect"
import { join } from "node:path"
import { compare } from "./Comparison.ts"
import * as ReferenceTables from "./ReferenceTables.ts"
import { scenariosIn } from "./Report.ts"
import { decideAll, settingsOf } from "./Runner.ts"

const themes = ["agents", "managed-agents", "end-user-models", "deactivated", "object-permissions"]
const scenarios = themes.flatMap((theme) =>
  scenariosIn(join(import.meta.dirname, `../fixtures/conformance-1.110/${theme}.jsonl.gz`)).scenarios
)

const decode = Schema.decodeUnknownSync(Settings)

const storeOn = (url: string) => {
  const settings = decode({
    directory: { url: `litellm+${url}`, connection: { timeout: "10s", pool: 2 } },
    cache: { dir: null, rows: "1h" }
  })
  return Store.layer(settings).pipe(Layer.provide(Secrets.layerTest({})))
}

describeWith(["postgres", "litellm-current"], "recorded decisions on the tables of LiteLLM", () => {
  it.live("are the same as with the rows in memory", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.make()
      const { promise } = Effect
      yield* promise(() => postgres.query(LiteLLM.tables("current")))
      let decided = 0
      const unexplained: Array<string> = []
      for (const scenario of scenarios) {
        yield* promise(() => postgres.query(ReferenceTables.statements(scenario.directory ?? {})))
        const outcomes = yield* Layer.build(storeOn(postgres.url)).pipe(
          Effect.flatMap((context) => decideAll(scenario, settingsOf(scenario), Layer.succeedContext(context))),
          Effect.scoped
        )
        scenario.cases?.forEach((one, index) => {
          const ours = outcomes[index]
          if (ours === undefined) return
          decided += 1
          const verdict = compare(one, ours)
          if (verdict._tag === "Unexplained") unexplained.push(`${scenario.id} case ${index}: ${verdict.what}`)
        })
      }
      assert.deepStrictEqual(unexplained, [])
      assert.isAbove(decided, 300)
    }), 180_000)
})
