import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import type * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/admin/v1"

/** The deny list over HTTP: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("the deny list", () => {
    it.live("denies by token id, by subject, by time and by key, from the answer on, and no more once taken away", () =>
      Effect.gen(function*() {
        const { chat, client } = yield* make()
        yield* client.post(`${api}/users`, { id: "u-1" })
        yield* client.post(`${api}/users`, { id: "u-2" })
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const entries: ReadonlyArray<readonly [object, string, string]> = [
          [{ issuer: "idp", jti: "t-1" }, "401 invalid_token", "allowed"],
          [{ issuer: "idp", subject: "u-1", expiresAt: now + 600 }, "401 invalid_token", "allowed"],
          [{ issuer: "idp", issuedBefore: now + 60 }, "401 invalid_token", "401 invalid_token"]
        ]
        for (const [entry, mine, others] of entries) {
          const verdicts = Effect.all([chat("u-1", { jti: "t-1" }), chat("u-2", { jti: "t-2" })])
          assert.deepStrictEqual(yield* verdicts, ["allowed", "allowed"])
          const made = yield* client.post(`${api}/deny`, entry)
          assert.strictEqual(made.status, 201, made.text)
          assert.deepInclude(made.body, entry)
          assert.deepStrictEqual(yield* verdicts, [mine, others], made.text)
          assert.deepStrictEqual((yield* client.get(`${api}/deny`)).body.items, [made.body])
          assert.deepStrictEqual((yield* client.get(`${api}/deny/${made.body.id}`)).body, made.body)
          assert.strictEqual((yield* client.remove(`${api}/deny/${made.body.id}`)).status, 204)
          assert.deepStrictEqual(yield* verdicts, ["allowed", "allowed"])
        }
        const told = (yield* client.get(`${api}/audit`)).body.items.map((it: ReturnType<typeof JSON.parse>) =>
          `${it.action} ${it.kind}`
        )
        assert.deepStrictEqual(told.slice(0, 2), ["remove deny", "create deny"])
      }))

    it.live("the same denial twice is one entry, with the later end", () =>
      Effect.gen(function*() {
        const { client, server } = yield* make()
        assert.isAbove(server.admin.port, 0)
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const first = yield* client.post(`${api}/deny`, { issuer: "idp", jti: "t-1", expiresAt: now + 60 })
        const second = yield* client.post(`${api}/deny`, { issuer: "idp", jti: "t-1", expiresAt: now + 600 })
        assert.strictEqual(second.status, 201)
        assert.strictEqual(second.body.id, first.body.id)
        assert.deepStrictEqual((yield* client.get(`${api}/deny`)).body.items, [second.body])
      }))

    it.live("takes times as seconds and as ISO text", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const body = { issuer: "idp", issuedBefore: "2001-09-09T01:46:40Z", expiresAt: "2099-01-01T00:00:00.5Z" }
        const made = yield* client.post(`${api}/deny`, body)
        assert.strictEqual(made.status, 201, made.text)
        assert.deepInclude(made.body, { issuedBefore: 1_000_000_000, expiresAt: 4_070_908_800.5 })
        const bad = yield* client.post(`${api}/deny`, { issuer: "idp", jti: "x", expiresAt: "tomorrow" })
        assert.deepStrictEqual([bad.status, bad.body.errors[0].path], [400, ["payload", "expiresAt"]])
      }))

    it.live("is listed page by page, and by issuer", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        for (const jti of ["a", "b", "c", "d", "e"]) yield* client.post(`${api}/deny`, { issuer: "idp", jti })
        const first = (yield* client.get(`${api}/deny?limit=3`)).body
        const rest = (yield* client.get(`${api}/deny?limit=3&cursor=${first.next}`)).body
        const all = [...first.items, ...rest.items].map((it: { readonly jti: string }) => it.jti)
        assert.deepStrictEqual(all.toSorted(), ["a", "b", "c", "d", "e"])
        assert.isNull(rest.next)
        assert.deepStrictEqual((yield* client.get(`${api}/deny?issuer=other`)).body.items, [])
      }))
  })
}
