/** Law: a search lists exactly those whom an evaluation lets, and so do `who` and `can`. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as DirectoryWorld from "../../support/DirectoryWorld.ts"
import * as SearchLaw from "../../support/SearchLaw.ts"

const models = ["gpt-4o", "claude-x", "o1"]
const lists = [[], ["gpt-4o"], ["claude-*"], ["*"], ["no-default-models"], ["gpt-4o", "o1"]]
const teamIds = ["red", "blue", "green"]
const people = ["u-1", "u-2", "u-3", "u-4"]

const drawn = (seed: number) => {
  const pick = SearchLaw.draws(seed)
  const list = () => lists[pick(lists.length)] ?? []
  const teams = teamIds.map((id) => ({ id, models: list(), blocked: pick(6) === 0 }))
  const memberships = people.flatMap((user) =>
    teamIds.filter(() => pick(3) === 0).map((team) => ({ user, team, models: pick(3) === 0 ? list() : [] }))
  )
  return {
    teams,
    users: people.map((id) => ({ id, role: "internal_user", models: list(), blocked: pick(6) === 0 })),
    memberships
  }
}

const directories = 3

for (const withoutTeam of ["user", "all", "none"] as const) {
  it.live(
    `over ${directories} drawn directories, where callers without a team reach ${withoutTeam}`,
    () =>
      Effect.gen(function*() {
        const { chat, client } = yield* DirectoryWorld.make({
          policy: { withoutTeam },
          directory: { users: { unknown: "allow" } }
        })
        const ask = (path: string, body: object) => Effect.map(client.post(`/access/v1/${path}`, body), (it) => it.body)
        for (let seed = 1; seed <= directories; seed++) {
          const applied = yield* client.post("/admin/v1/directory?prune=all", drawn(seed))
          assert.include([200, 204], applied.status, JSON.stringify(applied.body))
          for (const model of models) {
            const resource = { type: "model", id: model }
            const action = { name: "call" }
            const found = yield* ask("search/subject", { subject: { type: "user" }, action, resource })
            const listed: ReadonlyArray<string> = found.results.map((it: { readonly id: string }) => it.id)
            const { evaluations } = yield* ask("evaluations", {
              action,
              resource,
              evaluations: people.map((id) => ({ subject: { type: "user", id } }))
            })
            const allowed = people.filter((_, at) => evaluations[at].decision === true)
            assert.deepStrictEqual(listed, allowed, `seed ${seed}, ${model}`)
            const who = yield* client.get(`/admin/v1/who/users?model=${model}`)
            const items: ReadonlyArray<{ readonly id: string; readonly alone: boolean }> = who.body.items
            assert.deepStrictEqual(items.map(({ id }) => id), allowed, `seed ${seed}, who may call ${model}`)
            // Without a team: each person, and one that nobody knows.
            const alone = new Set(items.filter((it) => it.alone).map(({ id }) => id))
            for (const id of people) {
              assert.strictEqual(
                (yield* chat(id, {}, model)) === "allowed",
                alone.has(id),
                `seed ${seed}, ${id}, ${model}`
              )
            }
            const { body } = yield* client.get(`/admin/v1/anybody/can?model=${model}`)
            assert.strictEqual(
              (yield* chat("nobody-knows", {}, model)) === "allowed",
              body.allowed,
              `seed ${seed}, ${model}`
            )
          }
        }
      })
  )
}

const drawnDirectories = 50

it.live(
  `over ${drawnDirectories} drawn directories with models, tools and agents`,
  () =>
    Effect.gen(function*() {
      const { client } = yield* DirectoryWorld.make({
        policy: { withoutTeam: "user", ...SearchLaw.policy },
        issuer: { claims: { user: "sub", agent: { actor: "act" } } }
      })
      for (let seed = 1; seed <= drawnDirectories; seed++) yield* SearchLaw.holds(client, seed)
    }),
  300_000
)
