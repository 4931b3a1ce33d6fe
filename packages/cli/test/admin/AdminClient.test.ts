import { assert, describe, it } from "@effect/vitest"
import type { Answered, Sent } from "@jotgate/server/DirectDirectory"
import { Deferred, Effect } from "effect"
import * as AdminClient from "../../src/admin/AdminClient.ts"

const list = { path: "/users", query: { role: "customer" } }

const pageOf = (ids: ReadonlyArray<string>, next: string | null, link?: string): Answered => ({
  status: 200,
  link,
  text: Effect.succeed(JSON.stringify({ items: ids.map((id) => ({ id })), next }))
})

const cursorOf = ({ url }: Sent): string | null => new URL(url).searchParams.get("cursor")

/** The ids of all pages, in the order in which they came. */
const all = (ask: AdminClient.Ask, range?: { readonly limit?: number; readonly size?: number }) =>
  Effect.gen(function*() {
    const found: Array<unknown> = []
    yield* AdminClient.pages(ask, list, (rows) => Effect.sync(() => found.push(...rows.map((it) => it["id"]))), range)
    return found
  })

describe("AdminClient", () => {
  describe("pages", () => {
    it.effect("asks for the next page while one is read, where a link leads to it", () =>
      Effect.gen(function*() {
        const isAskedForMore = yield* Deferred.make<void>()
        const ask = AdminClient.over((sent) => {
          switch (cursorOf(sent)) {
            case null: {
              // The rows of the first page come when the second one has been asked for.
              const page = pageOf(["a", "b"], "2", `<?role=customer&limit=1000&cursor=2>; rel="next"`)
              return Effect.succeed({ ...page, text: Effect.andThen(Deferred.await(isAskedForMore), page.text) })
            }
            case "2":
              return Effect.as(Deferred.succeed(isAskedForMore, undefined), pageOf(["c"], null))
            default:
              return Effect.die(new Error(sent.url))
          }
        })
        assert.deepStrictEqual(yield* all(ask), ["a", "b", "c"])
      }))

    it.effect("goes on by the body where there is no link, or another one", () =>
      Effect.gen(function*() {
        for (const link of [undefined, `<https://example.test/>; rel="help"`, `<?limit=1>; rel="next"`]) {
          const ask = AdminClient.over((sent) =>
            Effect.succeed(cursorOf(sent) === null ? pageOf(["a"], "2", link) : pageOf(["b"], null, link))
          )
          assert.deepStrictEqual(yield* all(ask), ["a", "b"], link)
        }
      }))

    it.effect("asks for no more rows than are wanted", () =>
      Effect.gen(function*() {
        const asked: Array<string | null> = []
        const ask = AdminClient.over(({ url }) => {
          const limit = new URL(url).searchParams.get("limit")
          asked.push(limit)
          const ids = Array.from({ length: Number(limit) }, (_, at) => `${asked.length}-${at}`)
          return Effect.succeed(pageOf(ids, "more", `<?cursor=more>; rel="next"`))
        })
        assert.strictEqual((yield* all(ask, { limit: 5, size: 2 })).length, 5)
        assert.deepStrictEqual(asked, ["2", "2", "1"])
      }))

    it.effect("a refusal of a later page ends it", () =>
      Effect.gen(function*() {
        const away = {
          status: 503,
          link: undefined,
          text: Effect.succeed(`{"detail":"the directory does not answer"}`)
        }
        const ask = AdminClient.over((sent) =>
          Effect.succeed(cursorOf(sent) === null ? pageOf(["a"], "2", `<?cursor=2>; rel="next"`) : away)
        )
        const failure = yield* Effect.flip(all(ask))
        assert.deepStrictEqual([failure._tag, failure.lines], ["Failure", ["the directory does not answer"]])
      }))
  })
})
