/**
 * Yesterday's LiteLLM 1.110: its file and its database, two commands, and the same people are in the same teams, with the
 * same models, over the tables that LiteLLM itself made.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { describeWith, LiteLLM, Postgres } from "@jotgate/servers"
import { Clock, Effect, FileSystem, Schedule } from "effect"
import * as ReferenceTables from "../conformance/ReferenceTables.ts"
import * as IssuerServer from "../support/IssuerServer.ts"
import { start } from "../support/Process.ts"

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

describeWith(["postgres", "litellm-current"], "from LiteLLM 1.110, with its file and its database", () => {
  it.live("two commands, the same people in the same teams, and a report of one screen", () =>
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
      const env = { DATABASE_URL: postgres.url }

      const importing = yield* start(
        ["import", "litellm", `${folder}/config.yaml`, "--out", `${folder}/jotgate.yaml`],
        env
      )
      assert.include([0, 1], yield* importing.ended, importing.err())
      const report = importing.err().trimEnd().split("\n")
      assert.isAtMost(report.length, 60, "one screen")
      assert.match(report[0] ?? "", /^parity with LiteLLM 1\.110: /)
      assert.include(importing.err(), "stricter")
      assert.notInclude(yield* files.readFileString(`${folder}/jotgate.yaml`), postgres.url)

      const nowhere = "http://127.0.0.1:9"
      const serving = yield* start(
        [
          "serve",
          "--config",
          `${folder}/jotgate.yaml`,
          "--listen",
          "127.0.0.1:0",
          "--admin",
          "127.0.0.1:0",
          "--upstream",
          nowhere
        ],
        env
      )
      const [, , admin = ""] = yield* serving.until(/^ready gate=(\S+) admin=(\S+)\n/m)
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
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), 120_000)
})
