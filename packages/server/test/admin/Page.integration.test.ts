import { assert, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { picture, shared } from "../support/ConsolePage.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

describeWith("chromium", "the page in a real browser", () => {
  const chromium = shared()
  it.live("asks about a person's request and shows the steps, by keyboard alone", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({}, {}, true)
      const browser = yield* chromium
      yield* Effect.promise(async () => {
        const page = await browser.newPage({ viewport: { width: 1200, height: 860 } })
        const problems: Array<string> = []
        const foreign: Array<string> = []
        page.on("console", (message) => {
          if (message.type() === "error") problems.push(message.text())
        })
        page.on("pageerror", (error) => problems.push(error.message))
        page.on("request", (request) => {
          if (!request.url().startsWith(world.admin) && !request.url().startsWith("data:")) foreign.push(request.url())
        })
        await page.goto(world.admin)
        await page.waitForSelector("#person-field:not([hidden])")

        await page.locator("#person").focus()
        await page.keyboard.type("alice")
        await page.locator("#model").focus()
        await page.keyboard.press("Enter")
        await page.waitForSelector(".verdict.allow")
        assert.match(await page.locator("#facts").innerText(), /red \(Red\)/)
        const steps = await page.locator("#steps li").allInnerTexts()
        assert.isAbove(steps.length, 3)
        assert.match(steps.join("\n"), /token/)
        await picture(page, "page-allow")

        await page.locator("#model").fill("o1")
        await page.keyboard.press("Enter")
        await page.waitForSelector(".verdict.deny")
        assert.match(await page.locator("#verdict").innerText(), /403 team_model_denied/)
        await picture(page, "page-deny")

        await page.locator("#person").selectOption("")
        await page.locator("#token").fill("a.b.c")
        await page.locator("#decide").focus()
        await page.keyboard.press("Space")
        await page.waitForFunction(() => document.querySelector("#verdict")?.textContent?.includes("invalid_token"))
        await page.emulateMedia({ colorScheme: "dark" })
        await page.setViewportSize({ width: 420, height: 900 })
        await picture(page, "page-narrow-dark")

        await page.locator("#model").fill(`<img src=x onerror="document.title='pwned'">`)
        await page.keyboard.press("Enter")
        await page.waitForFunction(() => document.querySelector("#facts")?.textContent?.includes("onerror"))
        assert.notStrictEqual(await page.title(), "pwned")
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(foreign, [])
      })
    }))

  it.live("runs no script but its own, and cannot be framed", () =>
    Effect.gen(function*() {
      const world = yield* ServerWorld.make()
      const response = yield* Effect.promise(() => fetch(world.admin))
      const policy = response.headers.get("content-security-policy") ?? ""
      assert.include(policy, "default-src 'none'")
      assert.include(policy, "frame-ancestors 'none'")
      assert.notInclude(policy, "unsafe")
      const browser = yield* chromium
      yield* Effect.promise(async () => {
        const page = await browser.newPage()
        const blocked: Array<string> = []
        page.on("console", (message) => blocked.push(message.text()))
        await page.goto(world.admin)
        await page.evaluate(() => {
          const script = document.createElement("script")
          script.textContent = "document.title = 'pwned'"
          document.body.append(script)
        })
        assert.notStrictEqual(await page.title(), "pwned")
        assert.isAbove(blocked.length, 0)
      })
    }))
})
