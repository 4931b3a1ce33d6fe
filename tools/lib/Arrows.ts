/**
 * The arrows of the design, as rules that fail.
 *
 * Between packages `core ← store ← server ← cli`: each imports only what stands left of it. Inside a package the rooms
 * as `Rooms` draws them, types included; the modules at its top may be used by every room that may import what they are
 * made of. No file imports itself by way of others. `core` runs on any runtime: it imports `effect` and `jose`, and
 * `node:` modules only behind its `node` subpath. An index is a package's front door, and there is no other.
 */
import { posix } from "node:path"
import { circles } from "./Circles.ts"
import { type House, houses, reach } from "./Rooms.ts"
import type { Import, Module } from "./Sources.ts"

export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface Workspace {
  readonly root: string
  readonly name: string
  /** The workspaces that its sources may import. */
  readonly left: ReadonlyArray<string>
}

const core = { root: "packages/core", name: "@jotgate/core", left: [] }
const store = { root: "packages/store", name: "@jotgate/store", left: ["@jotgate/core"] }
const server = { root: "packages/server", name: "@jotgate/server", left: [...store.left, "@jotgate/store"] }
const cli = { root: "packages/cli", name: "jotgate", left: [...server.left, "@jotgate/server"] }

/** Every workspace with what stands left of it. */
export const workspaces: ReadonlyArray<Workspace> = [
  core,
  store,
  server,
  cli,
  { root: "examples", name: "@jotgate/examples", left: cli.left },
  { root: "servers", name: "@jotgate/servers", left: [] }
]

/** The modules of `effect` that are plain values: what a rule may use of it. */
const pure = new Set(
  ("Array BigDecimal Brand Data Equal Equivalence Function HashMap HashSet Match Number Option Order Predicate " +
    "Record Result Schema SchemaGetter String Struct Tuple").split(" ").map((it) => `effect/${it}`)
)

/** A package that has rooms, with what each of them may import. */
interface Inside {
  readonly source: string
  readonly may: ReadonlyMap<string, ReadonlySet<string>>
  /** The rooms that each module at the top is made of, whatever stands between. */
  readonly made: ReadonlyMap<string, ReadonlySet<string>>
}

const coreSource = "packages/core/src/"

/** The room of a module; `undefined` for what stands at the top of its package. */
const roomOf = (source: string, path: string): string | undefined => {
  const folder = posix.dirname(path.slice(source.length))
  if (folder === ".") return undefined
  return folder.startsWith("rules/patterns") ? "rules/patterns" : folder.split("/", 1)[0]
}

const targetOf = (module: Module, it: Import): string => posix.join(posix.dirname(module.path), it.specifier)

const madeOf = (source: string, modules: ReadonlyArray<Module>): Inside["made"] => {
  const top = modules.filter((it) => it.path.startsWith(source) && roomOf(source, it.path) === undefined)
  const found = new Map(top.map((it) => [it.path, new Set<string>()]))
  for (let grew = true; grew;) {
    grew = false
    for (const module of top) {
      const mine = found.get(module.path) ?? new Set<string>()
      const before = mine.size
      for (const it of module.imports.filter((one) => one.specifier.startsWith("."))) {
        const to = targetOf(module, it)
        const room = roomOf(source, to)
        for (const one of room === undefined ? found.get(to) ?? [] : [room]) mine.add(one)
      }
      grew ||= mine.size > before
    }
  }
  return found
}

const insideOf = (house: House, modules: ReadonlyArray<Module>): Inside => {
  const source = `${house.root}/src/`
  return { source, may: reach(house), made: madeOf(source, modules) }
}

const isNodeModule = (path: string): boolean =>
  path === "packages/core/src/node.ts" || /^packages\/core\/src\/token\/[^/]*[nN]ode[^/]*\.ts$/.test(path)

const packageOf = (specifier: string): string =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

/** Modules of core that show others of several rooms under one name, for hosts alone. */
const together = ["CustomPolicy", "Repositories"].map((it) => `${coreSource}${it}.ts`)

const indexes = new Set([
  ...together,
  ...workspaces.map((it) => `${it.root}/src/index.ts`),
  `${coreSource}testing/index.ts`,
  `${coreSource}node.ts`
])

const doors = new Set([
  ...["packages/core", "packages/store", "packages/server"].map((it) => `${it}/src/index.ts`),
  ...together,
  `${coreSource}node.ts`
])

const isPure = (room: string | undefined): boolean => room === "rules" || room === "rules/patterns"

const betweenRooms = (from: string, to: string, it: Import, { made, may, source }: Inside): string | undefined => {
  const here = roomOf(source, from)
  const there = roomOf(source, to)
  if (here === undefined) return there === "testing" ? "what is shipped is not made of testing" : undefined
  const mine = may.get(here)
  if (mine === undefined) return `no room is called ${here}: ${[...may.keys()].join(", ")}`
  if (isPure(here) && !isPure(there) && !it.typeOnly) {
    return `rules are pure: they may import ${posix.basename(to)} as a type only (import type)`
  }
  if (there !== undefined) {
    return mine.has(there) ? undefined : `${here} may import ${[...mine].toSorted().join(", ")}, not ${there}`
  }
  if (doors.has(to)) return `${posix.basename(to)} is a front door: import from the module itself`
  const above = [...made.get(to) ?? []].filter((room) => !mine.has(room))
  return above.length === 0
    ? undefined
    : `${posix.basename(to)} is made of ${above.join(", ")}: ${here} may not import it`
}

const outsideCore = (from: string, it: Import): string | undefined => {
  const name = packageOf(it.specifier)
  if (it.specifier.startsWith("node:")) {
    return isNodeModule(from) ? undefined : "core runs on any runtime: node: belongs behind its node subpath"
  }
  if (name !== "effect" && name !== "jose") return `core imports effect and jose only, not ${name}`
  if (!isPure(roomOf(coreSource, from)) || it.typeOnly) return undefined
  if (name === "jose") return "rules are pure: they may not import jose"
  return pure.has(it.specifier)
    ? undefined
    : `rules are pure: of effect they may import plain values, not ${it.specifier}`
}

/** What a test may import besides: its own package as others see it, and the real servers. */
const forTests = (home: Workspace, name: string): boolean => name === home.name || name === "@jotgate/servers"

interface Surroundings {
  readonly home: Workspace
  readonly manifest: Manifest | undefined
  readonly inside: Inside | undefined
}

const judge = (module: Module, it: Import, { home, inside, manifest }: Surroundings): string | undefined => {
  const isSource = module.path.startsWith(`${home.root}/src/`)
  if (it.specifier.startsWith(".")) {
    const to = targetOf(module, it)
    const within = isSource ? `${home.root}/src/` : `${home.root}/`
    if (!to.startsWith(within)) return `${it.specifier} leaves ${within}: import the package by its name`
    if (!/\.(ts|json)$/.test(to)) return `${it.specifier}: sources are imported with their .ts`
    return inside !== undefined && isSource ? betweenRooms(module.path, to, it, inside) : undefined
  }
  const name = packageOf(it.specifier)
  const other = workspaces.find((one) => one.name === name)
  if (isSource && name === home.name) return "a source imports its own package by path"
  if (other !== undefined && !home.left.includes(name) && (isSource || !forTests(home, name))) {
    return `the arrow points the other way: ${home.name} may not import ${name}`
  }
  if (!isSource) return undefined
  if (home === core) return outsideCore(module.path, it)
  if (it.specifier.startsWith("node:") || manifest === undefined) return undefined
  // The command ships as a bundle: what is in it need not be installed beside it.
  const bundled = home === cli ? manifest.devDependencies : {}
  const named = { ...manifest.dependencies, ...manifest.peerDependencies, ...bundled }
  return named[name] === undefined ? `${name} is not a dependency of ${home.name}` : undefined
}

/** What is wrong in `modules`; `manifests` are the package files by workspace root. */
export const check = (
  modules: ReadonlyArray<Module>,
  manifests: Readonly<Record<string, Manifest>> = {}
): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const insides = new Map(houses.map((house) => [house.root, insideOf(house, modules)]))
  for (const module of modules) {
    const home = workspaces.find((it) => module.path.startsWith(`${it.root}/`))
    if (home === undefined) continue
    for (const it of module.imports) {
      const message = judge(module, it, {
        home,
        inside: insides.get(home.root),
        manifest: manifests[home.root]
      })
      if (message !== undefined) findings.push({ path: module.path, line: it.line, message })
    }
    const isIndex = posix.basename(module.path) === "index.ts" || module.reExportsOnly
    if (isIndex && module.path.includes("/src/") && !indexes.has(module.path)) {
      findings.push({ path: module.path, line: 1, message: "one index per package: import from the module itself" })
    }
  }
  for (const circle of circles(modules)) {
    const [path = ""] = circle
    findings.push({ path, line: 1, message: `a circle of files: ${[...circle, path].join(" → ")}` })
  }
  return findings
}
