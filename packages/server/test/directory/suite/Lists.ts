import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/admin/v1"

/** Lists over HTTP: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("lists", () => {
    it.live(
      "ten thousand rows, page by page: each once, in the order of their ids, at any depth",
      () =>
        Effect.gen(function*() {
          const { client } = yield* make()
          const ids = Array.from({ length: 10_000 }, (_, index) => `u-${index}`)
          const applied = yield* client.post(`${api}/directory`, { users: ids.map((id) => ({ id })) })
          assert.strictEqual(applied.body?.counts?.create, 10_000, applied.text.slice(0, 500))
          const found: Array<string> = []
          let next: string | null = ""
          while (next !== null) {
            const page: {
              readonly headers: Headers
              readonly body: { readonly items: ReadonlyArray<{ readonly id: string }>; readonly next: string | null }
            } = yield* client.get(`${api}/users?limit=1000${next === "" ? "" : `&cursor=${next}`}`)
            found.push(...page.body.items.map((it) => it.id))
            next = page.body.next
            // The same in front of the rows, relative to what was asked (RFC 8288).
            assert.strictEqual(
              page.headers.get("link"),
              next === null ? null : `<?limit=1000&cursor=${next}>; rel="next"`
            )
          }
          assert.deepStrictEqual(found, ids.toSorted())
          assert.strictEqual((yield* client.get(`${api}/users`)).body.items.length, 100)
        })
    )

    it.live("a page goes on where it ended, whatever came or went meanwhile", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, { teams: ["a", "b", "d", "e"].map((id) => ({ id })) })
        const first = (yield* client.get(`${api}/teams?limit=2`)).body
        yield* client.remove(`${api}/teams/b`)
        yield* client.post(`${api}/teams`, { id: "c" })
        const rest = (yield* client.get(`${api}/teams?cursor=${first.next}`)).body
        const ids = [...first.items, ...rest.items].map((it: { readonly id: string }) => it.id)
        assert.deepStrictEqual(ids, ["a", "b", "c", "d", "e"])
        const foreign = yield* client.get(`${api}/users?cursor=${first.next}`)
        assert.strictEqual(foreign.status, 400)
      }))

    it.live("filters narrow a list; an address is found without case", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, {
          organizations: [{ id: "acme", alias: "Acme" }, { id: "umbrella" }],
          teams: [{ id: "red", alias: "Red", organization: "acme" }, { id: "blue", blocked: true }],
          users: [
            { id: "u-1", email: "Ada@acme.test", role: "proxy_admin" },
            { id: "u-2", email: "bob@acme.test", blocked: true },
            { id: "u-3" }
          ],
          memberships: [{ user: "u-1", team: "red" }, { user: "u-2", team: "red", role: "admin" }, {
            user: "u-2",
            team: "blue"
          }],
          endUsers: [{ id: "c-1", blocked: true }, { id: "c-2" }]
        })
        const lists: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
          ["users?email=ADA@acme.test", ["u-1"]],
          ["users?role=proxy_admin", ["u-1"]],
          ["users?blocked=true", ["u-2"]],
          ["users?blocked=false&team=red", ["u-1"]],
          ["users?team=red", ["u-1", "u-2"]],
          ["teams?alias=Red", ["red"]],
          ["teams?organization=acme", ["red"]],
          ["teams?blocked=true", ["blue"]],
          ["organizations?alias=Acme", ["acme"]],
          ["end-users?blocked=true", ["c-1"]],
          ["memberships?user=u-2", ["u-2/blue", "u-2/red"]],
          ["memberships?team=red&role=admin", ["u-2/red"]]
        ]
        for (const [path, ids] of lists) {
          const { body } = yield* client.get(`${api}/${path}`)
          const found = body.items.map((it: ReturnType<typeof JSON.parse>) => it.id ?? `${it.user}/${it.team}`)
          assert.deepStrictEqual(found, ids, path)
        }
      }))
  })
}
