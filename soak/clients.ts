/** Clients that are too large to install before the tests: the coding agents of npm and the SDKs of PyPI, through the gate. */
import { spawnSync } from "node:child_process"

const npm = (...args: ReadonlyArray<string>): boolean => spawnSync("npm", args, { stdio: "inherit" }).status === 0

const servers = ["coding-agents", "python-sdks"]
const suites = ["packages/server/test/clients", "packages/cli/test/commands/Dev.integration"]
if (!npm("run", "servers", "--", ...servers) || !npm("exec", "--", "vitest", "run", ...suites)) process.exitCode = 1
