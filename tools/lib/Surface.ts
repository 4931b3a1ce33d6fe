/**
 * What of each package can be imported from outside, and the package file that
 * is packed.
 *
 * In the workspace every module is a subpath, by the condition `source`. A packed
 * core shows the modules that a host composes, replaces or reads (`shown`) and
 * nothing else: the other packages carry copies of what else they need of it
 * (`Inner.ts`). Of store, what server imports is shown too. No package has a path to sources that are not there.
 */
import { type Module, parse, read } from "./Sources.ts"

/** The subpaths for others, by package. */
export const shown: Readonly<Record<string, ReadonlyArray<string>>> = {
  "@jotgate/core": [
    ".",
    "./AuthBuilder",
    "./Cache",
    "./ClaimExtractor",
    "./CustomPolicy",
    "./Directory",
    "./Errors",
    "./Gate",
    "./HttpSecurity",
    "./KeyStore",
    "./Outbound",
    "./Request",
    "./Repositories",
    "./Secrets",
    "./Settings",
    "./Signature",
    "./TeamResolver",
    "./Trace",
    "./Verdict",
    "./node",
    "./testing"
  ],
  "@jotgate/store": [
    ".",
    "./CachedRepos",
    "./DirectoryAdmin",
    "./MemoryStore",
    "./SqliteClient",
    "./Store",
    "./StoreUrl"
  ],
  "@jotgate/server": [".", "./ConfigFile", "./EmbeddedGate", "./GatewaySettings", "./McpPeek", "./Server", "./Snippet"],
  "jotgate": []
}

/** Packages from left to right, with the folders of their sources; the command is a bundle and imports none of them. */
const line = [
  ["@jotgate/core", "packages/core"],
  ["@jotgate/store", "packages/store"],
  ["@jotgate/server", "packages/server"]
] as const

/** The subpaths of each package that modules of the packages right of it import. */
export const imported = (modules: ReadonlyArray<Module>): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>(line.map(([name]) => [name, new Set()]))
  for (const { imports, path } of modules) {
    for (const { specifier } of imports) {
      for (const [name, root] of line) {
        if (path.startsWith(`${root}/`)) continue
        if (specifier === name) found.get(name)?.add(".")
        else if (specifier.startsWith(`${name}/`)) found.get(name)?.add(`.${specifier.slice(name.length)}`)
      }
    }
  }
  return found
}

/** Every module that ships. */
export const shippedModules = (root: string): ReadonlyArray<Module> =>
  line.flatMap(([, folder]) => read(root, `${folder}/src`)).map(parse)

/** A package file, as far as packing changes it. */
export interface PackageFile {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly [name: string]: unknown
}

const withoutSource = (entry: string | Readonly<Record<string, string>>) =>
  typeof entry === "string"
    ? entry
    : Object.fromEntries(Object.entries(entry).filter(([condition]) => condition !== "source"))

/** Whether what our own packages import of a package is shown; they carry copies of core. */
const showsImported = (name: string): boolean => name !== "@jotgate/core"

/** The package file that is packed: what is shown, without sources, scripts and what is for development. */
export const packed = (file: PackageFile, imports: ReadonlyMap<string, ReadonlySet<string>>): PackageFile => {
  const { exports = {}, ...rest } = file
  const kept = Object.entries(exports).filter(([subpath]) =>
    subpath === "./package.json" || shown[file.name]?.includes(subpath) === true ||
    (showsImported(file.name) && imports.get(file.name)?.has(subpath) === true)
  )
  const made: Record<string, unknown> = {
    ...rest,
    ...(kept.length === 0 ? {} : { exports: Object.fromEntries(kept.map(([name, it]) => [name, withoutSource(it)])) })
  }
  delete made["scripts"]
  delete made["devDependencies"]
  return { ...made, name: file.name }
}
