/**
 * `node ../../tools/manifest.ts pack|restore`, in the folder of a package: before it is packed its package file becomes
 * the one that ships, with LICENSE beside it; afterwards everything is as it was.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { imported, packed, shippedModules } from "./lib/Surface.ts"

const root = join(import.meta.dirname, "..")
const kept = "package.json.workspace"
const [what] = process.argv.slice(2)

if (what === "pack") {
  if (existsSync(kept)) throw new Error(`${kept} is there: node ../../tools/manifest.ts restore`)
  const text = readFileSync("package.json", "utf8")
  writeFileSync(kept, text)
  const file = packed(JSON.parse(text), imported(shippedModules(root)))
  writeFileSync("package.json", `${JSON.stringify(file, null, 2)}\n`)
  copyFileSync(join(root, "LICENSE"), "LICENSE")
} else if (what === "restore") {
  if (existsSync(kept)) renameSync(kept, "package.json")
  rmSync("LICENSE", { force: true })
} else {
  console.error("manifest: pack or restore")
  process.exitCode = 2
}
