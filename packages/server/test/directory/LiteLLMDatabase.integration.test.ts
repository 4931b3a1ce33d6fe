import { assert, it } from "@effect/vitest"
import { describeWith, LiteLLM, Postgres } from "@jotgate/servers"
import { Effect, Schedule } from "effect"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"

const api = "/admin/v1"

type Item = ReturnType<typeof JSON.parse>

/** A server on an empty database as this release of LiteLLM makes it; people and teams are made on sight. */
const world = Effect.fnUntraced(function*(release: "current" | "older") {
  const postgres = yield* Postgres.make()
  yield* Effect.promise(() => postgres.query(LiteLLM.tables(release)))
  const made = yield* DirectoryWorld.make({
    issuer: { claims: { user: "sub", team: "team" } },
    directory: {
      url: `litellm+${postgres.url}`,
      write: true,
      connection: { timeout: "10s" },
      users: { create: true },
      teams: { create: "always", template: { models: ["gpt-4o"] } },
      memberships: "join"
    }
  })
  return { ...made, postgres }
})

/** Made rows have made ids (RULES D61); the subject of the token stands where LiteLLM keeps those of its own sign-in. */
const rows =
  "SELECT u.user_id || ' ' || u.sso_user_id || ' ' || t.team_id FROM \"LiteLLM_UserTable\" u, \"LiteLLM_TeamTable\" t " +
  "WHERE t.team_id = ANY(u.teams)"

const suite = (release: "current" | "older") => () => {
  it.live(
    "decisions write LiteLLM's own rows; they are told, asked about and denied here, and managed there",
    () =>
      Effect.gen(function*() {
        const { chat, client, postgres } = yield* world(release)
        // A database that has just made a hundred tables may be too late for the first answers, which say so.
        const first = Effect.repeat(chat("ada", { team: "red" }), {
          until: (it) => it !== "503 directory_unavailable",
          times: 100,
          schedule: Schedule.spaced("100 millis")
        })
        assert.strictEqual(yield* first, "allowed")
        assert.strictEqual(yield* chat("ada", { team: "red" }, "o1"), "403 team_model_denied")
        const row = Effect.promise(() => postgres.query(rows))
        while ((yield* row) === "") yield* Effect.sleep("20 millis")
        const [ada = "", ...others] = (yield* row).split(" ")
        assert.deepStrictEqual(others, ["ada", "red"])
        assert.match(ada, /^u_/)

        const ids = (path: string) =>
          Effect.map(client.get(`${api}/${path}`), ({ body }) => body.items.map((it: Item) => it.id))
        assert.deepStrictEqual(yield* ids("users"), [ada])
        assert.deepStrictEqual(yield* ids("teams"), ["red"])
        assert.deepStrictEqual(yield* ids("who/teams?model=gpt-4o"), ["red"])
        const mine = yield* client.get(`${api}/users/${ada}/can?model=gpt-4o`)
        assert.deepStrictEqual(mine.body.ways.map((it: Item) => it.team), [null, "red"])
        const exported: Item = (yield* client.get(`${api}/directory`)).body
        assert.deepStrictEqual(exported.teams.map((it: Item) => [it.id, it.models]), [["red", ["gpt-4o"]]])

        const denied = yield* client.post(`${api}/deny`, { issuer: "idp", subject: "ada" })
        assert.strictEqual(denied.status, 201, denied.text)
        assert.strictEqual(yield* chat("ada", { team: "red" }), "401 invalid_token")
        yield* client.remove(`${api}/deny/${denied.body.id}`)

        const changes = [
          yield* client.post(`${api}/teams`, { id: "blue" }),
          yield* client.patch(`${api}/teams/red`, { blocked: true }),
          yield* client.remove(`${api}/users/${ada}`),
          yield* client.post(`${api}/directory`, { teams: [{ id: "blue" }] }),
          yield* client.post("/compat/litellm/team/new", { team_id: "blue" })
        ]
        for (const { body, status, text } of changes) {
          assert.deepStrictEqual([status, body.code], [422, "unsupported"], text)
          assert.include(body.detail, "managed in LiteLLM")
        }
        assert.deepStrictEqual(yield* ids("teams"), ["red"])
        assert.strictEqual(yield* chat("ada", { team: "red" }), "allowed")
      }),
    180_000
  )
}

describeWith(["postgres", "litellm-current"], "the admin listener on a LiteLLM database", suite("current"))
describeWith(["postgres", "litellm-older"], "the admin listener on an older LiteLLM database", suite("older"))
