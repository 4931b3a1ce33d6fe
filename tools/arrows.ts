/** `node tools/arrows.ts [ROOT]`: fails when an import breaks an arrow of the design. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { check, type Finding, type Manifest, workspaces } from "./lib/Arrows.ts"
import { parse, read } from "./lib/Sources.ts"

const root = process.argv[2] ?? "."
const manifests = Object.fromEntries(
  workspaces
    .map((it) => ({ key: it.root, file: join(root, it.root, "package.json") }))
    .filter((it) => existsSync(it.file))
    .map(({ file, key }): [string, Manifest] => [key, JSON.parse(readFileSync(file, "utf8"))])
)
const unreadable: Array<Finding> = []
const modules = workspaces.flatMap((it) => read(root, it.root)).flatMap((source) => {
  try {
    return [parse(source)]
  } catch (error) {
    unreadable.push({ path: source.path, line: 1, message: String(error) })
    return []
  }
})
const findings = [...unreadable, ...check(modules, manifests)]
for (const it of findings) console.error(`${it.path}:${it.line}: ${it.message}`)
if (findings.length > 0) process.exitCode = 1
else console.log(`arrows: ${modules.length} modules, all as drawn`)
