/**
 * The exports map of `@jotgate/core`: each module a subpath, whatever folder it lives in.
 *
 * The map is flat (`src/keys/KeyStore.ts` is `@jotgate/core/KeyStore`), so a module can move to another folder
 * without breaking anybody, and two modules cannot have the same name.
 */
import { posix } from "node:path"

export interface Entry {
  readonly source: string
  readonly types: string
  readonly default: string
}

export type ExportsMap = Readonly<Record<string, Entry | string>>

const root = "packages/core/src/"

const entry = (path: string): Entry => {
  const stem = path.slice(root.length).replace(/\.ts$/, "")
  return { source: `./src/${stem}.ts`, types: `./dist/${stem}.d.ts`, default: `./dist/${stem}.js` }
}

/** The map for these source paths (relative to the root of the workspace); throws when two modules share a name. */
export const expected = (paths: ReadonlyArray<string>): ExportsMap => {
  const map: Record<string, Entry | string> = { ".": entry(`${root}index.ts`) }
  const modules = paths.filter((path) => path.startsWith(root) && path !== `${root}index.ts`)
  const named = modules
    .filter((path) => !path.startsWith(`${root}testing/`) || path === `${root}testing/index.ts`)
    .map((path) => ({
      path,
      name: path === `${root}testing/index.ts` ? "testing" : posix.basename(path, ".ts")
    }))
    .toSorted((left, right) => left.name < right.name ? -1 : 1)
  for (const { name, path } of named) {
    const taken = map[`./${name}`]
    if (taken !== undefined) {
      throw new Error(`two modules of core are called ${name}: ${JSON.stringify(taken)} and ${path}`)
    }
    map[`./${name}`] = entry(path)
  }
  map["./package.json"] = "./package.json"
  return map
}

/** What `actual` lacks, has too much or has wrong, one line each. */
export const differences = (actual: ExportsMap, wanted: ExportsMap): ReadonlyArray<string> => {
  const missing = Object.keys(wanted).filter((key) => actual[key] === undefined)
  const extra = Object.keys(actual).filter((key) => wanted[key] === undefined)
  const wrong = Object.keys(wanted).filter((key) =>
    actual[key] !== undefined && JSON.stringify(actual[key]) !== JSON.stringify(wanted[key])
  )
  return [
    ...missing.map((key) => `${key} is missing`),
    ...extra.map((key) => `${key} names no module`),
    ...wrong.map((key) => `${key} points elsewhere`)
  ]
}
