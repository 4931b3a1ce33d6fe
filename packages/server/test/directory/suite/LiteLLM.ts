import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/compat/litellm"

/** LiteLLM's own routes: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("the routes that are shaped like LiteLLM's", () => {
    it.live("a script's day: team, people, members, and back", () =>
      Effect.gen(function*() {
        const { chat, client } = yield* make()
        const team = yield* client.post(`${api}/team/new`, {
          team_id: "red",
          team_alias: "Red",
          models: ["gpt-4o*"],
          max_budget: 10,
          metadata: { cost_center: 7 },
          tpm_limit: 1000,
          members_with_roles: [{ role: "admin", user_id: "ada" }]
        })
        assert.strictEqual(team.status, 200, team.text)
        assert.deepInclude(team.body, {
          team_id: "red",
          team_alias: "Red",
          models: ["gpt-4o*"],
          max_budget: 10,
          spend: 0,
          blocked: false,
          members_with_roles: [{ user_id: "ada", user_email: null, role: "admin" }]
        })
        const bob = yield* client.post(`${api}/user/new`, {
          user_id: "bob",
          user_email: "bob@acme.test",
          user_role: "internal_user",
          teams: ["red"],
          auto_create_key: false
        })
        assert.deepInclude(
          bob.body,
          { user_id: "bob", user_email: "bob@acme.test", teams: ["red"], key: null },
          bob.text
        )
        assert.strictEqual(yield* chat("bob"), "allowed")

        const added = yield* client.post(`${api}/team/member_add`, {
          team_id: "red",
          member: [{ role: "user", user_email: "new@acme.test" }, { user_id: "cid" }],
          max_budget_in_team: 3
        })
        assert.strictEqual(added.status, 200, added.text)
        assert.strictEqual(added.body.members_with_roles.length, 4)
        assert.deepStrictEqual(added.body.updated_users.map((it: { user_email: string }) => it.user_email), [
          "new@acme.test",
          null
        ])
        assert.strictEqual(added.body.updated_team_memberships[1].litellm_budget_table.max_budget, 3)

        const info = yield* client.get(`${api}/team/info?team_id=red`)
        assert.strictEqual(info.body.team_info.team_id, "red")
        assert.strictEqual(info.body.team_memberships.length, 4)
        const user = yield* client.get(`${api}/user/info?user_id=bob`)
        assert.deepInclude(user.body.user_info, { user_role: "internal_user", teams: ["red"] })
        assert.strictEqual(user.body.teams[0].team_id, "red")

        const updated = yield* client.post(`${api}/team/update`, { team_id: "red", blocked: true })
        assert.deepInclude(updated.body.data, { blocked: true, team_alias: "Red", models: ["gpt-4o*"] })
        assert.strictEqual(yield* chat("bob"), "403 team_blocked")
        yield* client.post(`${api}/team/update`, { team_id: "red", blocked: false, team_alias: null })

        const gone = yield* client.post(`${api}/team/member_delete`, { team_id: "red", user_email: "BOB@acme.test" })
        assert.strictEqual(gone.body.members_with_roles.length, 3, gone.text)
        yield* client.post(`${api}/team/new`, { team_id: "blue" })
        const list = yield* client.get(`${api}/team/list`)
        assert.deepStrictEqual(list.body.map((it: { team_id: string }) => it.team_id), ["blue", "red"])
        const mine = yield* client.get(`${api}/team/list?user_id=ada`)
        assert.deepStrictEqual(mine.body.map((it: { team_id: string }) => it.team_id), ["red"])
        const deleted = yield* client.post(`${api}/team/delete`, { team_ids: ["red", "blue"] })
        assert.deepStrictEqual(deleted.body, { deleted_teams: ["red", "blue"] })
        assert.deepStrictEqual((yield* client.get(`${api}/team/list`)).body, [])
      }))

    it.live("an id that is not given is made up", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const team = yield* client.post(`${api}/team/new`, { team_alias: "Red" })
        const user = yield* client.post(`${api}/user/new`, { user_email: "a@acme.test" })
        for (const id of [team.body.team_id, user.body.user_id]) assert.match(id, /^[0-9a-f-]{36}$/)
      }))

    it.live("what cannot be done is refused as a whole, with the reason where SDKs read it", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/team/new`, { team_id: "red", members_with_roles: [{ user_id: "ada" }] })
        const before = (yield* client.get("/admin/v1/directory")).text
        const refusals: ReadonlyArray<readonly [path: string, body: object, status: number]> = [
          ["team/new", { team_id: "red" }, 409],
          ["team/new", { team_id: "b", max_budgte: 1 }, 400],
          ["team/new", { team_id: "b", max_budget: -1 }, 400],
          ["team/new", { team_id: "a\nb" }, 400],
          ["team/new", { team_id: "b", organization_id: "no" }, 422],
          ["team/new", { team_id: "b", members_with_roles: [{ role: "user" }] }, 400],
          ["team/new", { team_id: "b", members_with_roles: [{ user_id: "ada" }, { user_id: "ada" }] }, 409],
          ["team/update", { team_id: "no" }, 404],
          ["team/delete", { team_ids: ["red", "no"] }, 404],
          ["user/new", { user_id: "ada" }, 409],
          ["user/new", { user_id: "b", user_role: "king" }, 400],
          ["user/new", { user_id: "b", teams: ["red", "no"] }, 422],
          ["team/member_add", { team_id: "red", member: { user_id: "ada", role: "user" } }, 409],
          ["team/member_add", { team_id: "no", member: { user_id: "ada", role: "user" } }, 404],
          ["team/member_delete", { team_id: "red", user_id: "no" }, 404],
          ["team/member_delete", { team_id: "red" }, 422]
        ]
        for (const [path, body, status] of refusals) {
          const answer = yield* client.post(`${api}/${path}`, body)
          assert.strictEqual(answer.status, status, `${path} ${JSON.stringify(body)}: ${answer.text}`)
          assert.isString(answer.body.error.message)
        }
        assert.strictEqual((yield* client.get("/admin/v1/directory")).text, before)
        assert.strictEqual((yield* client.get(`${api}/team/info?team_id=no`)).status, 404)
        assert.strictEqual((yield* client.get(`${api}/user/info?user_id=no`)).status, 404)
      }))
  })
}
