/** The command as a process of its own, as a shell would start it. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** What ships; it is built before the tests. */
export const main = fileURLToPath(new URL("../../dist/command/main.js", import.meta.url))

export interface Running {
  readonly process: ChildProcess
  readonly out: () => string
  readonly err: () => string
  /** Waits until standard output or error holds this. */
  readonly until: (text: RegExp) => Effect.Effect<RegExpExecArray>
  /** Waits for the end; the exit code. */
  readonly ended: Effect.Effect<number | null>
}

/** Starts `jotgate ARGS`, from where it is built unless told otherwise; it is killed with the scope. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  command = main
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [command, ...args], {
          stdio: ["ignore", "pipe", "pipe"],
          env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env }
        })
        let out = ""
        let err = ""
        const ended = new Promise<number | null>((done) => child.on("exit", (code) => done(code)))
        child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
        child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
        return { child, ended, out: () => out, err: () => err }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ child, ended, err, out }) => ({
      process: child,
      out,
      err,
      ended: Effect.promise(() => ended),
      until: (text) => {
        const missing = Effect.suspend(() => Effect.die(new Error(`${text} did not come:\n${out()}\n${err()}`)))
        return Effect.callback<RegExpExecArray>((resume) => {
          const look = () => {
            const found = text.exec(out()) ?? text.exec(err())
            if (found === null) return
            child.stdout.off("data", look)
            child.stderr.off("data", look)
            resume(Effect.succeed(found))
          }
          child.stdout.on("data", look)
          child.stderr.on("data", look)
          child.on("close", () => resume(missing))
          look()
        }).pipe(Effect.timeoutOrElse({ duration: "2 minutes", orElse: () => missing }))
      }
    })
  )
