/** The command as a process of its own, as a shell would start it. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
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
  /** The same, with all that was printed. */
  readonly closed: Effect.Effect<number | null>
}

/** What a child prints and how it ends; `kill` is for the end of the scope. */
const running = (
  spawned: () => ChildProcess,
  kill: (child: ChildProcess) => Effect.Effect<void>
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawned()
        let out = ""
        let err = ""
        const ended = new Promise<number | null>((done) => child.on("exit", (code) => done(code)))
        const closed = new Promise<number | null>((done) => child.on("close", (code) => done(code)))
        child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()))
        child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()))
        return { child, closed, ended, out: () => out, err: () => err }
      }),
      ({ child }) => kill(child)
    ),
    ({ child, closed, ended, err, out }) => ({
      process: child,
      out,
      err,
      ended: Effect.promise(() => ended),
      closed: Effect.promise(() => closed),
      until: (text) => {
        const missing = Effect.suspend(() => Effect.die(new Error(`${text} did not come:\n${out()}\n${err()}`)))
        return Effect.callback<RegExpExecArray>((resume) => {
          const look = () => {
            const found = text.exec(out()) ?? text.exec(err())
            if (found === null) return
            child.stdout?.off("data", look)
            child.stderr?.off("data", look)
            resume(Effect.succeed(found))
          }
          child.stdout?.on("data", look)
          child.stderr?.on("data", look)
          child.on("close", () => resume(missing))
          look()
        }).pipe(Effect.timeoutOrElse({ duration: "2 minutes", orElse: () => missing }))
      }
    })
  )

/** Starts `jotgate ARGS`, from where it is built unless told otherwise; it is killed with the scope. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  command = main
): Effect.Effect<Running, never, Scope.Scope> =>
  running(
    () =>
      spawn(process.execPath, [command, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env }
      }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** The workspace, where most pages suppose that their reader is. */
const root = fileURLToPath(new URL("../../../..", import.meta.url))

/**
 * Pastes lines into a shell, where `npx jotgate` is what is built: the way through npm is walked once, by the test of dev.
 * What they start is killed with the scope.
 */
export const paste = (
  lines: string,
  { cwd = root, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  running(
    () =>
      spawn("bash", ["-c", `jotgate() { '${process.execPath}' '${main}' "$@"; }\nnpx() { "$@"; }\n${lines}`], {
        cwd,
        // A group of its own, so that what the shell started ends with it.
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env }
      }),
    // Where everything in the group has ended, there is none.
    ({ pid = 0 }) => Effect.ignore(Effect.try(() => pid > 0 && process.kill(-pid, "SIGKILL")))
  )

/** Pastes lines and waits for their end. */
export const pasted = (
  lines: string,
  options: Parameters<typeof paste>[1] = {}
): Effect.Effect<{ readonly code: number | null; readonly out: string; readonly text: string }> =>
  Effect.gen(function*() {
    const it = yield* paste(lines, options)
    const code = yield* it.closed
    return { code, out: it.out(), text: it.out() + it.err() }
  }).pipe(Effect.scoped)

/** Looks until it holds. */
export const until = <A, E>(look: Effect.Effect<A, E>, holds: (it: A) => boolean, what: string): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    for (;;) {
      const found = yield* look
      if (holds(found)) return found
      yield* Effect.sleep("50 millis")
    }
  }).pipe(Effect.timeoutOrElse({ duration: "1 minute", orElse: () => Effect.die(new Error(`never: ${what}`)) }))

/** The processes that a process has started. */
export const children = ({ process: { pid } }: Running): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter((it) => it !== "").map(Number)
