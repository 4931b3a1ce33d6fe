/** A role of the benchmark as a process of its own: lines in on standard input, JSON out on file descriptor 3. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"

/** Two cores: the servers that are compared share the first, everything else has the second. */
const pinned = (core: number, args: ReadonlyArray<string>) => {
  const stdio: ["pipe", "ignore", "inherit", "pipe"] = ["pipe", "ignore", "inherit", "pipe"]
  return existsSync("/usr/bin/taskset") && availableParallelism() > 1
    ? spawn("taskset", ["-c", String(core), process.execPath, ...args], { stdio })
    : spawn(process.execPath, [...args], { stdio })
}

export interface Child {
  /** The next line that it says, after it was sent `line`. */
  readonly ask: (line?: string) => Promise<Readonly<Record<string, unknown>>>
  readonly tell: (line: string) => void
  readonly stop: () => void
}

/** Starts `file`, relative to this folder, on a core, with `flags` for Node. */
export const child = (
  core: number,
  file: string,
  args: ReadonlyArray<string>,
  flags: ReadonlyArray<string> = []
): Child => {
  const it = pinned(core, [...flags, "--conditions=source", new URL(file, import.meta.url).pathname, ...args])
  const waiting: Array<(line: string) => void> = []
  const lines: Array<string> = []
  const [input, , , output] = it.stdio
  if (input === null || !(output instanceof Readable)) throw new TypeError("the child has no way to answer")
  createInterface({ input: output }).on("line", (line) => {
    const next = waiting.shift()
    if (next === undefined) lines.push(line)
    else next(line)
  })
  const line = () => {
    const ready = lines.shift()
    return ready === undefined ? new Promise<string>((done) => waiting.push(done)) : Promise.resolve(ready)
  }
  return {
    ask: async (text) => {
      if (text !== undefined) input.write(`${text}\n`)
      return JSON.parse(await line())
    },
    tell: (text) => {
      input.write(`${text}\n`)
    },
    stop: () => {
      input.end()
    }
  }
}

/** A figure of an answer. */
export const numberOf = (it: Readonly<Record<string, unknown>>, name: string): number => {
  const value = it[name]
  if (typeof value !== "number") throw new TypeError(`no ${name}`)
  return value
}
