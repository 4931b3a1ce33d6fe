/**
 * The MCP clients of PyPI, pinned and installed once by pip into a folder of their own, against a server behind the gate,
 * behind five proxies in front of it, and behind those that ask it.
 */
import { Catalog } from "@jotgate/servers"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { folder, mark, requirements } from "../packages/server/test/support/PythonClients.ts"

if (!existsSync(mark)) {
  execFileSync(Catalog.locate("python"), ["-m", "venv", folder], { stdio: "inherit" })
  execFileSync(join(folder, "bin/pip"), ["install", "-q", "-r", requirements], { stdio: "inherit" })
  writeFileSync(mark, "")
}
const suite = "packages/server/test/mcp/PythonClients.integration"
const env = { ...process.env, PROXIES: "all" }
if (spawnSync("npm", ["exec", "--", "vitest", "run", suite], { stdio: "inherit", env }).status !== 0) {
  process.exitCode = 1
}
