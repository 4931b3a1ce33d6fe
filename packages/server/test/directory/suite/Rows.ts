import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/admin/v1"

/** Rows over HTTP: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("rows", () => {
    it.live("a team is made, read, changed, replaced and removed", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const made = yield* client.post(`${api}/teams`, { id: "red", alias: "Red", models: ["gpt-4o*"] })
        assert.strictEqual(made.status, 201, made.text)
        const red = {
          id: "red",
          alias: "Red",
          organization: null,
          models: ["gpt-4o*"],
          modelGroups: [],
          modelAliases: {},
          passThroughRoutes: [],
          deniedPassThroughRoutes: [],
          blocked: false,
          maxBudget: null,
          spend: 0
        }
        assert.deepStrictEqual(made.body, red)
        assert.deepStrictEqual((yield* client.get(`${api}/teams/red`)).body, red)
        const changed = yield* client.patch(`${api}/teams/red`, { blocked: true })
        assert.strictEqual(changed.status, 200, changed.text)
        assert.deepStrictEqual(changed.body, { ...red, blocked: true })
        const replaced = yield* client.put(`${api}/teams/red`, { models: ["o1"] })
        assert.deepStrictEqual(replaced.body, { ...red, alias: null, models: ["o1"] })
        assert.strictEqual((yield* client.remove(`${api}/teams/red`)).status, 204)
        const gone = yield* client.get(`${api}/teams/red`)
        assert.strictEqual(gone.status, 404)
        assert.strictEqual(gone.headers.get("content-type"), "application/problem+json")
        assert.strictEqual(gone.body.code, "not_found")
      }))

    it.live("every kind of row goes the same ways", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const rows: ReadonlyArray<
          readonly [list: string, row: Record<string, unknown>, place: string, change: object]
        > = [
          ["organizations", { id: "acme", alias: "Acme" }, "acme", { maxBudget: 5 }],
          ["model-groups", { id: "cheap", models: ["gpt-4o-mini"] }, "cheap", { models: ["o1"] }],
          ["teams", { id: "red", organization: "acme", modelGroups: ["cheap"] }, "red", { blocked: true }],
          ["users", { id: "u-1", email: "a@acme.test", role: "internal_user" }, "u-1", { active: false }],
          ["end-users", { id: "c-1", models: ["gpt-4o*"] }, "c-1", { blocked: true }],
          ["agents", { id: "scout", name: "Scout", models: [], modelGroups: ["cheap"], teams: ["red"] }, "scout", {
            models: null,
            autonomous: true
          }],
          ["memberships", { user: "u-1", team: "red" }, "u-1/red", { role: "admin" }]
        ]
        for (const [list, row, place, change] of rows) {
          const made = yield* client.post(`${api}/${list}`, row)
          assert.strictEqual(made.status, 201, made.text)
          assert.deepInclude(made.body, row)
          const shown = yield* client.get(`${api}/${list}/${place}`)
          assert.deepStrictEqual(shown.body, made.body)
          assert.strictEqual(shown.headers.get("etag"), made.headers.get("etag"))
          const changed = yield* client.patch(`${api}/${list}/${place}`, change)
          assert.deepStrictEqual(changed.body, { ...made.body, ...change }, changed.text)
          // What a GET answers can be sent back.
          const same = yield* client.put(`${api}/${list}/${place}`, changed.body)
          assert.deepStrictEqual([same.status, same.body], [200, changed.body], same.text)
          assert.strictEqual((yield* client.get(`${api}/${list}`)).body.items.length, 1)
        }
        assert.deepStrictEqual((yield* client.get(`${api}/users/u-1`)).body.teams, ["red"])
        for (const [list, , place] of rows.toReversed()) {
          assert.strictEqual((yield* client.remove(`${api}/${list}/${place}`)).status, 204, list)
        }
      }))

    it.live("what a row says of tools, prompts and resources: nothing, none, or a list, each by itself", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/organizations`, { id: "acme" })
        yield* client.post(`${api}/teams`, { id: "red" })
        yield* client.post(`${api}/users`, { id: "u-1" })
        yield* client.post(`${api}/agents`, { id: "scout" })
        yield* client.post(`${api}/memberships`, { user: "u-1", team: "red" })
        for (const place of ["organizations/acme", "teams/red", "users/u-1", "agents/scout", "memberships/u-1/red"]) {
          const shown = Effect.map(client.get(`${api}/${place}`), ({ body }) => [
            body.tools ?? null,
            body.prompts ?? null,
            body.resources ?? null
          ])
          assert.deepStrictEqual(yield* shown, [null, null, null], place)
          const changes: ReadonlyArray<readonly [change: object, after: ReadonlyArray<unknown>]> = [
            [{ tools: ["github/*", "!github/delete_*"] }, [["github/*", "!github/delete_*"], null, null]],
            [{ prompts: [] }, [["github/*", "!github/delete_*"], [], null]],
            [{ tools: null, resources: ["files/file:///docs/*"] }, [null, [], ["files/file:///docs/*"]]],
            [{ tools: [], prompts: null }, [[], null, ["files/file:///docs/*"]]]
          ]
          for (const [change, after] of changes) {
            const changed = yield* client.patch(`${api}/${place}`, change)
            assert.strictEqual(changed.status, 200, changed.text)
            assert.deepStrictEqual(yield* shown, after, `${place} ${JSON.stringify(change)}`)
          }
          for (const bad of ["", "github", "/x", "github/", "!", "a b\u0000/c"]) {
            const refused = yield* client.patch(`${api}/${place}`, { tools: [bad] })
            assert.isTrue(
              refused.status === 400 || refused.status === 422,
              `${place} ${JSON.stringify(bad)}: ${refused.text}`
            )
          }
          assert.deepStrictEqual(yield* shown, changes.at(-1)?.[1])
        }
        const exported = (yield* client.get(`${api}/directory`)).body
        assert.deepStrictEqual(exported.teams[0].tools, [])
        const again = yield* client.post(`${api}/directory?dryRun=true`, exported)
        assert.deepStrictEqual(again.body.counts, { create: 0, change: 0, remove: 0 }, again.text)
      }))

    it.live("ids are opaque text: what a path could change arrives as it was sent", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const ids = [
          "a/b",
          "a%2Fb",
          "ü",
          "Ü",
          "a b",
          "a?b#c",
          "'; DROP TABLE users; --",
          "*",
          "x".repeat(256),
          "語".repeat(256)
        ]
        for (const id of ids) {
          const made = yield* client.post(`${api}/users`, { id })
          assert.strictEqual(made.status, 201, made.text)
          const shown = yield* client.get(`${api}/users/${encodeURIComponent(id)}`)
          assert.strictEqual(shown.body?.id, id, shown.text)
        }
        assert.strictEqual((yield* client.get(`${api}/users`)).body.items.length, ids.length)
      }))

    it.live("a change says what must be there: 412 otherwise", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const made = yield* client.post(`${api}/teams`, { id: "red" })
        const first = made.headers.get("etag") ?? ""
        assert.match(first, /^"[^"]+"$/)
        const with_ = (headers: Record<string, string>) => ({ headers })
        const changed = yield* client.patch(`${api}/teams/red`, { models: ["o1"] }, with_({ "if-match": first }))
        assert.strictEqual(changed.status, 200)
        const second = changed.headers.get("etag") ?? ""
        assert.notStrictEqual(second, first)
        const statuses: ReadonlyArray<readonly [string, Record<string, string>, number]> = [
          ["red", { "if-match": first }, 412],
          ["red", { "if-match": `W/${second}` }, 412],
          ["red", { "if-match": `${first}, ${second}` }, 200],
          ["red", { "if-match": "*" }, 200],
          ["red", { "if-none-match": "*" }, 412],
          ["new", { "if-match": "*" }, 412],
          ["new", { "if-none-match": "*" }, 201],
          ["red", { "if-match": "nonsense" }, 400],
          ["red", { "if-none-match": second }, 400]
        ]
        for (const [id, headers, status] of statuses) {
          const answer = yield* client.put(`${api}/teams/${id}`, { models: ["o1"] }, with_(headers))
          assert.strictEqual(answer.status, status, `${id} ${JSON.stringify(headers)} ${answer.text}`)
        }
        assert.strictEqual((yield* client.remove(`${api}/teams/red`, with_({ "if-match": first }))).status, 412)
        assert.strictEqual((yield* client.remove(`${api}/teams/red`, with_({ "if-match": second }))).status, 204)
      }))

    it.live("of many changes at once none is lost", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/users`, { id: "u-1" })
        const fields = [{ blocked: true }, { email: "a@acme.test" }, { models: ["o1"] }, { maxBudget: 3 }, { spend: 2 }]
        const answers = yield* Effect.forEach(fields, (it) => client.patch(`${api}/users/u-1`, it), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(answers.map((it) => it.status), fields.map(() => 200))
        const { body } = yield* client.get(`${api}/users/u-1`)
        assert.deepInclude(body, Object.assign({}, ...fields))
      }))

    it.live("a request with an idempotency key is done once and answered alike; the key of another request is refused", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const headers = { "idempotency-key": "k-1" }
        const answers = yield* Effect.forEach(
          [1, 2, 3, 4],
          () => client.post(`${api}/teams`, { id: "red", models: ["o1"] }, { headers }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map((it) => it.status), [201, 201, 201, 201])
        assert.strictEqual(new Set(answers.map((it) => it.headers.get("etag"))).size, 1)
        assert.strictEqual((yield* client.get(`${api}/audit`)).body.items.length, 1)
        const other = yield* client.post(`${api}/teams`, { id: "blue" }, { headers })
        assert.deepStrictEqual([other.status, other.body.code], [422, "idempotency_key_reused"])
        // What failed was not done, so its key is still free.
        const again = { headers: { "idempotency-key": "k-2" } }
        assert.strictEqual((yield* client.post(`${api}/teams`, { id: "red" }, again)).status, 409)
        yield* client.remove(`${api}/teams/red`)
        assert.strictEqual((yield* client.post(`${api}/teams`, { id: "red" }, again)).status, 201)
      }))

    it.live("every change has an audit row: who, what, before, after", () =>
      Effect.gen(function*() {
        const { client, token } = yield* make()
        yield* client.post(`${api}/users`, { id: "root", role: "proxy_admin" })
        const root = { token: yield* token("root") }
        yield* client.post(`${api}/teams`, { id: "red" }, root)
        yield* client.patch(`${api}/teams/red`, { blocked: true }, root)
        yield* client.remove(`${api}/teams/red`)
        const { body } = yield* client.get(`${api}/audit`)
        const told = body.items.map((it: ReturnType<typeof JSON.parse>) => [
          it.actor,
          it.action,
          it.kind,
          it.id,
          it.before?.blocked ?? null,
          it.after?.blocked ?? null
        ])
        assert.deepStrictEqual(told, [
          ["admin token", "remove", "teams", "red", true, null],
          ["root by idp", "change", "teams", "red", false, true],
          ["root by idp", "create", "teams", "red", null, false],
          ["admin token", "create", "users", "root", null, false]
        ])
        assert.isTrue(body.items.every((it: { readonly at: string }) => !Number.isNaN(Date.parse(it.at))))
        const page = yield* client.get(`${api}/audit?limit=3`)
        const rest = yield* client.get(`${api}/audit?limit=3&cursor=${page.body.next}`)
        assert.deepStrictEqual([...page.body.items, ...rest.body.items], body.items)
        assert.isNull(rest.body.next)
      }))
  })
}
