/**
 * The doc comments at the fields of a schema, by path.
 *
 * One text says what a setting means: the one that editors show, which stands where the field is declared. The
 * reference page and the JSON Schema take it from there, by reading the sources as far as schemas are put together:
 * constants, imports, spreads, members, and calls of functions that answer an expression.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Comment, parseSync } from "oxc-parser"
import { at, type Node, nodes } from "./Syntax.ts"

/** What is said of a field. */
export interface FieldText {
  readonly text: string
  /** What its tag `@default` says, as JSON; `undefined` without one. */
  readonly standard: string | undefined
}

/** A text and where it holds: members by `.`, items of a list as `[]`, any name of a map as `*`. */
type Texts = ReadonlyArray<readonly [path: string, text: FieldText]>

const child = (node: Node, name: string): Node | undefined => nodes(at(node, name))[0]
const nameOf = (node: Node | undefined): string =>
  node === undefined ? "" : String(at(node, "name") ?? at(node, "value") ?? "")

/** A file with what it declares, and where its imports lead. */
interface Module {
  readonly text: string
  readonly docs: ReadonlyArray<Comment>
  readonly constants: ReadonlyMap<string, Node>
  readonly imports: ReadonlyMap<string, string>
}

/** An expression, the module it stands in, and what the parameters around it stand for. */
interface Place {
  readonly node: Node
  readonly module: Module
  readonly bound: ReadonlyMap<string, Place>
}

const moduleOf = (text: string, resolve: (specifier: string) => string | undefined): Module => {
  const { comments, program } = parseSync("module.ts", text, { lang: "ts" })
  const constants = new Map<string, Node>()
  const imports = new Map<string, string>()
  for (const statement of nodes(program.body)) {
    const declaration = statement.type === "ExportNamedDeclaration" ? child(statement, "declaration") : statement
    if (declaration?.type === "VariableDeclaration") {
      for (const it of nodes(at(declaration, "declarations"))) {
        const value = child(it, "init")
        if (value !== undefined) constants.set(nameOf(child(it, "id")), value)
      }
    }
    const source = child(statement, "source")
    const path = source === undefined ? undefined : resolve(nameOf(source))
    if (path === undefined) continue
    for (const it of nodes(at(statement, "specifiers"))) {
      imports.set(nameOf(child(it, it.type === "ExportSpecifier" ? "exported" : "local")), path)
    }
  }
  const docs = comments.filter((it) => it.type === "Block" && it.value.startsWith("*"))
  return { text, docs, constants, imports }
}

/** The text of the doc comment in front of a node: its lines as one. */
const docOf = ({ module, node }: Place): FieldText | undefined => {
  const doc = module.docs.find((it) => it.end <= node.start && module.text.slice(it.end, node.start).trim() === "")
  if (doc === undefined) return undefined
  const [text = "", standard] = doc.value.replaceAll(/^\s*\*+ ?/gm, "").replaceAll(/\s+/g, " ").trim().split(
    " @default "
  )
  return { text, standard }
}

/** Where a specifier leads: a file beside this one, or a subpath of a package of the workspace by its sources. */
const resolver = (root: string, path: string) => (specifier: string): string | undefined => {
  if (specifier.startsWith(".")) return join(dirname(path), specifier)
  const [, name, subpath] = /^@jotgate\/(\w+)(.*)$/.exec(specifier) ?? []
  if (name === undefined) return undefined
  const folder = join(root, "packages", name)
  if (!existsSync(folder)) return undefined
  const { exports }: { readonly exports: Readonly<Record<string, { readonly source?: string }>> } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8")
  )
  const source = exports[`.${subpath}`]?.source
  return source === undefined ? undefined : join(folder, source)
}

const inside = (prefix: string, texts: Texts): Texts => texts.map(([path, text]) => [prefix + path, text])

/** The texts of every field of the schema that a module exports under this name. */
export const fieldTexts = (root: string, path: string, name: string): ReadonlyMap<string, FieldText> => {
  const modules = new Map<string, Module>()
  const open = (file: string): Module => {
    const found = modules.get(file) ?? moduleOf(readFileSync(file, "utf8"), resolver(root, file))
    modules.set(file, found)
    return found
  }
  const exported = (file: string, of: string): Place | undefined => {
    const module = open(file)
    const node = module.constants.get(of)
    if (node !== undefined) return { node, module, bound: new Map() }
    const next = module.imports.get(of)
    return next === undefined ? undefined : exported(next, of)
  }
  const named = ({ bound, module }: Place, of: string): Place | undefined => {
    const parameter = bound.get(of)
    if (parameter !== undefined) return parameter
    const node = module.constants.get(of)
    if (node !== undefined) return { node, module, bound: new Map() }
    const next = module.imports.get(of)
    return next === undefined ? undefined : exported(next, of)
  }
  const beside = (place: Place, node: Node | undefined): Place | undefined =>
    node === undefined ? undefined : { ...place, node }

  /** What an expression stands for: names, members of constants, and calls of functions are followed. */
  const followed = (place: Place | undefined): Place | undefined => {
    if (place === undefined) return undefined
    const { node } = place
    if (node.type === "TSAsExpression") return followed(beside(place, child(node, "expression")))
    if (node.type === "Identifier") return followed(named(place, nameOf(node)))
    if (node.type === "MemberExpression") {
      const owner = followed(beside(place, child(node, "object")))
      const key = nameOf(child(node, "property"))
      if (owner === undefined) return undefined
      // The fields and members of a schema are what it was made from.
      if (owner.node.type === "CallExpression") {
        return key === "fields" || key === "members" ? followed(beside(owner, argumentsOf(owner.node)[0])) : owner
      }
      return followed(beside(owner, property(owner.node, key)))
    }
    if (node.type !== "CallExpression") return place
    const callee = child(node, "callee")
    if (callee?.type !== "Identifier") return place
    const called = followed(beside(place, callee))
    if (called?.node.type !== "ArrowFunctionExpression") return place
    const given = argumentsOf(node)
    const bound = new Map(called.bound)
    for (const [index, it] of nodes(at(called.node, "params")).entries()) {
      const value = given[index]
      if (value !== undefined) bound.set(nameOf(it), { ...place, node: value })
    }
    return followed(beside({ ...called, bound }, child(called.node, "body")))
  }

  /** The texts of what stands in the fields of a schema. */
  const fields = (place: Place | undefined): Texts => {
    const found = followed(place)
    if (found?.node.type !== "ObjectExpression") return []
    return nodes(at(found.node, "properties")).flatMap((it): Texts => {
      if (it.type === "SpreadElement") return fields(beside(found, child(it, "argument")))
      const key = `.${nameOf(child(it, "key"))}`
      const text = docOf({ ...found, node: it })
      return [
        ...text === undefined ? [] : [[key, text] as const],
        ...inside(key, texts(beside(found, child(it, "value"))))
      ]
    })
  }

  const texts = (place: Place | undefined): Texts => {
    const found = followed(place)
    if (found === undefined) return []
    if (found.node.type === "ArrayExpression") {
      return nodes(at(found.node, "elements")).flatMap((it) =>
        texts(beside(found, it.type === "SpreadElement" ? child(it, "argument") : it))
      )
    }
    const callee = child(found.node, "callee")
    if (found.node.type !== "CallExpression" || callee?.type !== "MemberExpression") return []
    const given = argumentsOf(found.node)
    if (nameOf(child(callee, "object")) !== "Schema") return texts(beside(found, child(callee, "object")))
    switch (nameOf(child(callee, "property"))) {
      case "Struct":
        return fields(beside(found, given[0]))
      case "Array":
        return inside("[]", texts(beside(found, given[0])))
      case "Record": {
        const [, value] = given
        const text = value === undefined ? undefined : docOf({ ...found, node: value })
        return [...text === undefined ? [] : [[".*", text] as const], ...inside(".*", texts(beside(found, value)))]
      }
      default:
        return texts(beside(found, given[0]))
    }
  }

  const start = exported(join(root, path), name)
  return new Map(texts(start).map(([at, text]) => [at.slice(1), text]))
}

const argumentsOf = (node: Node): ReadonlyArray<Node> => nodes(at(node, "arguments"))

const property = (node: Node, key: string): Node | undefined =>
  child(
    nodes(at(node, "properties")).find((it) => nameOf(child(it, "key")) === key) ?? node,
    "value"
  )
