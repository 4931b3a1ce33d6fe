import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:http"
import { Chromium, describeWith, Ports, Process } from "../src/index.ts"

describeWith("chromium", "Chromium", () => {
  it.effect("opens a page of ours, clicks, and leaves no process", () =>
    Effect.gen(function*() {
      const port = yield* Effect.promise(Ports.free)
      yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((_, response) => {
            response.setHeader("content-type", "text/html")
            response.end(`<button onclick="this.textContent = 'done'">press</button>`)
          })
          server.listen(port, Ports.host, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const before = new Set(Process.family(process.pid))
      yield* Effect.scoped(Effect.gen(function*() {
        const { browser } = yield* Chromium.make()
        yield* Effect.promise(async () => {
          const page = await browser.newPage()
          await page.goto(`http://${Ports.host}:${port}/`)
          await page.getByRole("button").click()
          assert.strictEqual(await page.getByRole("button").textContent(), "done")
          assert.isAbove((await page.screenshot()).length, 1_000)
        })
      }))
      assert.deepStrictEqual(Process.family(process.pid).filter((pid) => !before.has(pid)), [])
    }))
})
