/** The console in a browser: opened, gone through, and held to axe. */
import axe from "axe-core"
import { Schema } from "effect"
import type { Page } from "playwright-core"

/** Where the pictures of the last run are kept, for people to look at. */
export const pictures = new URL("../../../../coverage/pictures/", import.meta.url).pathname

const all = [[1280, "light"], [390, "dark"], [1280, "dark"], [390, "light"]] as const

/** Each width and each of the colours once; all four where somebody wants to look at the pictures (`PICTURES=all`). */
export const looks = process.env["PICTURES"] === "all" ? all : all.slice(0, 2)

const Violations = Schema.Struct({
  violations: Schema.Array(Schema.Struct({
    id: Schema.String,
    help: Schema.String,
    nodes: Schema.Array(Schema.Struct({ html: Schema.String }))
  }))
})

/** What axe has against the page as it is; of `colours` alone where only they are others than in a look before. */
export const objections = async (page: Page, colours: boolean): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe.source)
  const rules = colours ? `{ runOnly: { type: "rule", values: ["color-contrast"] } }` : "{}"
  const found: unknown = await page.evaluate(`axe.run(document, ${rules})`)
  return Schema.decodeUnknownSync(Violations)(found).violations.flatMap(({ help, id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`)
  )
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
