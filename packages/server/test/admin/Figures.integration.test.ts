import { assert, it } from "@effect/vitest"
import { describeWith, Promtool } from "@jotgate/servers"
import { Effect, Schema } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerWorld from "../support/ServerWorld.ts"

const root = new URL("../../../../", import.meta.url).pathname
const rules = `${root}deploy/prometheus/jotgate.rules.yaml`

const Asked = Schema.Struct({
  expr: Schema.String,
  legendFormat: Schema.optionalKey(Schema.String),
  refId: Schema.optionalKey(Schema.String)
})
const Dashboard = Schema.fromJsonString(Schema.Struct({
  panels: Schema.Array(Schema.Struct({
    type: Schema.String,
    title: Schema.NonEmptyString,
    description: Schema.optionalKey(Schema.NonEmptyString),
    targets: Schema.optionalKey(Schema.Array(Asked))
  })),
  annotations: Schema.Struct({ list: Schema.Array(Asked) })
}))
const dashboard = Schema.decodeUnknownSync(Dashboard)(readFileSync(`${root}deploy/grafana/jotgate.json`, "utf8"))

it("no two questions of a panel have one name", () => {
  for (const { targets = [], title } of dashboard.panels) {
    const ids = targets.map((it) => it.refId)
    assert.deepStrictEqual(ids, [...new Set(ids)], title)
  }
})

/** Everything that the dashboard asks Prometheus. */
const asked = [...dashboard.panels.flatMap((it) => it.targets ?? []), ...dashboard.annotations.list]

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-figures-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

/** What a gate shows that has allowed, denied and refused. */
const shown = Effect.gen(function*() {
  const path = yield* folder
  const world = yield* ServerWorld.make({
    audit: { to: `file:${join(path, "audit.jsonl")}` },
    directory: { url: `sqlite:${join(path, "rows.db")}`, users: { unknown: "allow" } },
    decisions: { store: `sqlite:${join(path, "records.db")}` }
  })
  const { admin, gate, token } = world
  const ask = (headers: Readonly<Record<string, string>>) =>
    Effect.promise(() => fetch(`${gate}/v1/files`, { headers }).then((it) => it.text()))
  const page = Effect.promise(() => fetch(`${admin}/metrics`).then((it) => it.text()))
  // What is measured once for a process has counted others of this process before.
  const before = yield* page
  const bearer = { authorization: `Bearer ${yield* token("alice")}` }
  for (let i = 0; i < 3; i++) yield* ask(bearer)
  yield* ask({ authorization: `Bearer ${yield* token("alice", { groups: ["nobody-has-this"] })}` })
  yield* ask({})
  yield* world.server.refused(["jotgate.yaml:1:1: nothing of it"])
  return { before, text: yield* page }
})

const valueOf = (text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined => {
  const lines = text.split("\n").filter((it) => it.startsWith(`${name}{`) || it.startsWith(`${name} `)).filter((it) =>
    Object.entries(labels).every(([label, value]) => it.includes(`${label}="${value}"`))
  )
  return lines.length === 0 ? undefined : lines.reduce((sum, it) => sum + Number(it.slice(it.lastIndexOf(" "))), 0)
}

/** The names of our figures in a text. */
const named = (text: string): ReadonlySet<string> =>
  new Set(
    Array.from(text.matchAll(/\bjotgate_[a-z0-9_]+/g), ([name]) => name.replace(/_(?:bucket|sum|count)$/, ""))
  )

/** Labels that Prometheus gives, or that a histogram has. */
const given = ["job", "instance", "le"]

const labelsOf = (text: string, name: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, "gm")), ([, labels = ""]) => labels)
    .flatMap((labels) => Array.from(labels.matchAll(/(\w+)="/g), ([, label = ""]) => label))

/** Labels that an expression selects or groups by, and that its legend names. */
const labelsIn = (expr: string, legend: string): ReadonlyArray<string> => [
  ...Array.from(expr.matchAll(/(\w+)=~?"/g), ([, label = ""]) => label),
  ...Array.from(expr.matchAll(/\bby \(([^)]*)\)/g), ([, labels = ""]) => labels.split(", ")).flat(),
  ...Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, label = ""]) => label)
]

describeWith("prometheus", "what is measured", () => {
  it.live(
    "is told as Prometheus wants it, and every figure that alerts and dashboard ask for is there",
    () =>
      Effect.gen(function*() {
        const { before, text } = yield* shown
        const checked = Promtool.run(["check", "metrics"], text)
        assert.deepStrictEqual(checked, { code: 0, output: "" })
        const decisions = (labels: Readonly<Record<string, string>>) =>
          valueOf(text, "jotgate_decisions_total", { door: "proxy", ...labels })
        assert.strictEqual(decisions({ verdict: "allow", status: "200", code: "", issuer: "idp" }), 3)
        assert.strictEqual(decisions({ verdict: "deny", code: "team_not_found", issuer: "idp" }), 1)
        assert.strictEqual(decisions({ verdict: "deny", code: "token_missing", issuer: "" }), 1)
        assert.strictEqual(valueOf(text, "jotgate_decision_seconds_count"), 5)
        const firstBytes = (of: string) => valueOf(of, "jotgate_upstream_first_byte_seconds_count") ?? 0
        assert.strictEqual(firstBytes(text) - firstBytes(before), 3)
        assert.strictEqual(valueOf(text, "jotgate_upstream_requests_total", { end: "done" }), 3)
        assert.strictEqual(valueOf(text, "jotgate_issuer_ready", { issuer: "idp" }), 1)
        assert.strictEqual(valueOf(text, "jotgate_key_fetches_total", { issuer: "idp", result: "ok" }), 1)
        assert.isAtLeast(valueOf(text, "jotgate_key_age_seconds") ?? -1, 0)
        assert.isAtLeast(valueOf(text, "jotgate_cache_requests_total", { cache: "tokens", result: "hit" }) ?? 0, 2)
        assert.strictEqual(valueOf(text, "jotgate_config_last_reload_successful"), 0)
        assert.strictEqual(valueOf(text, "jotgate_audit_writable"), 1)
        const shownNames = named(text)
        const names = named(`${readFileSync(rules, "utf8")} ${asked.map(({ expr }) => expr).join(" ")}`)
        // Only a configuration that comes from a file has a version, and only the command writes a log of its own.
        const elsewhere = ["jotgate_config_info", "jotgate_log_dropped_total"]
        const missing = (it: string): boolean => !shownNames.has(it) && !elsewhere.includes(it)
        assert.deepStrictEqual([...names].filter(missing), [])
        for (
          const { expr, legendFormat = "" } of asked.filter(({ expr }) => !elsewhere.some((it) => expr.includes(it)))
        ) {
          const known = new Set([...given, ...[...named(expr)].flatMap((name) => labelsOf(text, name))])
          assert.deepStrictEqual(labelsIn(expr, legendFormat).filter((it) => !known.has(it)), [], expr)
        }
      })
  )

  it.live("is asked for on the dashboard in expressions that Prometheus reads, each panel with what it shows", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "dashboard.json")
      const rules = asked.map(({ expr }, at) => ({
        record: `dashboard:${at}`,
        expr: expr.replaceAll("$__rate_interval", "5m")
      }))
      writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }))
      assert.isAbove(rules.length, 30)
      const checked = Promtool.run(["check", "rules", file])
      assert.strictEqual(checked.code, 0, checked.output)
      for (const { description, title, type } of dashboard.panels) {
        if (type !== "row") assert.isDefined(description, title)
      }
    }))

  it("has alerts whose rules and tests hold, each with its section in the runbooks", () => {
    assert.strictEqual(Promtool.run(["check", "rules", rules]).code, 0)
    const tested = Promtool.run(["test", "rules", rules.replace(".rules.", ".rules.test.")])
    assert.strictEqual(tested.code, 0, tested.output)
    const text = readFileSync(rules, "utf8")
    const tests = readFileSync(rules.replace(".rules.", ".rules.test."), "utf8")
    const runbooks = readFileSync(`${root}docs/runbooks.md`, "utf8")
    const alerts = Array.from(text.matchAll(/- alert: (\w+)/g), ([, name = ""]) => name)
    assert.isAbove(alerts.length, 10)
    for (const name of alerts) {
      assert.include(runbooks, `\n## ${name}\n`)
      assert.include(text, `runbook_url: docs/runbooks.md#${name.toLowerCase()}\n`)
      assert.include(tests, `name: ${name} fires`)
    }
  })
})
