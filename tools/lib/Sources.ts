/**
 * The source files of the workspace and what each imports.
 *
 * Imports are read from the syntax tree, so an import in a doc comment or a string does not count, while a
 * type-only import, a re-export, a dynamic `import()` and an `import("…")` type do.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { parseSync, Visitor } from "oxc-parser"

export interface Source {
  /** Relative to the root of the workspace, with `/`. */
  readonly path: string
  readonly text: string
}

export interface Import {
  readonly specifier: string
  /** Erased before the module runs. */
  readonly typeOnly: boolean
  readonly line: number
}

export interface Module extends Source {
  readonly imports: ReadonlyArray<Import>
  /** True when every statement is `export … from`: the module is an index. */
  readonly reExportsOnly: boolean
}

const skipped = new Set(["node_modules", "dist", "fixtures", "coverage"])

/** Every TypeScript file below `directory`, sorted by path. */
export const read = (root: string, directory: string): ReadonlyArray<Source> => {
  const found: Array<Source> = []
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) {
        if (!skipped.has(name)) walk(path)
      } else if (name.endsWith(".ts")) {
        found.push({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") })
      }
    }
  }
  const start = join(root, directory)
  if (statSync(start, { throwIfNoEntry: false })?.isDirectory()) walk(start)
  return found.toSorted((left, right) => left.path < right.path ? -1 : 1)
}

/** Parses one file; throws a `SyntaxError` that names the file when it is not TypeScript. */
export const parse = (source: Source): Module => {
  const { errors, program } = parseSync(source.path, source.text, { lang: "ts" })
  if (errors[0] !== undefined) throw new SyntaxError(`${source.path}: ${errors[0].message}`)
  const imports: Array<Import> = []
  const lineAt = (offset: number): number => source.text.slice(0, offset).split("\n").length
  const add = (start: number, specifier: string, typeOnly: boolean): void => {
    imports.push({ specifier, typeOnly, line: lineAt(start) })
  }
  new Visitor({
    ImportDeclaration: (node) => {
      const named = node.specifiers.filter((it) => it.type === "ImportSpecifier")
      const typeOnly = node.importKind === "type" ||
        (node.specifiers.length > 0 && named.length === node.specifiers.length &&
          named.every((it) => it.importKind === "type"))
      add(node.start, node.source.value, typeOnly)
    },
    ExportAllDeclaration: (node) => add(node.start, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => {
      if (node.source === null) return
      const typeOnly = node.exportKind === "type" ||
        (node.specifiers.length > 0 && node.specifiers.every((it) => it.exportKind === "type"))
      add(node.start, node.source.value, typeOnly)
    },
    ImportExpression: (node) => {
      if (node.source.type === "Literal") add(node.start, String(node.source.value), false)
    },
    TSImportType: (node) => add(node.start, node.source.value, true)
  }).visit(program)
  const reExportsOnly = program.body.length > 0 &&
    program.body.every((node) =>
      node.type === "ExportAllDeclaration" || (node.type === "ExportNamedDeclaration" && node.source !== null)
    )
  return { ...source, imports, reExportsOnly }
}
