import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerWorld from "../support/ServerWorld.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-records-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

const get = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, body: await response.json() }
  })

/** Asks for a model of the gate as somebody; the id of the decision. */
const ask = (gate: string, token: string, model: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${gate}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model })
    })
    const body = await response.json()
    return { status: response.status, decision: String(body.decision) }
  })

const ids = (page: { readonly items: ReadonlyArray<{ readonly decision: string }> }) =>
  page.items.map((it) => it.decision)

describe("records", () => {
  it.live("are found and searched, in memory and in a store that outlives the process", () =>
    Effect.gen(function*() {
      const store = `sqlite:${join(yield* folder, "records.db")}`
      const first = yield* Effect.scoped(Effect.gen(function*() {
        const world = yield* ServerWorld.make({ decisions: { store } })
        const alice = yield* world.token("alice", { groups: ["red"] })
        const bob = yield* world.token("bob", { groups: ["blue"], email: "bob@acme.test" })
        yield* ask(world.gate, alice, "gpt-4o")
        const denied = [
          yield* ask(world.gate, alice, "claude-x"),
          yield* ask(world.gate, bob, "gpt-4o"),
          yield* ask(world.gate, alice, "o1")
        ].map((it) => it.decision)
        const [d1 = "", d2 = "", d3 = ""] = denied
        const list = `${world.admin}/admin/v1/decisions`
        assert.deepStrictEqual(ids((yield* get(`${list}?status=403`)).body), [d3, d2, d1])
        assert.deepStrictEqual(ids((yield* get(`${list}?who=bob`)).body), [d2])
        assert.deepStrictEqual(ids((yield* get(`${list}?model=o1`)).body), [d3])
        assert.deepStrictEqual(ids((yield* get(`${list}?code=team_model_denied&until=1h`)).body), [])
        const page = yield* get(`${list}?who=alice&code=team_model_denied&limit=1&since=1h`)
        assert.deepStrictEqual([ids(page.body), page.body.next], [[d3], d3])
        const next = yield* get(`${list}?who=alice&code=team_model_denied&limit=1&after=${page.body.next}`)
        assert.deepStrictEqual([ids(next.body), next.body.next], [[d1], null])
        assert.strictEqual((yield* get(`${list}?since=yesterday`)).status, 400)
        return { d1, d2, alice: yield* get(`${list}/${d1}`) }
      }))
      const world = yield* ServerWorld.make({ decisions: { store } })
      const list = `${world.admin}/admin/v1/decisions`
      const found = yield* get(`${list}/${first.d1}`)
      assert.deepStrictEqual(found, first.alice, "the same record, after the end of the process")
      assert.isTrue(found.body.steps.some((it: { readonly outcome: string }) => it.outcome === "denied"))
      assert.deepStrictEqual(ids((yield* get(`${list}?who=bob`)).body), [first.d2])
      const unknown = yield* get(`${list}/d_01ARZ3NDEKTSV4RRFFQ69G5FAV`)
      assert.strictEqual(unknown.status, 404)
      assert.include(unknown.body.detail, "30 days")
    }))

  it.live("keep the question, which is asked again with the rows of now", () =>
    Effect.gen(function*() {
      const store = `sqlite:${join(yield* folder, "records.db")}`
      const world = yield* ServerWorld.make({ decisions: { store } })
      const token = yield* world.token("alice", { groups: ["red"], secret: "not mapped" })
      const { decision } = yield* ask(world.gate, token, "claude-x")
      const again = () => get(`${world.admin}/admin/v1/decisions/${decision}/again`, { method: "POST" })
      const before = yield* again()
      assert.deepInclude(before.body, { allowed: false, code: "team_model_denied", model: "claude-x" })
      yield* world.reload({ openRoutes: ["/v1/chat/completions"] })
      assert.deepInclude((yield* again()).body, { allowed: true, code: null })
      const page = yield* get(`${world.admin}/admin/v1/decisions?who=alice`)
      assert.isTrue(
        page.body.items.some((it: { readonly dry?: boolean }) => it.dry === true),
        "each question has a record"
      )
      assert.notInclude(JSON.stringify(page.body), "not mapped")
    }))

  it.live("of supposed people, and of questions that change nothing", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const decide = (body: object) =>
        get(`${world.admin}/decide`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ method: "POST", path: "/v1/chat/completions", headers: {}, trace: true, ...body })
        })
      const model = { body: { model: "gpt-4o" } }
      const alice = yield* decide({ ...model, as: { user: "alice" } })
      assert.deepInclude(alice.body, { allowed: true })
      assert.strictEqual(alice.body.team.id, "red")
      const bob = yield* decide({ ...model, as: { claims: { sub: "bob", groups: ["blue"] } } })
      assert.deepInclude(bob.body, { allowed: false, code: "team_model_denied" })
      assert.strictEqual((yield* decide({ ...model, as: { claims: {}, issuer: "nobody" } })).status, 400)
      const record = yield* get(`${world.admin}/admin/v1/decisions/${bob.body.decision}`)
      assert.deepInclude(record.body, { dry: true, door: "decide", status: 403 })
    }))

  it.live("wait while their store is away, and are counted when there is no room; readiness says so", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ decisions: { store: "postgres://nobody@127.0.0.1:1/none" } })
      const { decision, status } = yield* ask(world.gate, yield* world.token("alice", { groups: ["red"] }), "o1")
      assert.strictEqual(status, 403)
      const ready = () => get(`${world.admin}/readyz`)
      let told = yield* ready()
      for (let i = 0; i < 400 && told.body.records.away !== true; i++) {
        yield* Effect.sleep(50)
        told = yield* ready()
      }
      assert.deepStrictEqual(told.body.records, { away: true, waiting: 1, dropped: 0 })
      assert.deepStrictEqual([told.status, told.body.missing], [200, ["records"]], "answers go on")
      assert.strictEqual((yield* get(`${world.admin}/admin/v1/decisions/${decision}`)).status, 200)
      assert.strictEqual((yield* get(`${world.admin}/admin/v1/decisions`)).status, 503)
    }))
})
