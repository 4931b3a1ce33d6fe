/**
 * A real browser, driven by playwright.
 *
 * Debian's Chromium, headless. The flags keep it from asking the network for updates and hosts of its maker, and let it
 * run as root.
 */
import { type Browser, chromium } from "playwright-core"
import * as Catalog from "./Catalog.ts"
import * as Process from "./Process.ts"

export interface Chromium {
  /** `browser.newContext()` is a fresh profile, `newPage()` a page in one of its own. */
  readonly browser: Browser
  readonly stop: () => Promise<void>
}

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** Starts the browser; playwright gives it a new profile folder and removes it. */
export const start = async (): Promise<Chromium> => {
  const browser = await chromium.launch({ executablePath: Catalog.locate("chromium"), headless: true, args: flags })
  return { browser, stop: () => browser.close() }
}

/** The browser for as long as the scope is open. */
export const make = () => Process.scoped(start)
