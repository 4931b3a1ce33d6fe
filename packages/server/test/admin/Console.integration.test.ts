import { assert, it } from "@effect/vitest"
import { Chromium, describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerWorld from "../support/ServerWorld.ts"

/** Where the pictures of the last run are kept, for people to look at. */
const pictures = new URL("../../../../coverage/pictures/", import.meta.url).pathname

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-console-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

/** A console with people, teams and some answers of the past. */
const world = Effect.gen(function*() {
  const store = `sqlite:${join(yield* folder, "records.db")}`
  const world = yield* ServerWorld.make({ gateway: { adminToken: "env:ADMIN" }, decisions: { store } }, {
    ADMIN: "let-me-in"
  })
  const ask = (sub: string, groups: ReadonlyArray<string>, model: string) =>
    Effect.gen(function*() {
      const token = yield* world.token(sub, { groups, email: `${sub}@acme.test` })
      return yield* Effect.promise(async () => {
        const response = await fetch(`${world.gate}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ model })
        })
        return String((await response.json()).decision)
      })
    })
  for (let i = 0; i < 6; i++) yield* ask("alice", ["red", "blue"], "gpt-4o")
  yield* ask("alice", ["red"], "o1")
  const denied = yield* ask("bob", ["blue"], "gpt-4o")
  return { ...world, ask, denied }
})

describeWith("chromium", "the console in a real browser", () => {
  it.live("finds a denied call by its id, shows its steps, and asks again", () =>
    Effect.gen(function*() {
      const { admin, ask, denied, gate } = yield* world
      const { browser } = yield* Chromium.make()
      const page = yield* Effect.promise(() => browser.newPage({ viewport: { width: 1280, height: 900 } }))
      const problems: Array<string> = []
      page.on("pageerror", (error) => problems.push(error.message))
      yield* Effect.promise(async () => {
        mkdirSync(pictures, { recursive: true })
        await page.goto(`${admin}/#decisions`)
        await page.waitForSelector("#admin-field:not([hidden])")
        await page.locator("#admin").fill("let-me-in")
        await page.keyboard.press("Enter")
        await page.waitForSelector("#records tbody tr")
        await page.locator("#s-id").fill(denied)
        await page.keyboard.press("Enter")
        await page.waitForSelector("#record .verdict.deny")
        assert.match(await page.locator("#record").innerText(), /403 team_model_denied[\s\S]*bob/)
        assert.isAbove(await page.locator("#record li").count(), 2)
        await page.getByText("Ask again with today's rows").click()
        await page.waitForFunction(() =>
          document.querySelector("#record")?.textContent?.includes("today: 403") === true
        )
        await page.locator("#live").check()
      })
      // A row that comes in while somebody looks.
      const before = yield* Effect.promise(() => page.locator("#records tbody tr").count())
      yield* Effect.sleep(100)
      yield* ask("alice", ["red"], "o3")
      yield* Effect.promise(async () => {
        await page.waitForFunction((count) => document.querySelectorAll("#records tbody tr").length > count, before)
        await page.locator("#s-id").fill("")
        await page.locator("#s-code").fill("team_model_denied")
        await page.locator("#s-who").fill("bob")
        await page.locator("#search button").first().click()
        await page.waitForFunction(() => document.querySelectorAll("#records tbody tr").length === 2)
        const withoutScript = await browser.newContext({
          javaScriptEnabled: false,
          extraHTTPHeaders: { authorization: "Bearer let-me-in" }
        })
        const plain = await withoutScript.newPage()
        await plain.goto(`${admin}/decisions/${denied}`)
        assert.match(await plain.locator("main").innerText(), /team_model_denied[\s\S]*denied|✖/)
        assert.strictEqual((await fetch(`${admin}/decisions/${denied}`)).status, 401)
        assert.deepStrictEqual(problems, [])
        assert.isString(gate)
      })
    }), 60_000)

  it.live("every view shows what it is for, wide and narrow, light and dark", () =>
    Effect.gen(function*() {
      const { admin, denied } = yield* world
      const { browser } = yield* Chromium.make()
      yield* Effect.promise(async () => {
        mkdirSync(pictures, { recursive: true })
        for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]] as const) {
          const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
          await page.goto(`${admin}/#ask`)
          await page.locator("#as").selectOption("user")
          await page.locator("#user").fill("alice")
          await page.locator("#model").fill("o1")
          await page.locator("#decide").click()
          await page.waitForSelector("#admin-field:not([hidden])")
          await page.locator("#admin").fill("let-me-in")
          await page.keyboard.press("Enter")
          await page.locator("#decide").click()
          await page.waitForSelector(".verdict.deny")
          const shoot = (name: string) =>
            page.screenshot({ path: `${pictures}console-${name}-${width}-${colorScheme}.png`, fullPage: true })
          await shoot("ask")
          const go = async (name: string, until: string) => {
            await page.evaluate((hash) => {
              location.hash = hash
            }, name)
            await page.waitForSelector(until)
            await shoot(name.split("/")[0] ?? name)
            assert.isFalse(
              await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth),
              `${name} at ${width} scrolls sideways`
            )
          }
          await go(`decisions/${denied}`, "#record li")
          await go("may", "#matrix tbody .pill.allow")
          await go("people", "#users tbody tr")
          await go("issuers", "#issuers .card")
          await go("configuration", "#config:not(:empty)")
          await go("health", "#chart-decisions svg")
          await page.close()
        }
      })
    }), 90_000)
})
