/**
 * Whether what can be imported from outside says what it is: every exported declaration of a shown module, and every
 * member of the types and services among them, has a doc comment. A discriminator (`_tag`) says it by itself.
 */
import { parseSync, Visitor } from "oxc-parser"
import type { Source } from "./Sources.ts"
import { at, isNode, type Node, nodes } from "./Syntax.ts"

/** One thing without a doc comment. */
export interface Undocumented {
  readonly path: string
  readonly line: number
  /** `Settings`, `Verdict.status`. */
  readonly name: string
}

const nameOf = (node: Node): string => {
  const [key] = nodes(at(node, "key") ?? at(node, "id"))
  return key === undefined ? "" : String(at(key, "name") ?? at(key, "value") ?? "")
}

/** The members of a type, of a class, and of the interface that a service is declared with. */
const membersOf = (declaration: Node, text: string): ReadonlyArray<Node> => {
  switch (declaration.type) {
    case "TSInterfaceDeclaration":
    case "ClassDeclaration": {
      const [body] = nodes(at(declaration, "body"))
      const own = body === undefined ? [] : nodes(at(body, "body"))
      const shapes: Array<Node> = []
      const visit = (it: unknown): void => {
        for (const node of nodes(it)) {
          if (node.type === "TSTypeLiteral") shapes.push(...nodes(at(node, "members")))
          else {
            for (const name of ["callee", "typeArguments", "params"]) visit(at(node, name))
          }
        }
      }
      const [parent] = nodes(at(declaration, "superClass"))
      if (parent !== undefined && text.startsWith("Context.", parent.start)) visit(parent)
      return [...own, ...shapes]
    }
    case "TSTypeAliasDeclaration":
      return nodes(at(declaration, "typeAnnotation")).flatMap((it) =>
        it.type === "TSTypeLiteral" ? nodes(at(it, "members")) : []
      )
    default:
      return []
  }
}

const isPublic = (member: Node): boolean => {
  const [key] = nodes(at(member, "key"))
  return key?.type !== "PrivateIdentifier" && at(member, "kind") !== "constructor" && nameOf(member) !== "_tag" &&
    nameOf(member) !== ""
}

/** What of a module that can be imported has no doc comment. */
export const undocumented = ({ path, text }: Source): ReadonlyArray<Undocumented> => {
  const { comments, program } = parseSync(path, text, { lang: "ts" })
  const docs = comments.filter((it) => it.type === "Block" && it.value.startsWith("*"))
  const isDocumented = (node: Node): boolean =>
    docs.some((it) => it.end <= node.start && text.slice(it.end, node.start).trim() === "")
  const missing: Array<Undocumented> = []
  const note = (node: Node, name: string): void =>
    void missing.push({ path, line: text.slice(0, node.start).split("\n").length, name })
  const values = new Set<string>()
  new Visitor({
    ExportNamedDeclaration: (node) => {
      const { declaration } = node
      if (!isNode(declaration)) return
      const names = declaration.type === "VariableDeclaration"
        ? nodes(at(declaration, "declarations")).map(nameOf)
        : [nameOf(declaration)]
      const [name = ""] = names
      // The type of a schema is told where the schema is.
      const isTypeOf = declaration.type === "TSTypeAliasDeclaration" && values.has(name)
      for (const it of names) values.add(it)
      if (!isTypeOf && !isDocumented(node)) note(node, name)
      for (const member of membersOf(declaration, text)) {
        if (isPublic(member) && !isDocumented(member)) note(member, `${name}.${nameOf(member)}`)
      }
    }
  }).visit(program)
  return missing
}
