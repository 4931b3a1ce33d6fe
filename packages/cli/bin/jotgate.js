#!/usr/bin/env node
// The published command: plain JavaScript, so that the shell finds it before anything is built.
// In the workspace, where the sources lie beside it, it runs them; a package ships `dist` alone.
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("../src/main.ts", import.meta.url))

if (existsSync(source)) {
  // The same process goes on as another program: signals and exit codes are its own.
  process.execve(
    process.execPath,
    [process.execPath, "--conditions=source", source, ...process.argv.slice(2)],
    process.env
  )
} else {
  await import("../dist/main.js")
}
