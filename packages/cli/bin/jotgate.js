#!/usr/bin/env node
// The published command: plain JavaScript, so that the shell finds it before anything is built and any Node can read it.
// In the workspace, where the sources lie beside it, it runs them with the workspace's own Node; a package ships `dist`
// alone.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const source = pathOf("../src/main.ts")
const pinned = pathOf("../../../node_modules/node/bin/node")
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const recent = major > 22 || (major === 22 && minor >= 19)

const runAs = (program) => {
  const args = ["--conditions=source", source, ...process.argv.slice(2)]
  // The same process goes on as another program: signals and exit codes are its own.
  if (typeof process.execve === "function") process.execve(program, [program, ...args], process.env)
  const child = spawn(program, args, { stdio: "inherit" })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("exit", (code) => process.exit(code ?? 2))
}

if (existsSync(source) && (recent || existsSync(pinned))) {
  runAs(existsSync(pinned) ? pinned : process.execPath)
} else if (recent) {
  await import("../dist/command/main.js")
} else {
  console.error(`jotgate needs Node 22.19 or newer; this is ${process.versions.node}`)
  process.exitCode = 2
}
