/** `npm run exports`: rewrites the exports map of core; without `--write` it only compares, and fails on a difference. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { differences, expected, type ExportsMap } from "./lib/Exports.ts"
import { read } from "./lib/Sources.ts"

const manifest = "packages/core/package.json"
const text = readFileSync(manifest, "utf8")
const content: { exports: ExportsMap } = JSON.parse(text)
const wanted = expected(read(".", "packages/core/src").map((it) => it.path))
const found = differences(content.exports, wanted)

if (found.length === 0) {
  console.log(`exports: ${Object.keys(wanted).length} entries, none missing`)
} else if (process.argv.includes("--write")) {
  writeFileSync(manifest, `${JSON.stringify({ ...content, exports: wanted }, null, 2)}\n`)
  console.log(found.map((it) => `exports: ${it}: rewritten`).join("\n"))
} else {
  console.error(found.map((it) => `${manifest}: ${it} (npm run exports)`).join("\n"))
  process.exitCode = 1
}
if (existsSync("packages/core/src/testing") && wanted["./testing"] === undefined) {
  console.error("packages/core/src/testing has no index.ts, so @jotgate/core/testing cannot be imported")
  process.exitCode = 1
}
