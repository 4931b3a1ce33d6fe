import { assert, it } from "@effect/vitest"
import { describeWith, Promtool } from "@jotgate/servers"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerWorld from "../support/ServerWorld.ts"

const root = new URL("../../../../", import.meta.url).pathname
const rules = `${root}deploy/prometheus/jotgate.rules.yaml`

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
        const asked = named(
          `${readFileSync(rules, "utf8")} ${readFileSync(`${root}deploy/grafana/jotgate.json`, "utf8")}`
        )
        // Only a configuration that comes from a file has a version.
        assert.deepStrictEqual([...asked].filter((it) => !shownNames.has(it) && it !== "jotgate_config_info"), [])
      }),
    30_000
  )

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
