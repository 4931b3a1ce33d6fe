/**
 * Patterns of the settings: `*` is the only special character (RULES D21), and
 * the shell-style globs of `directory.userRoles`.
 *
 * A pattern is compiled once and matched against the whole text, with case.
 * Neither form can be made slow by a hostile text (threat B17): a pattern looks
 * at each part once, from left to right; a glob goes back to its last `*` only.
 */

/** Whether a text matches what was compiled. */
export type Matcher = (text: string) => boolean

const always: Matcher = () => true

/**
 * Compiles a pattern in which `*` stands for any text, the empty one included,
 * and every other character for itself.
 */
export const compile = (pattern: string): Matcher => {
  const parts = pattern.split("*")
  const prefix = parts[0] ?? ""
  if (parts.length === 1) return (text) => text === pattern
  const suffix = parts.at(-1) ?? ""
  const middle = parts.slice(1, -1).filter((part) => part !== "")
  const shortest = middle.reduce((length, part) => length + part.length, prefix.length + suffix.length)
  if (shortest === 0) return always
  if (middle.length === 0) {
    if (suffix === "") return (text) => text.startsWith(prefix)
    if (prefix === "") return (text) => text.endsWith(suffix)
    return (text) => text.length >= shortest && text.startsWith(prefix) && text.endsWith(suffix)
  }
  return (text) => {
    if (text.length < shortest || !text.startsWith(prefix) || !text.endsWith(suffix)) return false
    let at = prefix.length
    for (const part of middle) {
      // The leftmost place leaves the most room for what follows, so no other place needs a try.
      const found = text.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return at <= text.length - suffix.length
  }
}

/** Whether a pattern stands for one text only, itself. */
export const isLiteral = (pattern: string): boolean => !pattern.includes("*")

/**
 * Compiles a list of patterns into "matches at least one". Literals cost one
 * look-up however many there are; an empty list matches nothing.
 */
export const compileAny = (patterns: Iterable<string>): Matcher => {
  const literals = new Set<string>()
  const matchers: Array<Matcher> = []
  for (const pattern of patterns) {
    if (isLiteral(pattern)) {
      literals.add(pattern)
    } else {
      const matcher = compile(pattern)
      if (matcher === always) return always
      matchers.push(matcher)
    }
  }
  if (matchers.length === 0) return (text) => literals.has(text)
  return (text) => literals.has(text) || matchers.some((matches) => matches(text))
}

/** One place of a glob: any run of characters, any one character, or one of a set. */
type GlobPart =
  | { readonly _tag: "Run" }
  | { readonly _tag: "One"; readonly accepts: (character: string) => boolean }

const run: GlobPart = { _tag: "Run" }
const any: GlobPart = { _tag: "One", accepts: () => true }
const literal = (character: string): GlobPart => ({ _tag: "One", accepts: (it) => it === character })

const codePoint = (character: string | undefined): number => character?.codePointAt(0) ?? -1

/** The set between `[` and `]`: characters and ranges; a range whose ends are in the wrong order holds nothing. */
const characterSet = (members: ReadonlyArray<string>): (character: string) => boolean => {
  const negated = members[0] === "!"
  const singles = new Set<string>()
  const ranges: Array<readonly [low: number, high: number]> = []
  let at = negated ? 1 : 0
  while (at < members.length) {
    if (members[at + 1] === "-" && at + 2 < members.length) {
      ranges.push([codePoint(members[at]), codePoint(members[at + 2])])
      at += 3
    } else {
      singles.add(members[at] ?? "")
      at += 1
    }
  }
  return (character) => {
    const code = codePoint(character)
    const held = singles.has(character) || ranges.some(([low, high]) => low <= code && code <= high)
    return held !== negated
  }
}

const parseGlob = (glob: string): ReadonlyArray<GlobPart> => {
  const characters = [...glob]
  const parts: Array<GlobPart> = []
  let at = 0
  while (at < characters.length) {
    const character = characters[at] ?? ""
    at += 1
    if (character === "*") {
      if (parts.at(-1) !== run) parts.push(run)
    } else if (character === "?") {
      parts.push(any)
    } else if (character === "[") {
      // A `]` right after the opening (or its `!`) is a member; an opening that nothing closes is a plain `[`.
      const first = characters[at] === "!" ? at + 1 : at
      const close = characters.indexOf("]", characters[first] === "]" ? first + 1 : first)
      if (close === -1) {
        parts.push(literal("["))
      } else {
        parts.push({ _tag: "One", accepts: characterSet(characters.slice(at, close)) })
        at = close + 1
      }
    } else {
      parts.push(literal(character))
    }
  }
  return parts
}

/**
 * Compiles a shell-style glob over whole texts, with case: `*` any run, `?` any
 * one character, `[abc]`, `[a-z]` one of them, `[!abc]` none of them. There is
 * no escape character; `[*]` is a literal star.
 */
export const glob = (pattern: string): Matcher => {
  const parts = parseGlob(pattern)
  return (text) => {
    const characters = [...text]
    let part = 0
    let at = 0
    let lastRun = -1
    let runEnd = 0
    while (at < characters.length) {
      const current = parts[part]
      if (current !== undefined && current._tag === "One" && current.accepts(characters[at] ?? "")) {
        part += 1
        at += 1
      } else if (current !== undefined && current._tag === "Run") {
        lastRun = part
        runEnd = at
        part += 1
      } else if (lastRun !== -1) {
        runEnd += 1
        at = runEnd
        part = lastRun + 1
      } else {
        return false
      }
    }
    return parts.slice(part).every((rest) => rest._tag === "Run")
  }
}
