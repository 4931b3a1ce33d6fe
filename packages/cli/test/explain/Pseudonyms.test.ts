import { assert, it } from "@effect/vitest"
import * as Redaction from "@jotgate/server/Redaction"
import { RecordStore } from "@jotgate/store/RecordStore"
import type { RecordRow } from "@jotgate/store/RecordText"
import { Context, Effect, Layer } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jotgate } from "../support/Shell.ts"

const key = "a-key-of-this-deployment"
const redact = Redaction.make(key)

/** What was answered to the holder of an address: allowed for a team. */
const recorded = (at: number, address: string): RecordRow => {
  const id = `d_01ARZ3NDEK${String(at).padStart(16, "0")}`
  const row = {
    id,
    status: 200,
    code: null,
    person: redact(address),
    claimed: redact(address),
    email: redact(address),
    team: "red",
    model: "gpt-4o",
    tool: null,
    agent: null
  }
  return {
    ...row,
    body: redact(JSON.stringify({
      time: "2026-11-24T10:00:00.000Z",
      decision: id,
      requestId: null,
      door: "proxy",
      method: "POST",
      route: "/v1/chat/completions",
      model: "gpt-4o",
      tool: null,
      agent: null,
      status: 200,
      code: null,
      verdict: "allow",
      verdictCode: null,
      issuer: "idp",
      user: address,
      team: "red",
      organization: null,
      endUser: null,
      claimed: { user: address, email: address, teams: ["red"] },
      cause: null,
      millis: 0.1,
      upstream: null
    })),
    question: redact(JSON.stringify({
      issuer: "idp",
      method: "POST",
      path: "/v1/chat/completions",
      team: null,
      asks: "Known",
      models: ["gpt-4o"],
      claims: { email: address, groups: ["red"] }
    }))
  }
}

const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-redacted-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true }))
  )
  const store = yield* Layer.build(RecordStore.layerSqlite(join(folder, "records.db")))
  yield* Context.get(store, RecordStore).append([
    recorded(1, "Ada@acme.test"),
    recorded(2, "bob@acme.test"),
    recorded(3, "gone@acme.test")
  ])
  writeFileSync(join(folder, "key"), key)
  return (models: ReadonlyArray<string>): string => {
    const rows = {
      users: [{ id: "ada@acme.test" }, { id: "u-2", email: "bob@acme.test" }],
      teams: [{ id: "red", models }]
    }
    writeFileSync(join(folder, "rows.json"), JSON.stringify(rows))
    const file = join(folder, "jotgate.json")
    writeFileSync(
      file,
      JSON.stringify({
        issuers: [{
          id: "idp",
          issuer: "https://idp.test",
          audience: "any",
          jwks: { keys: [] },
          identities: { linkByEmail: "always" },
          claims: { user: { from: [], orEmail: true }, teams: "groups" }
        }],
        gateway: { admin: "127.0.0.1:0" },
        directory: { url: "memory:", file: "rows.json" },
        cache: { dir: null },
        decisions: { store: "sqlite:records.db", redact: ["email"], redactKey: "file:key" }
      })
    )
    return file
  }
})

it.live("questions of people whose addresses are pseudonyms are asked as they were; of people without a row nothing is said", () =>
  Effect.gen(function*() {
    const configured = yield* world
    const same = yield* jotgate("plan", "--config", configured(["gpt-4o"]))
    assert.match(same.out, /^3 questions: 0 lose, 0 gain, 0 change team; of 1 it is not known/)
    assert.strictEqual(same.code, 0, same.err)
    const narrow = yield* jotgate("plan", "--config", configured(["o1"]), "--json")
    const { asked, hidden, lost } = JSON.parse(narrow.out)
    assert.deepStrictEqual([asked, hidden, narrow.code], [3, 1, 1])
    const told = lost.map((
      it: { readonly who: string; readonly after: { readonly code: string } }
    ) => [it.who, it.after.code])
    assert.sameDeepMembers(told, ["Ada@acme.test", "bob@acme.test"].map((it) => [redact(it), "team_model_denied"]))
    assert.notInclude(narrow.out, "ada@")
    const explained = yield* jotgate("explain", "--config", configured(["gpt-4o"]), "--decision", recorded(2, "").id)
    assert.match(explained.out, /row u-2/)
  }).pipe(Effect.scoped))
