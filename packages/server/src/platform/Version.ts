/** The version of this package, from its own manifest. */
import { readFileSync } from "node:fs"

const manifest = new URL("../../package.json", import.meta.url)

const read = (): string => {
  try {
    const { version }: { readonly version?: unknown } = JSON.parse(readFileSync(manifest, "utf8"))
    return typeof version === "string" ? version : "unknown"
  } catch {
    // Put into one file with its host, it has no manifest of its own.
    return "unknown"
  }
}

/** Such as `1.2.0`; `unknown` where the package was put into one file with its host. */
export const version = read()
