/** The console in a browser: opened, gone through, and held to axe. */
import { assert } from "@effect/vitest"
import { Chromium } from "@jotgate/servers"
import axe from "axe-core"
import { Effect, Schema } from "effect"
import { mkdirSync } from "node:fs"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll } from "vitest"

/** Where pictures are kept for people to look at, where somebody wants them (`PICTURES=all`): each takes a second. */
const pictures = process.env["PICTURES"] === "all"
  ? new URL("../../../../coverage/pictures/", import.meta.url).pathname
  : undefined

/** Takes a picture of the page as it is, where pictures are wanted. */
export const picture = async (page: Page, name: string, fullPage = false): Promise<void> => {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}${name}.png`, fullPage })
}

/** One browser for the tests of a file; each of them has pages of its own. */
export const shared = (): Effect.Effect<Browser> => {
  let chromium: Chromium.Chromium | undefined
  beforeAll(async () => {
    chromium = await Chromium.start()
  })
  afterAll(() => chromium?.stop())
  return Effect.suspend(() =>
    chromium === undefined ? Effect.die(new Error("the browser is not started")) : Effect.succeed(chromium.browser)
  )
}

const all = [[1280, "light"], [390, "dark"], [1280, "dark"], [390, "light"]] as const

/** Each width and each of the colours once; all four where somebody wants to look at the pictures (`PICTURES=all`). */
const looks = pictures === undefined ? all.slice(0, 2) : all

const Violations = Schema.Struct({
  violations: Schema.Array(Schema.Struct({
    id: Schema.String,
    help: Schema.String,
    nodes: Schema.Array(Schema.Struct({ html: Schema.String }))
  }))
})

/** What axe has against the page as it is; of `colours` alone where only they are others than in a look before. */
const objections = async (page: Page, colours: boolean): Promise<ReadonlyArray<string>> => {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe.source)
  const rules = colours ? `{ runOnly: { type: "rule", values: ["color-contrast"] } }` : "{}"
  const found: unknown = await page.evaluate(`axe.run(document, ${rules})`)
  return Schema.decodeUnknownSync(Violations)(found).violations.flatMap(({ help, id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`)
  )
}

/** Holds the page as it is, under this name, to axe and to its width, and takes its picture. */
export type Look = (name: string) => Promise<void>

/** Goes through the console as `visit` does, once for each of `looks`; what axe has against it. */
export const gallery = async (
  browser: Browser,
  visit: (page: Page, look: Look) => Promise<void>
): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const [width, colorScheme] of looks) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    await visit(page, async (name) => {
      await picture(page, `console-${name}-${width}-${colorScheme}`, true)
      const colours = (width === 1280) === (colorScheme === "dark")
      found.push(...(await objections(page, colours)).map((it) => `${name} ${width} ${colorScheme}: ${it}`))
      assert.isFalse(
        await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth),
        `${name} at ${width} scrolls sideways`
      )
    })
    await page.close()
  }
  return found
}

/** Opens the console with the admin token. */
export const open = async (page: Page, url: string) => {
  await page.goto(url)
  await page.waitForSelector("#admin-field:not([hidden])")
  await page.locator("#admin").fill("let-me-in")
  await page.keyboard.press("Enter")
  await page.waitForSelector("#admin-field", { state: "hidden" })
}

/** Goes to a view. */
export const go = (page: Page, hash: string) =>
  page.evaluate((it) => {
    location.hash = it
  }, hash)
