/**
 * Reads the syntax of a regular expression into a tree.
 *
 * The syntax is JavaScript's with the `u` flag, without what no linear-time
 * engine can do (back references, look-around) and without a repetition of
 * something that can match nothing, where engines disagree. Those are refused
 * with a reason; whatever is accepted means exactly what it means in JavaScript.
 */
import * as Result from "effect/Result"

/** Whether one character, given as its code point, is a member. */
export type Membership = (code: number) => boolean

/** A position test: start or end of the text, or a word boundary. */
export type Assertion = "start" | "end" | "boundary" | "inside"

export type Node =
  | { readonly _tag: "Set"; readonly accepts: Membership }
  | { readonly _tag: "Assert"; readonly assertion: Assertion }
  | { readonly _tag: "Sequence"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Choice"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Group"; readonly index: number; readonly node: Node }
  | {
    readonly _tag: "Repeat"
    readonly node: Node
    readonly least: number
    readonly most: number
    readonly greedy: boolean
    /** The groups inside, which each round forgets: `[first, end)`. */
    readonly groups: readonly [first: number, end: number]
  }

/** A tree with its groups: `names[i]` is the name of group `i + 1`, if it has one. */
export interface Parsed {
  readonly node: Node
  readonly names: ReadonlyArray<string | undefined>
}

/** Longest source that is read, in characters. */
const longest = 1_000
/** Deepest nesting of groups. */
const deepest = 50

class Refused {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** One class, escape or literal, understood by the platform: a set of single characters is safe in any engine. */
const membershipOf = (source: string): Membership => {
  const single = new RegExp(`^${source}$`, "u")
  const ascii = Uint8Array.from({ length: 128 }, (_, code) => single.test(String.fromCharCode(code)) ? 1 : 0)
  return (code) => code < 128 ? ascii[code] === 1 : single.test(String.fromCodePoint(code))
}

const escape =
  /\\(?:u\{[^}]*\}|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u.{4}|x..|c.|[pP]\{[^}]*\}|.)/suy
const characterClass = /\[(?:\\.|[^\]\\])*\]/suy
const quantifier = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/suy
const namedGroup = /\(\?<([^=!>][^>]*)>/suy

const canBeEmpty = (node: Node): boolean => {
  switch (node._tag) {
    case "Set":
      return false
    case "Assert":
      return true
    case "Sequence":
      return node.nodes.every(canBeEmpty)
    case "Choice":
      return node.nodes.some(canBeEmpty)
    case "Group":
      return canBeEmpty(node.node)
    case "Repeat":
      return node.least === 0 || canBeEmpty(node.node)
  }
}

const boundsOf = (text: string): readonly [least: number, most: number] => {
  if (text.startsWith("*")) return [0, Infinity]
  if (text.startsWith("+")) return [1, Infinity]
  if (text.startsWith("?")) return [0, 1]
  const [least = "0", most] = text.slice(1, text.indexOf("}")).split(",")
  return [Number(least), most === undefined ? Number(least) : most === "" ? Infinity : Number(most)]
}

/** Reads a source that the platform has found to be well formed; leaves by `Refused` only. */
class Reader {
  readonly names: Array<string | undefined> = []
  private readonly source: string
  private at = 0
  private depth = 0

  constructor(source: string) {
    this.source = source
  }

  choice(): Node {
    const nodes = [this.sequence()]
    while (this.source[this.at] === "|") {
      this.at += 1
      nodes.push(this.sequence())
    }
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { _tag: "Choice", nodes }
  }

  private sequence(): Node {
    const nodes: Array<Node> = []
    while (this.at < this.source.length && this.source[this.at] !== "|" && this.source[this.at] !== ")") {
      const first = this.names.length
      const atom = this.atom()
      const repetition = this.take(quantifier)
      nodes.push(repetition === undefined ? atom : this.repeat(atom, repetition, first))
    }
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { _tag: "Sequence", nodes }
  }

  private repeat(node: Node, text: string, first: number): Node {
    const [least, most] = boundsOf(text)
    if (least < most && canBeEmpty(node)) {
      throw new Refused(`it repeats ("${text}") something that can match nothing`)
    }
    const greedy = text.length === 1 || !text.endsWith("?")
    return { _tag: "Repeat", node, least, most, greedy, groups: [first, this.names.length] }
  }

  private atom(): Node {
    const character = this.source[this.at] ?? ""
    if (character === "(") return this.group()
    if (character === "^" || character === "$") {
      this.at += 1
      return { _tag: "Assert", assertion: character === "^" ? "start" : "end" }
    }
    if (character === "[") return { _tag: "Set", accepts: membershipOf(this.take(characterClass) ?? "") }
    if (character === "\\") return this.escaped(this.take(escape) ?? "")
    const literal = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0)
    this.at += literal.length
    return { _tag: "Set", accepts: membershipOf(literal === "/" ? "\\/" : literal) }
  }

  private escaped(text: string): Node {
    if (text === "\\b" || text === "\\B") return { _tag: "Assert", assertion: text === "\\b" ? "boundary" : "inside" }
    if (/^\\[1-9k]/.test(text)) throw new Refused("it has a back reference")
    return { _tag: "Set", accepts: membershipOf(text) }
  }

  private group(): Node {
    this.depth += 1
    if (this.depth > deepest) throw new Refused(`its groups are nested deeper than ${deepest}`)
    const name = this.take(namedGroup)
    if (name === undefined && this.source.startsWith("(?", this.at) && !this.source.startsWith("(?:", this.at)) {
      throw new Refused(/^\(\?<?[=!]/.test(this.source.slice(this.at)) ? "it looks around" : "it changes its flags")
    }
    const captures = name !== undefined || !this.source.startsWith("(?:", this.at)
    if (name === undefined) this.at += captures ? 1 : 3
    if (captures) this.names.push(name === undefined ? undefined : name.slice(3, -1))
    const index = this.names.length
    const node = this.choice()
    this.at += 1
    this.depth -= 1
    return captures ? { _tag: "Group", index, node } : node
  }

  private take(expression: RegExp): string | undefined {
    expression.lastIndex = this.at
    const found = expression.exec(this.source)
    if (found === null) return undefined
    this.at += found[0].length
    return found[0]
  }
}

/** Reads `source`; the failure is the reason why it is refused, as the end of a sentence. */
export const parse = (source: string): Result.Result<Parsed, string> => {
  if (source.length > longest) return Result.fail(`it is longer than ${longest} characters`)
  try {
    void new RegExp(source, "u")
    const reader = new Reader(source)
    return Result.succeed({ node: reader.choice(), names: reader.names })
  } catch (error) {
    if (error instanceof Refused) return Result.fail(error.reason)
    return Result.fail(`it is not well formed (${error instanceof Error ? error.message.replace(/^.*: /, "") : "?"})`)
  }
}
