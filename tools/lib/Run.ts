/** Child processes for the tools: run one, keep what it printed, know how it ended. */
import { spawn } from "node:child_process"

export interface Outcome {
  readonly code: number
  /** Standard output and error as they came. */
  readonly output: string
  readonly seconds: number
}

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Print while it runs as well. */
  readonly echo?: boolean
}

/** Runs a program to its end; a program that cannot be started is an outcome with code 127. */
export const run = (command: string, args: ReadonlyArray<string>, options: Options = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const start = performance.now()
    const pieces: Array<string> = []
    const keep = (chunk: Buffer): void => {
      pieces.push(chunk.toString("utf8"))
      if (options.echo === true) process.stdout.write(chunk)
    }
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd })
    })
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    const end = (code: number): void =>
      resolve({ code, output: pieces.join(""), seconds: (performance.now() - start) / 1000 })
    child.on("error", (error) => {
      pieces.push(`${error.message}\n`)
      end(127)
    })
    child.on("close", (code) => end(code ?? 1))
  })

/** A program of the workspace's own dependencies. */
export const bin = (name: string): string => new URL(`../../node_modules/.bin/${name}`, import.meta.url).pathname
