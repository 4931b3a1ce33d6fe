import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Redaction from "../../src/record/Redaction.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-redact-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

describe("a pseudonym", () => {
  const redact = Redaction.make("key")

  it("is the same for the same person, whatever the case, with the domain; another one with another key", () => {
    const alice = redact("alice@acme.test")
    assert.match(alice, /^h_[\w-]{16}@acme\.test$/)
    assert.strictEqual(redact("Alice@acme.test"), alice)
    assert.notStrictEqual(redact("bob@acme.test").split("@")[0], alice.split("@")[0])
    assert.notStrictEqual(Redaction.make("other")("alice@acme.test"), alice)
    assert.strictEqual(redact(alice), alice)
  })

  it("is found wherever an address stands, and nothing else is touched", () => {
    const line = JSON.stringify({
      user: "okta|alice@acme.test",
      said: `email "zoë.o'neil+x@sub.acme.test", accepted [acme.test], <bob@acme.test>`,
      route: "/v1/users/alice%40acme.test?x=@y",
      model: "claude@20260101"
    })
    const told = redact(line)
    for (const name of ["alice", "neil", "bob"]) assert.notInclude(told, name)
    assert.include(told, "accepted [acme.test]")
    assert.include(told, "claude@20260101")
    assert.include(told, "%40acme.test?x=@y")
    assert.isObject(JSON.parse(told))
  })
})

describe("decisions.redact", () => {
  it.live(
    "no address is told or kept, and whoever knows one finds its records; the key outlives the process",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        const dir = join(path, "cache")
        const start = ServerWorld.make({
          cache: { dir },
          policy: { emailDomains: ["acme.test"] },
          issuer: { claims: { user: "sub", email: "email", teams: "groups" } },
          audit: { to: `file:${join(path, "audit.jsonl")}` },
          decisions: { store: `sqlite:${join(path, "records.db")}`, redact: ["email"] }
        })
        const about = (address: string, more: string = "") =>
          Effect.gen(function*() {
            const { admin } = yield* start
            const url = `${admin}/admin/v1/decisions?who=${encodeURIComponent(address)}${more}`
            return yield* Effect.promise(() => fetch(url).then((it) => it.json()))
          })
        const first = Effect.gen(function*() {
          const world = yield* start
          const ask = (email: string) =>
            Effect.gen(function*() {
              const authorization = `Bearer ${yield* world
                .token("alice", { groups: ["red"], email, email_verified: true })}`
              yield* Effect.promise(() =>
                fetch(`${world.gate}/v1/files`, { headers: { authorization } }).then((it) => it.text())
              )
            })
          yield* ask("alice@acme.test")
          yield* ask("mallory@evil.test")
        })
        yield* Effect.scoped(first)
        for (const file of ["audit.jsonl", "records.db", "records.db-wal"]) {
          const text = yield* Effect.sync(() => {
            const at = join(path, file)
            return statSync(at, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(at, "latin1")
          })
          assert.notInclude(text, "alice@", file)
          assert.notInclude(text, "mallory", file)
        }
        const found = yield* Effect.scoped(about("mallory@evil.test"))
        assert.strictEqual(found.items.length, 1)
        assert.strictEqual(found.items[0].code, "email_domain_denied")
        assert.match(JSON.stringify(found.items[0].steps), /h_[\w-]{16}@evil\.test/)
        assert.strictEqual((yield* Effect.scoped(about("nobody@evil.test"))).items.length, 0)
        assert.strictEqual(statSync(join(dir, "redact.key")).mode & 0o777, 0o600)
      })
  )

  it.live("a question whose person is found by an address is asked again, and planned with, as it was", () =>
    Effect.gen(function*() {
      const path = yield* folder
      writeFileSync(
        join(path, "rows.json"),
        JSON.stringify({ users: [{ id: "u-1", email: "ada@acme.test" }], teams: [{ id: "red", models: [] }] })
      )
      const { admin, gate, settings, token } = yield* ServerWorld.make({
        cache: { dir: join(path, "cache") },
        issuer: { claims: { user: { from: [], orEmail: true }, email: "email", teams: "groups" } },
        directory: { url: `sqlite:${join(path, "rows.db")}`, file: join(path, "rows.json") },
        gateway: { adminToken: "env:ADMIN" },
        decisions: { store: `sqlite:${join(path, "records.db")}`, redact: ["email"] }
      }, { ADMIN: "a-token-for-the-admin-listener" })
      const authorization = `Bearer ${yield* token("x", {
        groups: ["red"],
        email: "ada@acme.test",
        email_verified: true
      })}`
      const json = (at: string, body?: object) =>
        Effect.promise(() =>
          fetch(`${admin}/admin/v1/${at}`, {
            ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
            headers: { authorization: "Bearer a-token-for-the-admin-listener", "content-type": "application/json" }
          }).then((it) => it.json())
        )
      const answer = yield* Effect.promise(() => fetch(`${gate}/v1/files`, { headers: { authorization } }))
      assert.strictEqual(answer.status, 200)
      const { items } = yield* Effect.repeat(json("decisions/questions"), {
        until: (it) => it.items.length > 0,
        schedule: Schedule.spaced("20 millis")
      })
      assert.match(JSON.stringify(items[0].question), /h_[\w-]{16}@acme\.test/)
      const again = yield* json(`decisions/${items[0].record.decision}/again`, {})
      assert.deepInclude(again, { allowed: true, status: 200 })
      assert.strictEqual(again.user.id, "u-1")
      const planned = yield* json("config/plan", { text: JSON.stringify(settings) })
      assert.deepInclude(planned, { asked: 1, lost: [], gained: [], moved: [], hidden: 0 }, JSON.stringify(planned))
    }))
})
