/**
 * The modules of core that another package brings along.
 *
 * A packed core shows what a host composes, replaces or reads. The other
 * packages of ours need more of it: they carry copies of those modules, each
 * beside its own files, and take what core shows from core. So nothing has to be
 * importable that is not meant for others, and everything that is shared (the
 * services, errors and settings that a host meets) exists once.
 */
import { dirname, posix } from "node:path/posix"

/** A compiled file, relative to the `dist` of its package. */
export interface Compiled {
  readonly path: string
  readonly text: string
}

/** Core as it is compiled: its files, and where each subpath leads. */
export interface Core {
  /** A compiled file of core by its path below `dist`; `undefined` when there is none. */
  readonly read: (path: string) => string | undefined
  /** Paths below `dist`, without their ending, by subpath (`./Gate` → `Gate`). */
  readonly subpaths: ReadonlyMap<string, string>
  /** The subpaths that can be imported from outside. */
  readonly shown: ReadonlySet<string>
}

/** What a package ships, and which packages the copies need. */
export interface Carried {
  readonly files: ReadonlyArray<Compiled>
  readonly needs: ReadonlySet<string>
}

const name = "@jotgate/core"
const folder = "core"

/** Every specifier: after `from`, after a bare `import`, and in `import("…")`. */
const specifiers = /(\bfrom |\bimport |\bimport\()"([@\w./:-]+)"/g

/** Declarations name their siblings as the sources do. */
const ending = /(?:\.d)?\.ts$|\.js$/

const relativeTo = (path: string, target: string): string => {
  const relative = posix.relative(dirname(path), target)
  return relative.startsWith(".") ? relative : `./${relative}`
}

/** A package of a specifier, without its subpath; `undefined` for files and what comes with Node. */
const packageOf = (specifier: string): string | undefined =>
  specifier.startsWith(".") || specifier.startsWith("node:")
    ? undefined
    : specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

/** The modules that can be imported, with the subpath of each: its own, or that of a module that shows all of it. */
const shownModules = (core: Core): ReadonlyMap<string, string> => {
  const own = [...core.subpaths].flatMap(([subpath, at]) => core.shown.has(subpath) ? [[at, subpath] as const] : [])
  const through = own.flatMap(([at, subpath]) =>
    Array.from(
      (core.read(`${at}.js`) ?? "").matchAll(/^export \* from "(\..+)"/gm),
      ([, specifier = ""]) => [posix.join(dirname(at), specifier).replace(ending, ""), subpath] as const
    )
  )
  return new Map([...through, ...own])
}

/** The files of a package, with the modules of core that are not shown beside them. */
export const carried = (files: ReadonlyArray<Compiled>, core: Core): Carried => {
  const shownAt = shownModules(core)
  const copies = new Map<string, string>()
  const needs = new Set<string>()

  /** The specifier by which a file at `path` imports the module of core at `module`. */
  const imported = (path: string, module: string): string => {
    const subpath = shownAt.get(module)
    if (subpath !== undefined) return subpath === "." ? name : name + subpath.slice(1)
    copy(module)
    return relativeTo(path, `${folder}/${module}.js`)
  }

  /** Copies the code and the types of a module, and what they import. */
  const copy = (module: string): void => {
    for (const end of [".js", ".d.ts"]) {
      const at = `${folder}/${module}${end}`
      if (copies.has(at)) continue
      const text = core.read(module + end)
      if (text === undefined) throw new Error(`core has no ${module}${end}`)
      copies.set(at, "")
      const rewritten = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n").replace(
        specifiers,
        (whole, before: string, specifier: string) => {
          if (specifier.startsWith(".")) {
            const target = posix.join(dirname(module), specifier).replace(ending, "")
            return `${before}"${imported(at, target)}"`
          }
          const needed = packageOf(specifier)
          if (needed !== undefined) needs.add(needed)
          return whole
        }
      )
      copies.set(at, rewritten)
    }
  }

  const own = files.map(({ path, text }) => ({
    path,
    text: text.replace(specifiers, (whole, before: string, specifier: string) => {
      if (!specifier.startsWith(`${name}/`)) return whole
      const module = core.subpaths.get(`.${specifier.slice(name.length)}`)
      return module === undefined ? whole : `${before}"${imported(path, module)}"`
    })
  }))
  return { files: [...own, ...[...copies].map(([path, text]) => ({ path, text }))], needs }
}
