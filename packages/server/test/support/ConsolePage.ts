/** The console in a browser: opened, gone through, and held to axe. */
import { assert } from "@effect/vitest"
import axe from "axe-core"
import { Schema } from "effect"
import { mkdirSync } from "node:fs"
import type { Browser, Page } from "playwright-core"

/** Where the pictures of the last run are kept, for people to look at. */
const pictures = new URL("../../../../coverage/pictures/", import.meta.url).pathname

const all = [[1280, "light"], [390, "dark"], [1280, "dark"], [390, "light"]] as const

/** Each width and each of the colours once; all four where somebody wants to look at the pictures (`PICTURES=all`). */
const looks = process.env["PICTURES"] === "all" ? all : all.slice(0, 2)

const Violations = Schema.Struct({
  violations: Schema.Array(Schema.Struct({
    id: Schema.String,
    help: Schema.String,
    nodes: Schema.Array(Schema.Struct({ html: Schema.String }))
  }))
})

/** What axe has against the page as it is; of `colours` alone where only they are others than in a look before. */
const objections = async (page: Page, colours: boolean): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe.source)
  const rules = colours ? `{ runOnly: { type: "rule", values: ["color-contrast"] } }` : "{}"
  const found: unknown = await page.evaluate(`axe.run(document, ${rules})`)
  return Schema.decodeUnknownSync(Violations)(found).violations.flatMap(({ help, id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`)
  )
}

/** Takes a picture of the page as it is, under this name, and holds it to axe and to its width. */
export type Look = (name: string) => Promise<void>

/** Goes through the console as `visit` does, once for each of `looks`; what axe has against it. */
export const gallery = async (
  browser: Browser,
  visit: (page: Page, look: Look) => Promise<void>
): Promise<ReadonlyArray<string>> => {
  mkdirSync(pictures, { recursive: true })
  const found: Array<string> = []
  for (const [width, colorScheme] of looks) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    await visit(page, async (name) => {
      await page.screenshot({ path: `${pictures}console-${name}-${width}-${colorScheme}.png`, fullPage: true })
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
