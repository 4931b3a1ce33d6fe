/**
 * `npm run build`: `dist` with declarations for every package, from nothing.
 *
 * `dist` is removed first, so a module that is gone leaves no trace in what is packed. Files that the compiler does
 * not know (a page's style sheet, say) are copied beside the compiled ones. The command is put into few files besides, with an inventory of
 * what is in it as CycloneDX; the build fails when that is not valid.
 */
import { cyclonedxEsbuildPlugin } from "@cyclonedx/cyclonedx-esbuild"
import { cpSync, existsSync, rmSync } from "node:fs"
import { extname } from "node:path"
import { command } from "./lib/Command.ts"
import { bin, run } from "./lib/Run.ts"

const packages = ["core", "store", "server", "cli"].map((name) => `packages/${name}`)

for (const root of packages) rmSync(`${root}/dist`, { recursive: true, force: true })
const { code } = await run(bin("tsc"), ["-b", ...packages, "--pretty", "false"], { echo: true })
process.exitCode = code
for (const root of packages) {
  if (!existsSync(`${root}/dist`)) continue
  cpSync(`${root}/src`, `${root}/dist`, { recursive: true, filter: (from) => extname(from) !== ".ts" })
}
const inventory = cyclonedxEsbuildPlugin({ outputFile: "sbom.json", outputReproducible: true, validate: true })
if (code === 0) await command("packages/cli", [inventory])
