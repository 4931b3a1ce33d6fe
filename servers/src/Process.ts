/**
 * One real server as a child process: started, waited for, paused, killed, restarted, stopped by its own process id.
 *
 * Guarantees that a test never leaves it behind: the child is asked to end when the test ends, is killed with all its
 * descendants when it does not, is killed when this process exits, and on Linux ends by itself when this process is
 * killed. Everything here waits on real time, so it works under Effect's test clock too.
 */
import { Data, Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"

/** A server that could not be started, or ended before it answered; the message carries the end of its log. */
export class ServerFailed
  extends Data.TaggedError("ServerFailed")<{ readonly server: string; readonly message: string }>
{}

/** Who a server runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
}

export interface Command {
  /** How messages call it. */
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly user?: User | undefined
  /** What asks it to end: SIGTERM unless that waits for clients. */
  readonly stopSignal?: NodeJS.Signals
  /** Whether it answers; asked again and again until it does. */
  readonly ready: () => Promise<boolean>
}

export interface Process {
  /** The process id of the server as it runs now. */
  readonly pid: () => number
  /** What it wrote to standard output and error since the first start. */
  readonly log: () => string
  /** Stops it with all its children in their tracks (SIGSTOP): connections stay open and get no answer. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends it with all its children at once (SIGKILL), as a crash would. */
  readonly kill: () => Promise<void>
  /** Ends it politely when it runs; kills it when it does not listen. */
  readonly stop: () => Promise<void>
  /** Stops it when it runs, starts it again in the same place, waits until it answers. */
  readonly restart: () => Promise<void>
}

const patience = 30_000
const grace = 5_000
const alive = new Set<number>()

/** The parent of a process; none when it does not run (a zombie does not). */
const parentOf = (pid: string | number): number | undefined => {
  try {
    // pid (command, which may hold spaces and parentheses) state ppid …
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return state === "Z" ? undefined : Number(parent)
  } catch {
    // It has ended.
    return undefined
  }
}

const parents = (): ReadonlyMap<number, number> => {
  const found = new Map<number, number>()
  for (const name of existsSync("/proc/self/stat") ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(name)) continue
    const parent = parentOf(name)
    if (parent !== undefined) found.set(Number(name), parent)
  }
  return found
}

/** `pid` and all that came of it, parents first; only `pid` where there is no `/proc`. */
export const family = (pid: number): ReadonlyArray<number> => {
  const all = parents()
  const members = [pid]
  for (const member of members) {
    for (const [child, parent] of all) if (parent === member) members.push(child)
  }
  return members
}

/** Whether a process of this id runs (a zombie does not). */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !existsSync("/proc/self/stat") || parentOf(pid) !== undefined
}

const signalAll = (pids: ReadonlyArray<number>, signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended before us.
    }
  }
}

process.on("exit", () => {
  for (const pid of alive) signalAll(family(pid), "SIGKILL")
})

const setpriv = "/usr/bin/setpriv"

const launch = (command: Command, write: (chunk: Buffer) => void): ChildProcess => {
  const { args, cwd, env, program, stopSignal = "SIGTERM", user } = command
  const shared = {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the terminal reaches the tests, and they stop the server.
    detached: true,
    ...(cwd === undefined ? {} : { cwd })
  }
  const identity = user === undefined
    ? []
    : ["--reuid", String(user.uid), "--regid", String(user.gid), "--clear-groups"]
  const child = existsSync(setpriv)
    ? spawn(setpriv, ["--pdeathsig", stopSignal.slice(3), ...identity, program, ...args], shared)
    : spawn(program, args, { ...shared, ...user })
  child.stdout.on("data", write)
  child.stderr.on("data", write)
  return child
}

const tail = (log: string): string => log.trim().split("\n").slice(-20).join("\n")

const isRefused = (port: string): boolean => /already in use|EADDRINUSE|cannot bind|Address in use/i.test(port)

/** Starts the server and waits until it answers. */
export const start = async (command: Command): Promise<Process> => {
  const { name, stopSignal = "SIGTERM" } = command
  const chunks: Array<string> = []
  let child: ChildProcess | undefined
  let ended: Promise<void> = Promise.resolve()

  const log = (): string => chunks.join("")
  const fail = (message: string): ServerFailed =>
    new ServerFailed({ server: name, message: `${name} ${message}\n${tail(log())}` })
  const running = (): number | undefined =>
    child?.exitCode === null && child.signalCode === null ? child.pid : undefined

  const begin = async (): Promise<void> => {
    const from = chunks.length
    const started = launch(command, (chunk) => chunks.push(chunk.toString("utf8")))
    child = started
    let problem: string | undefined
    ended = new Promise((resolve) => {
      started.on("error", (error) => {
        problem = error.message
        resolve()
      })
      started.on("close", () => resolve())
    })
    const { pid } = started
    if (pid !== undefined) {
      alive.add(pid)
      void ended.then(() => alive.delete(pid))
    }
    const deadline = performance.now() + patience
    while (true) {
      if (problem !== undefined || running() === undefined) {
        await ended
        const refused = isRefused(chunks.slice(from).join("")) ? " (its port is taken)" : ""
        throw fail(problem ?? `ended with ${started.exitCode ?? started.signalCode} before it answered${refused}`)
      }
      if (await command.ready().catch(() => false) && running() !== undefined) return
      if (performance.now() > deadline) {
        await end("SIGKILL")
        throw fail(`did not answer within ${patience / 1000} s`)
      }
      await sleep(20)
    }
  }

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const pid = running()
    if (pid === undefined) return ended
    const members = family(pid)
    if (signal === "SIGKILL") {
      signalAll(members, "SIGKILL")
    } else {
      signalAll(members, "SIGCONT")
      signalAll([pid], signal)
      const timer = new AbortController()
      const late = sleep(grace, undefined, { signal: timer.signal }).then(
        () => signalAll(family(pid), "SIGKILL"),
        () => {}
      )
      await Promise.race([ended, late])
      timer.abort()
    }
    await ended
    // Children that outlived their parent: politely they had their time.
    const deadline = performance.now() + grace
    while (members.some(isRunning) && performance.now() < deadline) await sleep(10)
    signalAll(members.filter(isRunning), "SIGKILL")
  }

  await begin()
  const current = (): number => {
    const pid = running()
    if (pid === undefined) throw fail("does not run")
    return pid
  }
  return {
    pid: current,
    log,
    pause: () => signalAll(family(current()), "SIGSTOP"),
    resume: () => signalAll(family(current()), "SIGCONT"),
    kill: () => end("SIGKILL"),
    stop: () => end(stopSignal),
    restart: async () => {
      await end(stopSignal)
      await begin()
    }
  }
}

/** A started server as a resource: it stops when the scope closes. */
export const scoped = <A extends { readonly stop: () => Promise<void> }>(
  acquire: () => Promise<A>
): Effect.Effect<A, ServerFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: acquire,
      catch: (cause) =>
        cause instanceof ServerFailed ? cause : new ServerFailed({ server: "server", message: String(cause) })
    }),
    (it) => Effect.promise(() => it.stop())
  )
