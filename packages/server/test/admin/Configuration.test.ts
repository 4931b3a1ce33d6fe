import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerWorld from "../support/ServerWorld.ts"

const store = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-plan-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true }))
  ),
  (folder) => `sqlite:${join(folder, "records.db")}`
)

const admin = { ADMIN: "let-me-in" }

const caller = (base: string) => (path: string, body?: object) =>
  Effect.promise(async () => {
    const response = await fetch(`${base}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: "Bearer let-me-in", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, body: await response.json() }
  })

describe("/admin/v1/config", () => {
  it.live("says which file is in force, and why the last one is not", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, admin)
      const ask = caller(world.admin)
      const before = yield* ask("/admin/v1/config/status")
      assert.deepInclude(before.body, { file: null, version: null, warnings: [], lastReload: null })
      yield* world.server.refused(["jotgate.yaml:3:1: policy: unknown key"])
      const refused = yield* ask("/admin/v1/config/status")
      assert.deepInclude(refused.body.lastReload, {
        inForce: false,
        findings: ["jotgate.yaml:3:1: policy: unknown key"]
      })
      assert.strictEqual(refused.body.since, before.body.since)
      yield* world.reload({ requireTeam: true })
      const replaced = yield* ask("/admin/v1/config/status")
      assert.deepInclude(replaced.body.lastReload, { inForce: true, findings: [] })
      assert.isAtLeast(Date.parse(replaced.body.since), Date.parse(before.body.since))
    }))

  it.live("plans with a pasted file: who would lose and gain, with the rows in force", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({
        gateway: { adminToken: "env:ADMIN" },
        decisions: { store: yield* store }
      }, admin)
      const ask = caller(world.admin)
      const call = (sub: string, groups: ReadonlyArray<string>) =>
        Effect.flatMap(world.token(sub, { groups }), (token) =>
          Effect.promise(() =>
            fetch(`${world.gate}/v1/chat/completions`, {
              method: "POST",
              headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
              body: JSON.stringify({ model: "gpt-4o" })
            }).then((it) =>
              it.text()
            )
          ))
      yield* call("alice", ["red"])
      yield* call("alice", ["red"])
      yield* call("bob", ["blue"])
      // The records are written some milliseconds later.
      let kept = yield* ask("/admin/v1/decisions/questions")
      while (kept.body.items.length < 3) {
        yield* Effect.sleep(20)
        kept = yield* ask("/admin/v1/decisions/questions")
      }
      assert.deepInclude(kept.body.items[0].question, { issuer: "idp", models: ["gpt-4o"] })
      const file = (policy: object) => JSON.stringify({ ...world.settings, policy: { withoutTeam: "all", ...policy } })
      const same = yield* ask("/admin/v1/config/plan", { text: file({}) })
      assert.deepInclude(same.body, { asked: 3, lost: [], gained: [], moved: [] })
      const other = yield* ask("/admin/v1/config/plan", { text: file({ teamRoutes: ["info_routes"] }) })
      assert.strictEqual(other.body.lost.length, 1)
      assert.deepInclude(other.body.lost[0], { who: "alice", model: "gpt-4o", count: 2 })
      const wrong = yield* ask("/admin/v1/config/plan", { text: "polcy: {}" })
      assert.strictEqual(wrong.status, 400)
      assert.match(wrong.body.detail, /line 1: polcy: unknown key/)
    }))

  it.live("without kept questions it says which setting keeps them", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, admin)
      const ask = caller(world.admin)
      for (
        const answer of [
          yield* ask("/admin/v1/config/plan", { text: "{}" }),
          yield* ask("/admin/v1/decisions/questions")
        ]
      ) {
        assert.strictEqual(answer.status, 404)
        assert.include(answer.body.detail, "decisions.store")
      }
    }))
})
