/** `npm run check -- docs`: lists what can be imported from outside and has no doc comment. */
import { readFileSync } from "node:fs"
import { undocumented } from "./lib/Documented.ts"
import { shown } from "./lib/Surface.ts"

const roots: Readonly<Record<string, string>> = {
  "@jotgate/core": "packages/core",
  "@jotgate/store": "packages/store",
  "@jotgate/server": "packages/server"
}

const missing = Object.entries(roots).flatMap(([name, root]) => {
  const manifest: { readonly exports: Readonly<Record<string, { readonly source?: string }>> } = JSON.parse(
    readFileSync(`${root}/package.json`, "utf8")
  )
  return (shown[name] ?? []).flatMap((subpath) => {
    const source = manifest.exports[subpath]?.source
    if (source === undefined) return []
    const path = `${root}/${source.replace(/^\.\//, "")}`
    return undocumented({ path, text: readFileSync(path, "utf8") })
  })
})
for (const { line, name, path } of missing) console.log(`${path}:${line} ${name}: no doc comment`)
if (missing.length > 0) process.exitCode = 1
