/**
 * `jotgate serve` as a user starts it: the published command with its own flags, default settings, a configuration file
 * and nothing else. What it does with the processor is read from the kernel, all threads counted.
 */
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

const command = new URL("../../packages/cli/bin/jotgate.js", import.meta.url).pathname
const main = new URL("../../packages/cli/src/main.ts", import.meta.url).pathname

export interface ServedGate {
  readonly port: number
  /** The port of the admin listener. */
  readonly admin: number
  /** Where it is asked over gRPC. */
  readonly grpc: number
  /** Microseconds of processor time that the process and all its threads have used. */
  readonly micros: () => number
  /** The same of the thread that answers. */
  readonly answering: () => number
  /** The same of each process: itself, and its workers where it has some. */
  readonly each: () => ReadonlyArray<number>
  /** What it printed, when it was started with `flags`: V8 may be asked to say what the heap does. */
  readonly told: () => string
  readonly stop: () => void
}

/** The processor time of one thread of a process, in microseconds. */
const threadOf = (pid: number, thread: number | string): number =>
  Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]) / 1000

/** The processor time of every thread of a process, in microseconds. */
const cpuOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadOf(pid, thread), 0)

/** The processes that a process has started. */
const childrenOf = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number).filter((it) => it > 0)

/**
 * Starts the gate on the first core (on all of them when it is not `pinned`) and waits for its ready line. With `flags` it starts with these instead of its own
 * (they must name the size of a semi-space, which is how the command knows that somebody chose).
 */
export const serve = async (
  config: string,
  flags?: ReadonlyArray<string>,
  pinned = true
): Promise<ServedGate> => {
  const program = flags === undefined ? [command] : [...flags, "--conditions=source", main]
  const line = [process.execPath, ...program, "serve", "--config", config]
  const [first = "", ...args] = pinned && existsSync("/usr/bin/taskset") && availableParallelism() > 1
    ? ["taskset", "-c", "0", ...line]
    : line
  const child = spawn(first, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], UPSTREAM_KEY: "sk-upstream" }
  })
  process.once("exit", () => child.kill("SIGKILL"))
  let told = ""
  const [port = 0, admin = 0, grpc = 0] = await new Promise<ReadonlyArray<number>>((done, failed) => {
    child.once("exit", (code) => failed(new Error(`jotgate serve ended with ${code}`)))
    let isReady = false
    const listen = (chunk: Buffer) => {
      told += chunk.toString("latin1")
      if (isReady) return
      const ready = /^ready gate=http:\/\/[^ ]*:(\d+) admin=http:\/\/[^ ]*:(\d+)(?: grpc=http:\/\/[^ ]*:(\d+))?/m.exec(
        told
      )
      if (ready === null) return
      isReady = true
      if (flags === undefined) child.stdout.off("data", listen).resume()
      done([Number(ready[1]), Number(ready[2]), Number(ready[3] ?? 0)])
    }
    child.stdout.on("data", listen)
  })
  const pid = child.pid ?? 0
  child.removeAllListeners("exit")
  return {
    port,
    admin,
    grpc,
    micros: () => cpuOf(pid),
    answering: () => threadOf(pid, pid),
    each: () => [pid, ...childrenOf(pid)].map(cpuOf),
    told: () => told,
    stop: () => void child.kill("SIGTERM")
  }
}
