import { assert, it } from "@effect/vitest"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { gallery, go, open, shared } from "../support/ConsolePage.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

const tools = ["github/get_repo", "github/list_repos", "github/create_issue"]

/** A console over two teams, of which one may use three tools of a server, and two agents. */
const world = Effect.gen(function*() {
  const world = yield* ServerWorld.make({
    gateway: { adminToken: "env:ADMIN" },
    issuer: { claims: { user: "sub", email: "email", teams: "groups", agent: { actor: "act" } } },
    policy: { mcp: [{ server: "github", path: "/mcp/github" }] }
  }, { ADMIN: "let-me-in" })
  const send = (method: string, path: string, body: object) =>
    Effect.promise(async () => {
      const response = await fetch(`${world.admin}/admin/v1${path}`, {
        method,
        headers: { authorization: "Bearer let-me-in", "content-type": "application/json" },
        body: JSON.stringify(body)
      })
      assert.isBelow(response.status, 300, await response.text())
    })
  yield* send("PATCH", "/teams/red", { tools })
  yield* send("POST", "/agents", { id: "agent-7", name: "Repository reader", tools: ["github/get_*"] })
  yield* send("POST", "/agents", { id: "janitor", tools: ["github/*"], autonomous: true })
  const call = (token: string, name: string) =>
    Effect.promise(() =>
      fetch(`${world.gate}/mcp/github`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream"
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } })
      }).then((response) => response.text())
    )
  const token = yield* world.token("alice", { groups: ["red"], act: { sub: "agent-7" } })
  yield* call(token, "get_repo")
  yield* call(token, "create_issue")
  return world
})

/** Asks about a tool for somebody, by an agent. */
const ask = async (page: Page, user: string, agent: string, tool: string) => {
  await go(page, "ask")
  await page.waitForSelector("#tool-row:not([hidden])")
  await page.locator("#as").selectOption("user")
  await page.locator("#user").fill(user)
  await page.locator("#agent").fill(agent)
  await page.locator("#tool").fill(tool)
  await page.locator("#decide").click()
}

describeWith("chromium", "tools and agents in the console", () => {
  const chromium = shared()
  it.live(
    "the reviewer: why may it not, which agents may, for whom; all without writing a request",
    () =>
      Effect.gen(function*() {
        const { admin } = yield* world
        const browser = yield* chromium
        const page = yield* Effect.promise(() => browser.newPage({ viewport: { width: 1280, height: 900 } }))
        const problems: Array<string> = []
        page.on("pageerror", (error) => problems.push(error.message))
        yield* Effect.promise(async () => {
          await open(page, `${admin}/#health`)
          await ask(page, "alice", "agent-7", "github/create_issue")
          await page.waitForSelector(".verdict.deny")
          const answer = await page.locator("#answer").innerText()
          assert.match(answer, /403 tool_denied/)
          assert.match(answer, /agent-7 may not call github\/create_issue for alice: alice may, agent-7 may not/)
          assert.match(answer, /among the tools of the agent "agent-7"/)
          assert.isFalse(await page.locator("#route").isVisible())
          await page.locator("#agent").fill("")
          await page.locator("#decide").click()
          await page.waitForSelector(".verdict.allow")
          assert.match(await page.locator("#facts").innerText(), /may use\s+github\/get_repo, github\/list_repos/)
          await page.locator("#as").selectOption("agent")
          await page.locator("#agent").fill("janitor")
          await page.locator("#decide").click()
          await page.waitForFunction(() => document.querySelector("#facts")?.textContent?.includes("janitor") === true)

          await go(page, "may")
          await page.locator("#matrix-models").fill("gpt-4o")
          await page.locator("#matrix-tools").fill("github/get_repo, github/create_issue")
          await page.locator("#matrix-agent").fill("agent-7")
          await page.locator("#matrix-form .primary").click()
          await page.waitForFunction(() => document.querySelectorAll("#matrix tbody tr:first-child td").length === 4)
          assert.match(await page.locator("#matrix tbody").innerText(), /red \(Red\)\s+yes\s+yes\s+tool_denied/)
          await page.getByRole("button", { name: "agent-7 for red, github/create_issue: tool_denied, show why" })
            .click()
          await page.waitForSelector("#why:not([hidden]) li.denied")
          assert.match(
            await page.locator("#why").innerText(),
            /agent-7 may not call github\/create_issue for red: red may, agent-7 may not/
          )
          await page.locator("#who-kind").selectOption("tool")
          await page.locator("#who-model").fill("github/create_issue")
          await page.locator("#who-form .primary").click()
          await page.waitForSelector("#who tbody tr")
          const who = await page.locator("#who tbody").innerText()
          assert.match(who, /team red[\s\S]*alice[\s\S]*agent janitor\s+on its own, for team red, alice/)
          assert.notInclude(who, "agent-7")
          await page.locator("#what-user").fill("alice")
          await page.locator("#what-agent").fill("agent-7")
          await page.locator("#what-form .primary").click()
          await page.waitForSelector("#what tbody .pill")
          assert.match(
            await page.locator("#what tbody").innerText(),
            /red\s+yes\s+gpt-4o\*\s+github\/get_\*|github\/get_repo/
          )

          await go(page, "decisions")
          await page.locator("#s-agent").fill("agent-7")
          await page.locator("#s-tool").fill("github/create_issue")
          await page.keyboard.press("Enter")
          // The calls and the questions about them, and nothing else.
          await page.waitForFunction(() => {
            const rows = [...document.querySelectorAll("#records tbody tr")].map((it) => it.textContent ?? "")
            return rows.length > 0 && rows.every((it) => it.includes("github/create_issue"))
          })
          assert.match(await page.locator("#records tbody").innerText(), /alice by agent-7[\s\S]*github\/create_issue/)

          await go(page, "people")
          await page.getByRole("button", { name: "Block agent-7" }).click()
          await page.waitForSelector("#agents .pill.deny")
          await ask(page, "alice", "agent-7", "github/get_repo")
          await page.waitForFunction(() =>
            document.querySelector("#verdict")?.textContent?.includes("agent_blocked") === true
          )
        })
        assert.deepStrictEqual(problems, [])
      }),
    120_000
  )

  it.live("each of it wide and narrow, light and dark, and axe finds nothing", () =>
    Effect.gen(function*() {
      const { admin } = yield* world
      const browser = yield* chromium
      yield* Effect.promise(async () => {
        const found = await gallery(browser, async (page, look) => {
          await open(page, `${admin}/#health`)
          await ask(page, "alice", "agent-7", "github/create_issue")
          await page.waitForSelector(".verdict.deny")
          await look("tools-ask")
          await go(page, "may")
          await page.locator("#matrix-models").fill("gpt-4o")
          await page.locator("#matrix-tools").fill(tools.join(", "))
          await page.locator("#matrix-agent").fill("agent-7")
          await page.locator("#matrix-form .primary").click()
          await page.waitForSelector("#matrix button[aria-label*='create_issue']")
          await page.getByRole("button", { name: "agent-7 for red, github/create_issue" }).click()
          await page.waitForSelector("#why:not([hidden]) li")
          await page.locator("#who-kind").selectOption("tool")
          await page.locator("#who-model").fill("github/create_issue")
          await page.locator("#who-form .primary").click()
          await page.waitForSelector("#who tbody tr")
          await page.locator("#what-user").fill("alice")
          await page.locator("#what-form .primary").click()
          await page.waitForSelector("#what tbody .pill")
          await look("tools-may")
          await go(page, "people")
          await page.waitForSelector("#agents tbody tr")
          await look("tools-people")
        })
        assert.deepStrictEqual(found, [])
      })
    }), 240_000)
})
