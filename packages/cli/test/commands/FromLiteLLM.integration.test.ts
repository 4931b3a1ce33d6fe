/**
 * Yesterday's LiteLLM 1.110: its file and its database, the commands of docs/from-litellm.md, and the same people are in the
 * same teams, with the same models, over the tables that LiteLLM itself made and over those rows taken along.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { describeWith, LiteLLM, Postgres } from "@jotgate/servers"
import { Clock, Effect, FileSystem, Schedule } from "effect"
import * as ReferenceTables from "../conformance/ReferenceTables.ts"
import { textOf } from "../support/Documents.ts"
import * as IssuerServer from "../support/IssuerServer.ts"
import { commandsOf } from "../support/PageCommands.ts"
import { paste, pasted } from "../support/Process.ts"

const rows = {
  accessGroups: [{ access_group_id: "ag-1", access_group_name: "cheap", access_model_names: ["gpt-4o-mini"] }],
  teams: [
    { team_id: "red", team_alias: "Red", models: ["gpt-4o"] },
    { team_id: "blue", team_alias: "Blue", models: ["claude-sonnet"], access_group_ids: ["ag-1"] },
    { team_id: "shut", team_alias: "Shut", models: [], blocked: true }
  ],
  users: [
    { user_id: "alice", user_email: "alice@acme.test", teams: ["red", "blue"], user_role: "internal_user", models: [] },
    { user_id: "bob", user_email: "bob@acme.test", teams: ["blue"], user_role: "internal_user", models: [] },
    { user_id: "carol", user_email: "carol@acme.test", teams: [], user_role: "internal_user", models: [] },
    {
      user_id: "dora",
      user_email: "dora@acme.test",
      teams: ["red"],
      user_role: "internal_user",
      models: [],
      metadata: { scim_active: false }
    }
  ]
}

const file = (issuer: string) => `
model_list:
  - { model_name: gpt-4o, litellm_params: { model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY } }
  - { model_name: gpt-4o-mini, litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY } }
  - { model_name: claude-sonnet, litellm_params: { model: anthropic/claude-sonnet-4-5 } }
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  database_url: os.environ/DATABASE_URL
  enable_jwt_auth: true
  litellm_jwtauth:
    user_id_jwt_field: sub
    user_email_jwt_field: email
    team_ids_jwt_field: groups
    fallback_to_db_teams: true
    issuers: [{ issuer: "${issuer}", audience: llm-gateway, jwks_url: "${issuer}/keys" }]
`

/** What LiteLLM 1.110 decides for these people, with the file above and these rows. */
const decided: ReadonlyArray<
  readonly [who: string, groups: ReadonlyArray<string> | undefined, model: string, says: string]
> = [
  ["alice", undefined, "gpt-4o", "red"],
  ["alice", undefined, "claude-sonnet", "blue"],
  ["alice", undefined, "gpt-4o-mini", "blue"],
  ["alice", ["blue", "red"], "gpt-4o", "red"],
  ["alice", ["blue"], "gpt-4o", "403"],
  ["bob", undefined, "claude-sonnet", "blue"],
  ["bob", undefined, "gpt-4o-mini", "blue"],
  ["bob", undefined, "gpt-4o", "no team"],
  ["bob", ["shut"], "gpt-4o", "403"],
  ["carol", undefined, "gpt-4o", "no team"],
  ["dora", undefined, "gpt-4o", "403"]
]

const page = "docs/from-litellm.md"

/** The commands of the page, of which none may be left over: to a file, from the file, and with the rows. */
const [importing = "", checking = "", serving = "", exporting = "", applying = "", planning = "", ...others] =
  commandsOf(
    page
  ).map(({ text }) => text)

describeWith(["postgres", "litellm-current"], "from LiteLLM 1.110, with its file and its database", () => {
  it.live(
    "the commands of the page, the same people in the same teams, and a report of one screen",
    () =>
      Effect.gen(function*() {
        const postgres = yield* Effect.acquireRelease(
          Effect.promise(() => Postgres.start()),
          (it) => Effect.promise(() => it.stop())
        )
        yield* Effect.promise(async () => {
          for (const { sql } of LiteLLM.migrations("current")) await postgres.query(sql)
          await postgres.query(ReferenceTables.statements(rows))
        })
        const issuer = yield* IssuerServer.make()
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        yield* files.writeFileString(`${folder}/config.yaml`, file(issuer.origin))
        const options = { cwd: folder, env: { DATABASE_URL: postgres.url } }
        assert.deepStrictEqual(others, [])

        const imported = yield* pasted(importing, options)
        assert.include([0, 1], imported.code, imported.text)
        const report = imported.text.trimEnd().split("\n")
        assert.isAtMost(report.length, 60, "one screen")
        assert.match(report[0] ?? "", /^parity with LiteLLM 1\.110: /)
        assert.include(imported.text, "stricter")
        const text = yield* files.readFileString(`${folder}/jotgate.yaml`)
        assert.notInclude(text, postgres.url)
        const [, store = ""] = /`(decisions: [^`]+)`/.exec(textOf(page)) ?? []
        yield* files.writeFileString(`${folder}/jotgate.yaml`, `${text}\n${store}\n`)
        const checked = yield* pasted(checking, options)
        assert.strictEqual(checked.code, 0, checked.text)

        const free = "--listen 127.0.0.1:0 --admin 127.0.0.1:0 --upstream http://127.0.0.1:9"
        const gate = yield* paste(`${serving} ${free}`, options)
        const [, , admin = ""] = yield* gate.until(/^ready gate=(\S+) admin=(\S+)\n/m)
        const now = Math.floor((yield* Clock.Clock).currentTimeMillisUnsafe() / 1000)
        for (const [who, groups, model, says] of decided) {
          const token = yield* issuer.idp().token({
            now,
            claims: {
              sub: who,
              aud: "llm-gateway",
              email: `${who}@acme.test`,
              ...(groups === undefined ? {} : { groups })
            }
          })
          // A database that has just made a hundred tables may be late with its first answers: 503, which says so.
          const { allowed, status, team } = yield* Effect.repeat(
            Effect.promise(() =>
              fetch(`${admin}/decide`, {
                method: "POST",
                headers: { "content-type": "application/json" },
                body: JSON.stringify({
                  method: "POST",
                  path: "/v1/chat/completions",
                  headers: { authorization: `Bearer ${token}` },
                  body: { model }
                })
              }).then((it) => it.json())
            ),
            { while: (it) => it.status === 503, schedule: Schedule.spaced("100 millis") }
          )
          const answer = allowed === true ? team?.id ?? "no team" : String(status)
          assert.strictEqual(answer, says, `${who}, ${JSON.stringify(groups)}, ${model}`)
        }

        const planned = yield* pasted(planning, options)
        assert.strictEqual(planned.code, 0, planned.text)
        assert.match(planned.text, new RegExp(`^${decided.length} questions: 0 lose, 0 gain, 0 change team$`, "m"))
        yield* files.writeFileString(`${folder}/litellm.yaml`, text)
        yield* files.writeFileString(
          `${folder}/jotgate.yaml`,
          text.replace(/litellm\+\$\{DATABASE_URL\}[^\s"]*/, `sqlite:${folder}/own.db`)
        )
        for (const line of [exporting, applying]) {
          const taken = yield* pasted(line, options)
          assert.strictEqual(taken.code, 0, taken.text)
        }
        const same = yield* pasted(
          exporting.replaceAll("litellm.yaml", "jotgate.yaml").replace("rows.", "again."),
          options
        )
        assert.strictEqual(same.code, 0, same.text)
        const rowsOf = (name: string) =>
          Effect.map(files.readFileString(`${folder}/${name}.json`), (it) => JSON.parse(it))
        const [theirs, ours] = [yield* rowsOf("rows"), yield* rowsOf("again")]
        for (const kind of ["users", "teams", "memberships"]) assert.lengthOf(ours[kind], theirs[kind].length, kind)
        assert.lengthOf(ours.users, 4)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})
