import { assert, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gallery, go, open, shared } from "../support/ConsolePage.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-console-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

/** A console with people, teams and some answers of the past. */
const world = Effect.gen(function*() {
  const store = `sqlite:${join(yield* folder, "records.db")}`
  const world = yield* ServerWorld.make({
    gateway: { adminToken: "env:ADMIN" },
    issuer: { claims: { user: "sub", email: "email", teams: "groups" } },
    decisions: { store }
  }, { ADMIN: "let-me-in" })
  const ask = (sub: string, groups: ReadonlyArray<string>, model: string) =>
    Effect.gen(function*() {
      const token = yield* world.token(sub, { groups, email: `${sub}@acme.test`, email_verified: true })
      return yield* Effect.promise(async () => {
        const response = await fetch(`${world.gate}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ model })
        })
        return response.headers.get("x-jotgate-decision") ?? String((await response.json()).decision)
      })
    })
  for (let i = 0; i < 6; i++) yield* ask("alice", ["red", "blue"], "gpt-4o")
  yield* ask("alice", ["red"], "o1")
  const denied = yield* ask("bob", ["blue"], "gpt-4o")
  yield* Effect.promise(() => fetch(`${world.gate}/v1/files`, { headers: { authorization: "Bearer a.b.c" } }))
  yield* world.server.refused(["jotgate.yaml:7:3: policy.teamRoute: unknown key, did you mean \"teamRoutes\"?"])
  return { ...world, ask, denied }
})

describeWith("chromium", "the console in a real browser", () => {
  const chromium = shared()
  it.live(
    "on call: a denied call by its id, its steps, asked again, and those that come in meanwhile",
    () =>
      Effect.gen(function*() {
        const { admin, ask, denied } = yield* world
        const browser = yield* chromium
        const page = yield* Effect.promise(() => browser.newPage({ viewport: { width: 1280, height: 900 } }))
        const problems: Array<string> = []
        page.on("pageerror", (error) => problems.push(error.message))
        yield* Effect.promise(async () => {
          await open(page, `${admin}/#decisions`)
          await page.waitForSelector("#records tbody tr")
          await page.locator("#s-id").fill(denied)
          await page.keyboard.press("Enter")
          await page.waitForSelector("#record .verdict.deny")
          assert.match(await page.locator("#record").innerText(), /403 team_model_denied[\s\S]*bob/)
          assert.isAbove(await page.locator("#record li").count(), 2)
          assert.match(await page.locator("#record").innerText(), /Add "gpt-4o" to models of the team "blue"/)
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
          await page.locator("#s-who").fill("bob@acme.test")
          await page.locator("#search button").first().click()
          await page.waitForFunction(() => document.querySelectorAll("#records tbody tr").length === 2)
          const withoutScript = await browser.newContext({
            javaScriptEnabled: false,
            extraHTTPHeaders: { authorization: "Bearer let-me-in" }
          })
          const plain = await withoutScript.newPage()
          await plain.goto(`${admin}/decisions/${denied}`)
          assert.match(
            await plain.locator("main").innerText(),
            /team_model_denied[\s\S]*blue may not call the model: claude-\*[\s\S]*would help/
          )
          assert.strictEqual((await fetch(`${admin}/decisions/${denied}`)).status, 401)
          assert.deepStrictEqual(problems, [])
        })
      })
  )

  it.live("support: why could she, then; audit: who can, what can; both in one click", () =>
    Effect.gen(function*() {
      const { admin } = yield* world
      const browser = yield* chromium
      const page = yield* Effect.promise(() => browser.newPage())
      yield* Effect.promise(async () => {
        await open(page, `${admin}/#decisions`)
        await page.locator("#s-who").fill("alice")
        await page.locator("#s-status").fill("200")
        await page.locator("#s-since").fill("2026-01-01")
        await page.keyboard.press("Enter")
        await page.waitForFunction(() => document.querySelectorAll("#records tbody tr").length === 6)
        await page.locator("#records tbody tr").first().click()
        await page.waitForFunction(() =>
          document.querySelector("#record")?.textContent?.includes("today: 200 allowed") === true
        )
        assert.match(await page.locator("#record").innerText(), /Worked out again[\s\S]*team[\s\S]*red/)
        await go(page, "may")
        await page.locator("#who-form button").click()
        await page.waitForSelector("#who tbody tr")
        assert.match(await page.locator("#who").innerText(), /team red[\s\S]*alice/)
        await page.locator("#what-user").fill("bob")
        await page.locator("#what-form button").click()
        await page.waitForSelector("#what tbody .pill")
        assert.match(await page.locator("#what").innerText(), /blue[\s\S]*claude-\*/)
      })
    }))

  it.live(
    "platform: what a pasted file would change; security: block, unblock and deny, with the keyboard alone",
    () =>
      Effect.gen(function*() {
        const { admin, gate, settings, token } = yield* world
        const browser = yield* chromium
        const page = yield* Effect.promise(() => browser.newPage())
        const file = JSON.stringify({ ...settings, policy: { withoutTeam: "all", teamRoutes: ["info_routes"] } })
        yield* Effect.promise(async () => {
          await open(page, `${admin}/#configuration`)
          await page.waitForSelector("#config-warnings .finding")
          await page.locator("#config-text").fill(file)
          await page.locator("#plan").click()
          await page.waitForSelector("#changes tbody tr")
          assert.match(await page.locator("#changes").innerText(), /alice[\s\S]*gpt-4o, 6 times[\s\S]*allowed in red/)
          await go(page, "people")
          await page.waitForSelector("#users tbody tr")
          await page.getByRole("button", { name: "Block bob" }).focus()
          await page.keyboard.press("Enter")
          await page.waitForSelector("#users .pill.deny")
          await page.getByRole("button", { name: "Unblock bob" }).focus()
          await page.keyboard.press("Space")
          await page.waitForSelector("#users .pill.deny", { state: "detached" })
          await page.locator("#deny-what").selectOption("subject")
          await page.locator("#deny-value").fill("carol")
          await page.keyboard.press("Enter")
          await page.waitForFunction(() => document.querySelector("#deny-note")?.textContent === "Denied from now on.")
          // From the top of the page, every tab can be reached and opened without a mouse.
          await page.locator("#tab-ask").focus()
          for (let i = 0; i < 6; i++) await page.keyboard.press("Tab")
          await page.keyboard.press("Enter")
          await page.waitForSelector("#view-health:not([hidden])")
          assert.strictEqual(await page.evaluate(() => document.activeElement?.id), "title-health")
        })
        const headers = { authorization: `Bearer ${yield* token("carol")}` }
        const denied = yield* Effect.promise(() => fetch(`${gate}/v1/files`, { headers }))
        assert.strictEqual(denied.status, 401)
      })
  )

  it.live(
    "every view shows what it is for, wide and narrow, light and dark, and axe finds nothing",
    () =>
      Effect.gen(function*() {
        const { admin, denied } = yield* world
        const browser = yield* chromium
        yield* Effect.promise(async () => {
          const found = await gallery(browser, async (page, look) => {
            const show = async (hash: string, until: string) => {
              await go(page, hash)
              await page.waitForSelector(until)
              await look(hash.split("/")[0] ?? hash)
            }
            await open(page, `${admin}/#health`)
            await go(page, "ask")
            await page.locator("#as").selectOption("user")
            await page.locator("#user").fill("alice")
            await page.locator("#model").fill("o1")
            await page.locator("#decide").click()
            await page.waitForSelector(".verdict.deny")
            await look("ask")
            await show(`decisions/${denied}`, "#record li")
            await show("may", "#matrix tbody .pill.allow")
            await page.locator("#who-form button").click()
            await page.waitForSelector("#who tbody tr")
            await look("may")
            await show("people", "#users tbody tr")
            await show("issuers", "#issuers .card")
            await show("configuration", "#config-warnings .finding")
            await show("health", "#chart-decisions svg")
            await page.setExtraHTTPHeaders({ authorization: "Bearer let-me-in" })
            await page.goto(`${admin}/decisions/${denied}`)
            await look("one-decision")
          })
          assert.deepStrictEqual(found, [])
        })
      }),
    240_000
  )
})
