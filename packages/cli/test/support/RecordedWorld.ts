/** A configuration with rows and a store of records, and records as a gate would have stored them. */
import * as DecisionId from "@jotgate/core/DecisionId"
import type { KeptQuestion } from "@jotgate/server/KeptQuestion"
import { RecordStore } from "@jotgate/store/RecordStore"
import type { RecordRow } from "@jotgate/store/RecordText"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const rows = `
users: [{ id: alice, email: alice@acme.test }]
teams: [{ id: red, models: ["gpt-4o*"] }, { id: blue, models: ["claude-*"] }]
memberships: [{ user: alice, team: red }]
`

/** A folder with a configuration, rows in a file, and a store of records. */
export const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  write("rows.yaml", rows)
  const config = write(
    "jotgate.yaml",
    `issuers:
  - { id: idp, issuer: http://127.0.0.1:1, audience: [llm], jwks: file:keys.json, claims: { user: sub, teams: groups } }
directory: { url: sqlite:./jotgate.db, file: rows.yaml }
gateway: { admin: 127.0.0.1:0 }
decisions: { store: sqlite:./records.db }
`
  )
  write("keys.json", JSON.stringify({ keys: [] }))
  return { folder, config, write }
})

export const question = (groups: ReadonlyArray<string>, model: string): KeptQuestion => ({
  issuer: "idp",
  method: "POST",
  path: "/v1/chat/completions",
  team: null,
  asks: "Known",
  models: [model],
  claims: { sub: "alice", groups }
})

/** When it was asked. */
const time = "2026-11-24T10:00:00.000Z"

/** A record of what was asked on the 24th of November 2026 at 10:00, as the gate stores it; a later one has a higher number. */
export const record = (
  number: number,
  asked: KeptQuestion,
  verdict: "allow" | "deny",
  team: string | null
): RecordRow => {
  const id = `${DecisionId.floor(Date.parse(time)).padEnd(26, "0")}${String(number).padStart(2, "0")}`
  const code = verdict === "deny" ? "team_model_denied" : null
  const body = {
    time,
    decision: id,
    requestId: null,
    door: "proxy",
    method: asked.method,
    route: asked.path,
    model: asked.models[0] ?? null,
    tool: null,
    agent: null,
    status: code === null ? 200 : 403,
    code,
    verdict,
    verdictCode: code,
    issuer: "idp",
    user: "alice",
    team,
    organization: null,
    endUser: null,
    claimed: { user: "alice", email: null, teams: asked.claims["groups"] },
    cause: null,
    millis: 1,
    upstream: null,
    ...(code === null ? {} : { steps: [{ step: "team", outcome: "denied", facts: { code } }] })
  }
  return {
    id,
    status: body.status,
    code,
    person: "alice",
    claimed: "alice",
    email: null,
    team,
    model: body.model,
    tool: null,
    agent: null,
    body: JSON.stringify(body),
    question: JSON.stringify(asked)
  }
}

export const remember = (folder: string, records: ReadonlyArray<RecordRow>) =>
  Effect.scoped(
    RecordStore.use((store) => store.append(records)).pipe(
      Effect.provide(RecordStore.layerSqlite(join(folder, "records.db")))
    )
  )
