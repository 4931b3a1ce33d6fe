/**
 * A real Redis.
 *
 * Keeps nothing on disk unless asked: after `kill` or `restart` it is empty, which is what a cache must live with.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as Catalog from "./Catalog.ts"
import * as Folder from "./Folder.ts"
import * as Ports from "./Ports.ts"
import * as Process from "./Process.ts"

const exec = promisify(execFile)

export interface Options {
  /** Further settings, for example `{ maxmemory: "10mb" }` or `{ appendonly: "yes" }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Redis extends Process.Process {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Runs one command with redis-cli and gives what it prints. */
  readonly query: (...command: ReadonlyArray<string>) => Promise<string>
}

export const start = async (options: Options = {}): Promise<Redis> => {
  const program = Catalog.locate("redis")
  const folder = Folder.make("redis")
  const port = await Ports.free()
  const settings = { save: "", appendonly: "no", ...options.settings }
  const query = async (...command: ReadonlyArray<string>): Promise<string> => {
    const args = ["-h", Ports.host, "-p", String(port), ...command]
    const { stdout } = await exec(Catalog.beside(program, "redis-cli"), args, { timeout: 5_000 })
    return stdout.trimEnd()
  }
  try {
    const server = await Process.start({
      name: "redis",
      program,
      args: [
        ...["--bind", Ports.host, "--port", String(port), "--dir", folder.path],
        ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])
      ],
      cwd: folder.path,
      ready: async () => await query("PING") === "PONG"
    })
    const stop = (): Promise<void> => server.stop().finally(folder.remove)
    return { ...server, host: Ports.host, port, url: `redis://${Ports.host}:${port}`, query, stop }
  } catch (error) {
    folder.remove()
    throw error
  }
}

/** Redis for as long as the scope is open. */
export const make = (options?: Options) => Process.scoped(() => start(options))
