/**
 * A real PostgreSQL with its own cluster.
 *
 * PostgreSQL refuses to run as root: then it runs as the system's `postgres` or `nobody`. Passwords are checked
 * (SCRAM), as anywhere outside a test. Data survives `restart` and `kill`, not `stop`.
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Catalog from "./Catalog.ts"
import * as Folder from "./Folder.ts"
import * as Ports from "./Ports.ts"
import * as Process from "./Process.ts"

const exec = promisify(execFile)

export interface Options {
  /** Server settings, for example `{ max_connections: "20" }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Certificate and key (PEM) with which it also answers encrypted. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface Postgres extends Process.Process {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** `postgres://user:password@host:port/jotgate`. */
  readonly url: string
  /**
   * Runs SQL with psql, one transaction for each text, and gives what it prints, unaligned, without headers; in our
   * database unless told another URL.
   */
  readonly query: (sql: string | ReadonlyArray<string>, url?: string) => Promise<string>
  /** Makes an empty database and gives its URL. */
  readonly createDatabase: (name: string) => Promise<string>
}

const user = "jotgate"
const password = "jotgate-test"

/** What a cluster has from the start. */
const first = "CREATE DATABASE jotgate"

const layout = ["-U", user, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N"]

/** Whom PostgreSQL runs as when we are root. */
const unprivileged = (): Process.User | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  for (const name of ["postgres", "nobody"]) {
    const found = lines.find((line) => line[0] === name)
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) }
  }
  throw new Process.ServerFailed({
    server: "postgres",
    message: "postgres does not run as root and there is no user nobody"
  })
}

/** Durability against a power cut is not what is tested; that of a crashed process is kept. */
const settings = { fsync: "off", full_page_writes: "off", unix_socket_directories: "", max_connections: "100" }

/** Settings that turn encryption on; the key must be the owner's alone. */
const encrypted = (
  tls: Options["tls"],
  folder: string,
  owner: Process.User | undefined
): Readonly<Record<string, string>> => {
  if (tls === undefined) return {}
  const files = { ssl_cert_file: join(folder, "server.pem"), ssl_key_file: join(folder, "server-key.pem") }
  writeFileSync(files.ssl_cert_file, tls.cert, { mode: 0o644 })
  writeFileSync(files.ssl_key_file, tls.key, { mode: 0o600 })
  if (owner !== undefined) chownSync(files.ssl_key_file, owner.uid, owner.gid)
  return { ssl: "on", ...files }
}

const kept = (path: string, owner: Process.User | undefined): boolean =>
  existsSync(path) && statSync(path).uid === (owner?.uid ?? process.getuid?.())

/** An empty cluster, made once for each release of PostgreSQL: to copy it takes a tenth of the time. */
const cluster = async (program: string, owner: Process.User | undefined): Promise<string> => {
  const release = await exec(program, ["--version"])
  const name = createHash("sha256").update(JSON.stringify([release.stdout, layout, password, first])).digest("hex")
    .slice(
      0,
      16
    )
  const folder = Folder.make("postgres", owner)
  const path = join(folder.path, "..", `jotgate-postgres-cluster-${name}`)
  try {
    if (kept(path, owner)) return path
    const secret = join(folder.path, "password")
    writeFileSync(secret, password, { mode: 0o644 })
    const made = join(folder.path, "data")
    const args = ["-D", made, ...layout, `--pwfile=${secret}`]
    await exec(Catalog.beside(program, "initdb"), args, { ...owner, cwd: folder.path, timeout: 60_000 })
    const alone = exec(program, ["--single", "-D", made, "postgres"], { ...owner, cwd: folder.path, timeout: 60_000 })
    alone.child.stdin?.end(`${first}\n`)
    await alone
    // Somebody else may have made it meanwhile.
    if (!kept(path, owner)) renameSync(made, path)
    return path
  } finally {
    folder.remove()
  }
}

/** Starts PostgreSQL with a database `jotgate`. */
export const start = async (options: Options = {}): Promise<Postgres> => {
  const program = Catalog.locate("postgres")
  const owner = unprivileged()
  const folder = Folder.make("postgres", owner)
  const data = join(folder.path, "data")
  const port = await Ports.free()
  const address = (database: string): string => `postgres://${user}:${password}@${Ports.host}:${port}/${database}`
  const run = async (command: string, args: ReadonlyArray<string>): Promise<string> => {
    const { stdout } = await exec(Catalog.beside(program, command), args, {
      ...owner,
      cwd: folder.path,
      timeout: 60_000
    })
    return stdout.trimEnd()
  }
  try {
    await exec("cp", ["-a", await cluster(program, owner), data], { ...owner })
    const server = await Process.start({
      name: "postgres",
      program,
      args: [
        ...["-D", data, "-h", Ports.host, "-p", String(port)],
        ...Object.entries({
          ...settings,
          ...encrypted(options.tls, folder.path, owner),
          ...options.settings
        }).flatMap(([key, value]) => ["-c", `${key}=${value}`])
      ],
      user: owner,
      cwd: folder.path,
      stopSignal: "SIGINT",
      // A process is started for each question: only once somebody listens.
      ready: async () =>
        await Ports.answers(port) && await run("pg_isready", ["-q", "-h", Ports.host, "-p", String(port)]) === ""
    })
    const query: Postgres["query"] = (sql, url = address("jotgate")) =>
      run("psql", [
        ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url],
        ...[sql].flat().flatMap((it) => ["-c", it])
      ])
    const createDatabase = async (name: string): Promise<string> => {
      await query(`CREATE DATABASE "${name.replaceAll("\"", "\"\"")}"`, address("postgres"))
      return address(name)
    }
    const stop = (): Promise<void> => server.stop().finally(folder.remove)
    return { ...server, host: Ports.host, port, user, password, url: address("jotgate"), query, createDatabase, stop }
  } catch (error) {
    folder.remove()
    throw error
  }
}

/** PostgreSQL for as long as the scope is open. */
export const make = (options?: Options) => Process.scoped(() => start(options))
