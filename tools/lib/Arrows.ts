/**
 * The arrows of the design, as rules that fail.
 *
 * Between packages `core ← store ← server ← cli`: each imports only what stands left of it. Inside `core` the folders
 * `claims ← identity ← principal`, with `rules` beside them that anybody may ask and that ask nobody. `core` runs on
 * any runtime: it imports `effect` and `jose`, and `node:` modules only behind its `node` subpath. An index is a
 * package's front door, and there is no other.
 */
import { posix } from "node:path"
import type { Import, Module } from "./Sources.ts"

export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
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

/** The parts of `effect` that are plain values: what a rule may use of it. */
const pure = new Set(
  ("Array BigDecimal Brand Data Equal Equivalence Function HashMap HashSet Match Number Option Order Predicate " +
    "Record Result Schema SchemaGetter String Struct Tuple flow identity pipe").split(" ")
)

interface Place {
  readonly may: ReadonlyArray<string>
  /** What may be imported as a type only. */
  readonly types: ReadonlyArray<string>
}

const places: Readonly<Record<string, Place>> = {
  rules: { may: ["rules"], types: ["shared", "identity", "principal"] },
  shared: { may: ["shared", "rules"], types: [] },
  claims: { may: ["claims", "shared", "rules"], types: [] },
  identity: { may: ["claims", "identity", "shared", "rules"], types: [] },
  principal: { may: ["claims", "identity", "principal", "shared", "rules"], types: [] },
  top: { may: ["claims", "identity", "principal", "rules", "shared", "top"], types: [] },
  testing: { may: ["claims", "identity", "principal", "rules", "shared", "top", "testing"], types: [] }
}

const coreSource = "packages/core/src/"

const folderOf = (path: string): string | undefined => {
  const [first, ...rest] = path.slice(coreSource.length).split("/")
  return rest.length > 0 ? first : undefined
}

const targetOf = (module: Module, it: Import): string => posix.join(posix.dirname(module.path), it.specifier)

/**
 * The modules at the top of core that are made of its folders (`AuthBuilder`, say): they import one, or a module that
 * does. The other ones (`Errors`, `Trace`) are shared: the folders may use them.
 */
const madeOfFolders = (modules: ReadonlyArray<Module>): ReadonlySet<string> => {
  const top = modules.filter((it) => it.path.startsWith(coreSource) && folderOf(it.path) === undefined)
  const found = new Set([`${coreSource}index.ts`, `${coreSource}node.ts`])
  const isMade = (module: Module): boolean =>
    module.imports.filter((it) => it.specifier.startsWith(".")).some((it) => {
      const to = targetOf(module, it)
      return found.has(to) || ![undefined, "rules"].includes(folderOf(to))
    })
  for (let size = -1; size !== found.size;) {
    size = found.size
    for (const module of top) if (isMade(module)) found.add(module.path)
  }
  return found
}

const isNodeModule = (path: string): boolean =>
  path === "packages/core/src/node.ts" || /^packages\/core\/src\/claims\/[^/]*[nN]ode[^/]*\.ts$/.test(path)

const packageOf = (specifier: string): string =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

const indexes = new Set([
  ...workspaces.map((it) => `${it.root}/src/index.ts`),
  `${coreSource}testing/index.ts`,
  `${coreSource}node.ts`
])

const insideCore = (from: string, to: string, it: Import, made: ReadonlySet<string>): string | undefined => {
  const placeOf = (path: string): string => folderOf(path) ?? (made.has(path) ? "top" : "shared")
  const [here, there] = [placeOf(from), placeOf(to)]
  const place = places[here]
  if (place === undefined) {
    return `core has no folder ${here}: claims, identity, principal, rules or testing`
  }
  if (place.may.includes(there)) return undefined
  if (!place.types.includes(there)) {
    return there === "top" && here !== "rules"
      ? `${posix.basename(to)} is made of the folders: ${here} may not import it`
      : `${here} may import ${place.may.join(", ")}, not ${there}`
  }
  return it.typeOnly ? undefined : `${here} may import ${there} as a type only (import type)`
}

const outsideCore = (from: string, it: Import): string | undefined => {
  const name = packageOf(it.specifier)
  if (it.specifier.startsWith("node:")) {
    return isNodeModule(from) ? undefined : "core runs on any runtime: node: belongs behind its node subpath"
  }
  if (name !== "effect" && name !== "jose") return `core imports effect and jose only, not ${name}`
  if (folderOf(from) !== "rules" || it.typeOnly) return undefined
  if (name === "jose") return "rules are pure: they may not import jose"
  const effectful = it.specifier === "effect" ? it.names.filter((one) => !pure.has(one)) : [it.specifier]
  return effectful.length === 0 && it.names.length > 0
    ? undefined
    : `rules are pure: of effect they may import plain values, not ${effectful.join(", ") || "all of it"}`
}

/** What a test may import besides: its own package as others see it, and the real servers. */
const forTests = (home: Workspace, name: string): boolean => name === home.name || name === "@jotgate/servers"

interface Surroundings {
  readonly home: Workspace
  readonly manifest: Manifest | undefined
  readonly made: ReadonlySet<string>
}

const judge = (module: Module, it: Import, { home, made, manifest }: Surroundings): string | undefined => {
  const isSource = module.path.startsWith(`${home.root}/src/`)
  if (it.specifier.startsWith(".")) {
    const to = targetOf(module, it)
    const within = isSource ? `${home.root}/src/` : `${home.root}/`
    if (!to.startsWith(within)) return `${it.specifier} leaves ${within}: import the package by its name`
    if (!/\.(ts|json)$/.test(to)) return `${it.specifier}: sources are imported with their .ts`
    return home === core && isSource ? insideCore(module.path, to, it, made) : undefined
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
  const named = { ...manifest.dependencies, ...manifest.peerDependencies }
  return named[name] === undefined ? `${name} is not a dependency of ${home.name}` : undefined
}

/** What is wrong in `modules`; `manifests` are the package files by workspace root. */
export const check = (
  modules: ReadonlyArray<Module>,
  manifests: Readonly<Record<string, Manifest>> = {}
): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const made = madeOfFolders(modules)
  for (const module of modules) {
    const home = workspaces.find((it) => module.path.startsWith(`${it.root}/`))
    if (home === undefined) continue
    for (const it of module.imports) {
      const message = judge(module, it, { home, made, manifest: manifests[home.root] })
      if (message !== undefined) findings.push({ path: module.path, line: it.line, message })
    }
    const isIndex = posix.basename(module.path) === "index.ts" || module.reExportsOnly
    if (isIndex && module.path.includes("/src/") && !indexes.has(module.path)) {
      findings.push({ path: module.path, line: 1, message: "one index per package: import from the module itself" })
    }
  }
  return findings
}
