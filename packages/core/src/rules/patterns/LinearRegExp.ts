/**
 * Regular expressions over claims, in time linear in the text (threat B17).
 *
 * All ways through the expression are followed at once, one character after
 * the other, so no text can make it go back; whether there is a match is found
 * out first, by remembered steps, and only a match pays for its groups. What is accepted (`RegExpSyntax`)
 * finds the same match with the same groups as JavaScript's `u` flag does.
 */
import * as Result from "effect/Result"
import { type Assertion, type Membership, type Node, parse } from "./RegExpSyntax.ts"

/** The whole match, then its groups; a group that took no part is `undefined`. */
export type Match = ReadonlyArray<string | undefined>

/** A compiled expression. No call changes what another one answers. */
export interface LinearRegExp {
  readonly source: string
  /** The names of the groups in order; `undefined` for one without a name. */
  readonly names: ReadonlyArray<string | undefined>
  /** The leftmost match, as JavaScript's `exec` finds it. */
  readonly exec: (text: string) => Match | undefined
  /** Whether there is a match anywhere in the text. */
  readonly test: (text: string) => boolean
}

/**
 * One instruction. All have the same members, so that the loop over them stays fast:
 * `first` and `second` are the two ways of a split, the target of a jump, the slot of a
 * save, the range of slots of a forget.
 */
interface Instruction {
  readonly op: "set" | "assert" | "split" | "jump" | "save" | "forget" | "match"
  first: number
  second: number
  readonly accepts: Membership
  readonly assertion: Assertion
}

const nothing: Membership = () => false
const instruction = (op: Instruction["op"], first = 0, second = 0): Instruction => ({
  op,
  first,
  second,
  accepts: nothing,
  assertion: "start"
})

/** Most instructions of one expression: counted repetitions are written out. */
const most = 1_000

/** Writes the instructions of a tree; `undefined` when there would be too many. */
const assemble = (root: Node): ReadonlyArray<Instruction> | undefined => {
  const program: Array<Instruction> = []
  const write = (it: Instruction): Instruction => {
    program.push(it)
    return it
  }
  /** Points a split at what follows it and at the end of what was written since; the preferred way first. */
  const close = (split: Instruction, greedy: boolean): void => {
    if (greedy) split.second = program.length
    else split.first = program.length
  }
  const open = (): Instruction => write(instruction("split", program.length + 1, program.length + 1))

  const emit = (node: Node): void => {
    if (program.length > most) return
    switch (node._tag) {
      case "Set":
        program.push({ ...instruction("set"), accepts: node.accepts })
        return
      case "Assert":
        program.push({ ...instruction("assert"), assertion: node.assertion })
        return
      case "Sequence":
        for (const part of node.nodes) emit(part)
        return
      case "Group":
        write(instruction("save", node.index * 2))
        emit(node.node)
        write(instruction("save", node.index * 2 + 1))
        return
      case "Choice": {
        const jumps: Array<Instruction> = []
        node.nodes.forEach((branch, index) => {
          if (index === node.nodes.length - 1) return emit(branch)
          const split = open()
          emit(branch)
          jumps.push(write(instruction("jump")))
          close(split, true)
        })
        for (const jump of jumps) jump.first = program.length
        return
      }
      case "Repeat":
        repeat(node)
    }
  }

  const repeat = (node: Extract<Node, { readonly _tag: "Repeat" }>): void => {
    const round = () => {
      const [first, end] = node.groups
      if (first < end) write(instruction("forget", first * 2 + 2, end * 2 + 2))
      emit(node.node)
    }
    for (let count = 0; count < node.least && program.length <= most; count++) round()
    if (node.most === Infinity) {
      const start = program.length
      const split = open()
      round()
      write(instruction("jump", start))
      close(split, node.greedy)
      return
    }
    // Each further round is inside the one before it: leaving one leaves all.
    const splits: Array<Instruction> = []
    for (let count = node.least; count < node.most && program.length <= most; count++) {
      splits.push(open())
      round()
    }
    for (const split of splits) close(split, node.greedy)
  }

  emit(root)
  write(instruction("match"))
  return program.length > most ? undefined : program
}

const isWord = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code === 0x5f

const holds = (assertion: Assertion, text: string, at: number): boolean => {
  if (assertion === "start") return at === 0
  if (assertion === "end") return at === text.length
  const before = at > 0 && isWord(text.charCodeAt(at - 1))
  const after = at < text.length && isWord(text.charCodeAt(at))
  return (before !== after) === (assertion === "boundary")
}

const startsAtStart = (node: Node): boolean =>
  node._tag === "Assert"
    ? node.assertion === "start"
    : node._tag === "Sequence"
    ? node.nodes[0] !== undefined && startsAtStart(node.nodes[0])
    : node._tag === "Choice"
    ? node.nodes.every(startsAtStart)
    : node._tag === "Group" && startsAtStart(node.node)

/** The ways that are alive at one place of the text, the preferred one first, each with its slots. */
interface Ways {
  size: number
  readonly at: Int32Array
  readonly slots: Int32Array
}

/**
 * Runs a program over `text`: the slots (start and end of the match and of each group, -1 for none) of the
 * leftmost match. Every instruction is reached at most once per place, which is what makes the time linear.
 */
const run = (
  program: ReadonlyArray<Instruction>,
  anchored: boolean,
  width: number,
  text: string
): Int32Array | undefined => {
  const ways = (): Ways => ({
    size: 0,
    at: new Int32Array(program.length),
    slots: new Int32Array(program.length * width)
  })
  const reached = new Int32Array(program.length).fill(-1)
  const slots = new Int32Array(width).fill(-1)
  let current = ways()
  let next = ways()
  let found: Int32Array | undefined

  const reach = (into: Ways, start: number, place: number): void => {
    let at = start
    for (;;) {
      const it = program[at]
      if (it === undefined || reached[at] === place) return
      reached[at] = place
      switch (it.op) {
        case "jump":
          at = it.first
          continue
        case "split":
          reach(into, it.first, place)
          at = it.second
          continue
        case "save": {
          const before = slots[it.first] ?? -1
          slots[it.first] = place
          reach(into, at + 1, place)
          slots[it.first] = before
          return
        }
        case "forget": {
          const before: Array<number> = []
          for (let slot = it.first; slot < it.second; slot++) {
            before.push(slots[slot] ?? -1)
            slots[slot] = -1
          }
          reach(into, at + 1, place)
          before.forEach((value, index) => {
            slots[it.first + index] = value
          })
          return
        }
        case "assert":
          if (!holds(it.assertion, text, place)) return
          at += 1
          continue
        default: {
          const offset = into.size * width
          for (let slot = 0; slot < width; slot++) into.slots[offset + slot] = slots[slot] ?? -1
          into.at[into.size] = at
          into.size += 1
          return
        }
      }
    }
  }

  for (let place = 0;;) {
    if (found === undefined && (place === 0 || !anchored)) {
      slots.fill(-1)
      slots[0] = place
      reach(current, 0, place)
    }
    if (current.size === 0 && (found !== undefined || anchored)) return found
    const code = place < text.length ? text.codePointAt(place) ?? -1 : -1
    const after = place + (code > 0xffff ? 2 : 1)
    for (let way = 0; way < current.size; way++) {
      const at = current.at[way] ?? 0
      const it = program[at]
      if (it?.op === "match") {
        found = current.slots.slice(way * width, (way + 1) * width)
        found[1] = place
        break
      }
      if (code !== -1 && it !== undefined && it.accepts(code)) {
        const offset = way * width
        for (let slot = 0; slot < width; slot++) slots[slot] = current.slots[offset + slot] ?? -1
        reach(next, at + 1, after)
      }
    }
    if (place >= text.length) return found
    place = after
    const spent = current
    spent.size = 0
    current = next
    next = spent
  }
}

/** What is alive before a place that is neither the first nor the last, and where each character leads from there. */
interface State {
  readonly ways: Int32Array
  /** Whether the expression has matched already. */
  readonly matched: boolean
  readonly next: Map<number, State>
}

/** How many steps from state to state are remembered; the text chooses them, so the memory is bounded. */
const mostSteps = 1_000

/**
 * Whether a program matches anywhere in a text: the walk of `run` without keeping where groups are. What is alive is a
 * state, and steps that were taken before are looked up, so that a hostile text costs a look-up a character.
 */
const matcherOf = (program: ReadonlyArray<Instruction>, anchored: boolean) => {
  const looksAround = program.some((it) => it.op === "assert" && it.assertion !== "start" && it.assertion !== "end")
  const reached = new Float64Array(program.length)
  const states = new Map<string, State>()
  let round = 0
  let steps = 0

  /** Adds to `ways` what can be reached at `place` of `text` without reading; answers whether the end of the program is. */
  const reach = (ways: Array<number>, start: number, text: string, place: number): boolean => {
    let at = start
    for (;;) {
      const it = program[at]
      if (it === undefined || reached[at] === round) return false
      reached[at] = round
      switch (it.op) {
        case "set":
          ways.push(at)
          return false
        case "match":
          return true
        case "jump":
          at = it.first
          continue
        case "split":
          if (reach(ways, it.first, text, place)) return true
          at = it.second
          continue
        case "assert":
          if (!holds(it.assertion, text, place)) return false
          at += 1
          continue
        default:
          at += 1
      }
    }
  }

  /** What is alive at `place` after `code` was read with these ways alive before it (at the first place, none). */
  const after = (before: Int32Array, code: number, text: string, place: number): State => {
    round += 1
    const ways: Array<number> = []
    let matched = false
    for (const at of before) {
      if (!matched && program[at]?.accepts(code) === true) matched = reach(ways, at + 1, text, place)
    }
    if (!matched && (place === 0 || !anchored)) matched = reach(ways, 0, text, place)
    const alive = Int32Array.from(ways).toSorted()
    // At the end and between words the same ways may lead elsewhere: such a state is good for this once.
    if (looksAround || place === 0 || place >= text.length) return { ways: alive, matched, next: new Map() }
    const name = `${matched} ${alive.join()}`
    const known = states.get(name)
    if (known !== undefined) return known
    const state = { ways: alive, matched, next: new Map<number, State>() }
    states.set(name, state)
    return state
  }

  const stepped = (from: State, code: number, text: string, place: number): State => {
    if (looksAround || place >= text.length) return after(from.ways, code, text, place)
    const known = from.next.get(code)
    if (known !== undefined) return known
    const to = after(from.ways, code, text, place)
    if (++steps > mostSteps) {
      for (const it of states.values()) it.next.clear()
      states.clear()
      steps = 0
    }
    from.next.set(code, to)
    return to
  }

  const nobody = new Int32Array()
  return (text: string): boolean => {
    let state = after(nobody, -1, text, 0)
    for (let place = 0; place < text.length && !state.matched;) {
      if (anchored && state.ways.length === 0) return false
      const code = text.codePointAt(place) ?? -1
      place += code > 0xffff ? 2 : 1
      state = stepped(state, code, text, place)
    }
    return state.matched
  }
}

/**
 * Compiles `source`. The failure is the reason why it is refused, worded as the
 * end of a sentence ("it has a back reference").
 */
export const compile = (source: string): Result.Result<LinearRegExp, string> =>
  Result.flatMap(parse(source), ({ names, node }) => {
    const program = assemble(node)
    if (program === undefined) return Result.fail("its counted repetitions are too large")
    const anchored = startsAtStart(node)
    const width = names.length * 2 + 2
    const test = matcherOf(program, anchored)
    const exec = (text: string): Match | undefined => {
      if (!test(text)) return undefined
      const slots = run(program, anchored, width, text)
      if (slots === undefined) return undefined
      return Array.from({ length: names.length + 1 }, (_, group) => {
        const from = slots[group * 2] ?? -1
        const to = slots[group * 2 + 1] ?? -1
        return from === -1 || to === -1 ? undefined : text.slice(from, to)
      })
    }
    return Result.succeed({ source, names, exec, test })
  })

const reference = /\$(?:(\$)|(&)|<([^>]*)>|(\d{1,2}))/g

/**
 * Compiles a replacement text: `$1` to `$99` and `$<name>` are groups, `$&` the
 * whole match, `$$` a dollar sign. A group that took no part is empty text; one
 * that the expression does not have is the failure.
 */
export const replacement = (
  template: string,
  expression: LinearRegExp
): Result.Result<(match: Match) => string, string> => {
  const parts: Array<string | number> = []
  let end = 0
  for (const found of template.matchAll(reference)) {
    const [whole, dollar, all, name, digits] = found
    parts.push(template.slice(end, found.index))
    end = found.index + whole.length
    if (dollar !== undefined) {
      parts.push("$")
    } else {
      const group = all !== undefined
        ? 0
        : name === undefined
        ? Number(digits)
        : expression.names.indexOf(name) + 1
      if (all === undefined && (group < 1 || group > expression.names.length)) {
        return Result.fail(`${whole} is not a group of ${expression.source}`)
      }
      parts.push(group)
    }
  }
  parts.push(template.slice(end))
  return Result.succeed((match) => parts.map((part) => typeof part === "number" ? match[part] ?? "" : part).join(""))
}
