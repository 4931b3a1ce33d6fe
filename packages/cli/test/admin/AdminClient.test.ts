import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AdminClient from "../../src/admin/AdminClient.ts"

const list = { path: "/users", query: { role: "customer" } }

const pageOf = (ids: ReadonlyArray<string>, next: string | null, link?: string): Response =>
  Response.json(
    { items: ids.map((id) => ({ id })), next },
    link === undefined ? {} : { headers: { link } }
  )

const cursorOf = (request: Request): string | null => new URL(request.url).searchParams.get("cursor")

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
        let rest: (() => void) | undefined
        const ask = AdminClient.over((request) => {
          switch (cursorOf(request)) {
            case null: {
              // The rows of the first page come when the second one has been asked for.
              const { body } = pageOf(["a", "b"], "2")
              const late = new Promise<void>((done) => rest = done)
              const rows = new ReadableStream<Uint8Array>({
                async start(controller) {
                  await late
                  for await (const chunk of body ?? []) controller.enqueue(chunk)
                  controller.close()
                }
              })
              return Promise.resolve(
                new Response(rows, { headers: { link: `<?role=customer&limit=1000&cursor=2>; rel="next"` } })
              )
            }
            case "2":
              rest?.()
              return Promise.resolve(pageOf(["c"], null))
            default:
              throw new Error(request.url)
          }
        })
        assert.deepStrictEqual(yield* all(ask), ["a", "b", "c"])
      }))

    it.effect("goes on by the body where there is no link, or another one", () =>
      Effect.gen(function*() {
        for (const link of [undefined, `<https://example.test/>; rel="help"`, `<?limit=1>; rel="next"`]) {
          const ask = AdminClient.over((request) =>
            Promise.resolve(cursorOf(request) === null ? pageOf(["a"], "2", link) : pageOf(["b"], null, link))
          )
          assert.deepStrictEqual(yield* all(ask), ["a", "b"], link)
        }
      }))

    it.effect("asks for no more rows than are wanted", () =>
      Effect.gen(function*() {
        const asked: Array<string | null> = []
        const ask = AdminClient.over((request) => {
          const limit = new URL(request.url).searchParams.get("limit")
          asked.push(limit)
          const ids = Array.from({ length: Number(limit) }, (_, at) => `${asked.length}-${at}`)
          return Promise.resolve(pageOf(ids, "more", `<?cursor=more>; rel="next"`))
        })
        assert.strictEqual((yield* all(ask, { limit: 5, size: 2 })).length, 5)
        assert.deepStrictEqual(asked, ["2", "2", "1"])
      }))

    it.effect("a refusal of a later page ends it", () =>
      Effect.gen(function*() {
        const ask = AdminClient.over((request) =>
          Promise.resolve(
            cursorOf(request) === null
              ? pageOf(["a"], "2", `<?cursor=2>; rel="next"`)
              : Response.json({ detail: "the directory does not answer" }, { status: 503 })
          )
        )
        const failure = yield* Effect.flip(all(ask))
        assert.deepStrictEqual([failure._tag, failure.lines], ["Failure", ["the directory does not answer"]])
      }))
  })
})
