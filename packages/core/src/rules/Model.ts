/**
 * Which models a list of entries allows.
 *
 * An entry is a model name, a pattern in which only `*` is special (RULES D21),
 * the name of a model group, or one of the special names. An empty list allows
 * everything, `no-default-models` nothing. A model passes under its own name,
 * under the name it is an alias for, and behind its provider's prefix.
 */
import * as Pattern from "./patterns/Pattern.ts"

/** Whether a model is allowed. */
export type ModelMatcher = (model: string) => boolean

/** The names that a deployment gives to models. */
export interface ModelNames {
  /** Groups by name: the models (patterns) in each. */
  readonly groups: Readonly<Record<string, ReadonlyArray<string>>>
  /** Aliases by name: the model each stands for. */
  readonly aliases: Readonly<Record<string, string>>
  /** Providers of bare model names. */
  readonly providers: Readonly<Record<string, string>>
}

/** One compiled list. */
export interface ModelList {
  /** Whether the list allows a model. */
  readonly allows: ModelMatcher
  /** The patterns it stands for, groups spelled out; `["*"]` when it allows everything. */
  readonly patterns: ReadonlyArray<string>
}

/** A list that only takes away, and what a model that it does not have is denied with. */
export interface ModelCap {
  readonly list: ModelList
  readonly code: "agent_model_denied" | "end_user_model_denied"
  /** Whose list it is. */
  readonly facts: { readonly agent: string } | { readonly endUser: string }
}

/** Allows every model. */
export const everyModel: ModelList = { allows: () => true, patterns: ["*"] }

/** Allows no model. */
export const noModels: ModelList = { allows: () => false, patterns: [] }

const everything = new Set(["*", "all-proxy-models"])
const nothing = "no-default-models"

/** Lists are compiled once per array: rows keep theirs while they are in memory. */
export class ModelRules {
  readonly #names: ModelNames
  readonly #groups: ReadonlyMap<string, ModelMatcher>
  readonly #aliases: ReadonlyMap<string, string>
  readonly #providers: ReadonlyMap<string, string>
  readonly #compiled = new WeakMap<ReadonlyArray<string>, ModelList>()
  readonly #aliased = new WeakMap<Readonly<Record<string, string>>, boolean>()

  constructor(names: ModelNames) {
    this.#names = names
    this.#groups = new Map(
      Object.entries(names.groups).map(([name, models]) => [name, Pattern.compileAny(models)])
    )
    this.#aliases = new Map(Object.entries(names.aliases))
    this.#providers = new Map(Object.entries(names.providers))
  }

  /** Compiles a list of entries. */
  list(entries: ReadonlyArray<string>): ModelList {
    const known = this.#compiled.get(entries)
    if (known !== undefined) return known
    const compiled = this.#compile(entries)
    this.#compiled.set(entries, compiled)
    return compiled
  }

  #compile(entries: ReadonlyArray<string>): ModelList {
    if (entries.length === 0 || entries.some((entry) => everything.has(entry))) return everyModel
    const literals = new Set(entries.filter((entry) => entry !== nothing && Pattern.isLiteral(entry)))
    const wildcards = entries.filter((entry) => !Pattern.isLiteral(entry)).map(Pattern.compile)
    const groups = entries.flatMap((entry) => this.#groups.get(entry) ?? [])
    const [aliases, providers] = [this.#aliases, this.#providers]
    const admits = (candidate: string): boolean => {
      if (literals.has(candidate) || groups.some((group) => group(candidate))) return true
      if (wildcards.length === 0) return false
      if (wildcards.some((matches) => matches(candidate))) return true
      const provider = providers.get(candidate)
      return provider !== undefined && wildcards.some((matches) => matches(`${provider}/${candidate}`))
    }
    const allows = (model: string): boolean => {
      if (admits(model)) return true
      const target = aliases.get(model)
      return target !== undefined && admits(target)
    }
    const spelled = entries.flatMap((entry) =>
      entry === nothing ? [] : this.#groups.has(entry) ? this.#names.groups[entry] ?? [] : [entry]
    )
    const named = [...aliases.keys()].filter((alias) => allows(alias))
    // A provider's wildcard covers bare names that do not look like it.
    const byProvider = entries.some((entry) => entry.includes("/") && !Pattern.isLiteral(entry))
      ? [...providers.keys()].filter((name) => allows(name))
      : []
    return { allows, patterns: [...new Set([...spelled, ...named, ...byProvider])] }
  }

  /**
   * Whether a team may use a model: its list, then the models of its shared
   * groups when the list denied; an alias of the team counts as the model it
   * stands for (RULES D21).
   */
  team(
    team: { readonly models: ReadonlyArray<string>; readonly modelAliases: Readonly<Record<string, string>> },
    shared: ReadonlyArray<string>
  ): ModelList {
    const own = this.list(team.models)
    if (own === everyModel) return own
    const more = shared.length === 0 ? undefined : this.list(shared)
    if (more === undefined && !this.#hasAliases(team.modelAliases)) return own
    const aliases = team.modelAliases
    const admits = (model: string): boolean => own.allows(model) || (more?.allows(model) ?? false)
    return {
      allows: (model) => {
        if (admits(model)) return true
        const target = Object.hasOwn(aliases, model) ? aliases[model] : undefined
        return target !== undefined && admits(target)
      },
      get patterns() {
        const named = Object.entries(aliases).flatMap(([alias, target]) => admits(target) ? [alias] : [])
        return [...new Set([...own.patterns, ...(more?.patterns ?? []), ...named])]
      }
    }
  }

  /** Every model that a name may stand for, what it means in the end first and the name itself last. */
  meanings(name: string, ofTeam: Readonly<Record<string, string>> = {}): ReadonlyArray<string> {
    const team = Object.hasOwn(ofTeam, name) ? ofTeam[name] : undefined
    const all = [team === undefined ? undefined : this.#aliases.get(team), team, this.#aliases.get(name), name]
    return [...new Set(all.filter((it) => it !== undefined))]
  }

  #hasAliases(aliases: Readonly<Record<string, string>>): boolean {
    const known = this.#aliased.get(aliases)
    if (known !== undefined) return known
    const some = Object.keys(aliases).length > 0
    this.#aliased.set(aliases, some)
    return some
  }
}

/** A list of patterns without groups or aliases, as roles, scopes and grants have them (RULES D49); an empty one allows nothing. */
export const patterns = (entries: ReadonlyArray<string>): ModelList => {
  if (entries.includes("*")) return everyModel
  return { allows: Pattern.compileAny(entries), patterns: entries }
}

/** Whether a list is a user's or a team's own "none": it denies whatever else it holds. */
export const deniesAll = (entries: ReadonlyArray<string>): boolean => entries.includes(nothing)

/** Whether some text matches both patterns. */
export const haveCommon = (one: string, other: string): boolean => {
  // `rest[j]`: whether what is left of `one` and `other.slice(j)` have a text in common.
  let rest = Array.from({ length: other.length + 1 }, () => false)
  for (let i = one.length; i >= 0; i--) {
    const next = rest
    rest = Array.from({ length: other.length + 1 }, () => false)
    for (let j = other.length; j >= 0; j--) {
      const [a, b] = [one[i], other[j]]
      const after = (next[j] ?? false) && i < one.length
      const beside = (rest[j + 1] ?? false) && j < other.length
      rest[j] = a === undefined && b === undefined
        ? true
        : a === "*"
        ? after || beside
        : b === "*"
        ? beside || after
        : a !== undefined && a === b && (next[j + 1] ?? false)
    }
  }
  return rest[0] ?? false
}

const firstStar = (pattern: string): number => pattern.indexOf("*")

/** One pattern for what two overlapping ones share, when a pattern can say it: a beginning and an end. */
const overlap = (one: string, other: string): string | undefined => {
  const [a, b] = [firstStar(one), firstStar(other)]
  if (a !== -1 && a === one.length - 1 && b === 0 && other.lastIndexOf("*") === 0) return `${one.slice(0, -1)}${other}`
  return undefined
}

/**
 * The patterns that two lists of patterns both cover. Sound: it never names more
 * than both allow; two overlapping patterns of which neither covers the other are
 * kept only when one pattern can say what they share.
 */
export const intersect = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (one.includes("*")) return other
  if (other.includes("*")) return one
  const [inOne, inOther] = [Pattern.compileAny(one), Pattern.compileAny(other)]
  const shared = new Set([...one.filter(inOther), ...other.filter(inOne)])
  for (const a of one) {
    for (const b of other) {
      const both = overlap(a, b) ?? overlap(b, a)
      if (both !== undefined) shared.add(both)
    }
  }
  return [...shared]
}
