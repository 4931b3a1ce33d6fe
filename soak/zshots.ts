import { Chromium } from "@jotgate/servers"
const { browser, stop } = await Chromium.start()
const url = process.argv[2] ?? "http://127.0.0.1:4181/"
for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
  page.on("console", (m) => console.log(width, m.type(), m.text()))
  page.on("pageerror", (e) => console.log("ERR", e.message))
  await page.goto(url)
  await page.waitForTimeout(1500)
  const views = await page.locator("nav a").evaluateAll((them) => them.map((it) => it.getAttribute("href")))
  for (const view of views) {
    await page.evaluate((it) => { location.hash = it ?? "" }, view)
    await page.waitForTimeout(1500)
    await page.screenshot({ path: `/tmp/record/shots/${(view ?? "").replace(/\W/g, "")}-${width}-${colorScheme}.png`, fullPage: true })
  }
  await page.close()
}
await stop()
