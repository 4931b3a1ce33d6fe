/**
 * Where models stand in a JSON text, as a tree that is walked along with it.
 *
 * A place is written as people write it: `model`, `session.model`, `requests[].params.model`. `*` is any member, `**`
 * everything below whose member is named after models or fallbacks: settings of a router that name models anywhere.
 */
import { watch } from "./JsonWalk.ts"

/** What may stand at one place of a text. */
export interface JsonPlace {
  /** As it is told to people. */
  readonly path: string
  /** Whether a text here is a model: the one of the request, or one of several that are all judged. */
  readonly names: "one" | "several" | undefined
  /** Whether a text here is told besides: what kind of message it is. */
  readonly isLabel: boolean
  /** What separates several models in one text, if anything does. */
  readonly separator: "," | undefined
  /** Whether anything but models, or a list of them, is refused here. */
  readonly strict: boolean
  readonly members: ReadonlyMap<string, JsonPlace>
  /** What every other member is. */
  readonly others: JsonPlace | undefined
  readonly elements: JsonPlace | undefined
  /** Whether members at any depth are looked at that are named after models. */
  readonly deep: boolean
}

/** A place as it is told: its path, and what separates several models in one text, if anything does. */
export interface MemberPlace {
  readonly path: string
  readonly separator?: ","
  /** Names no model; its text is told besides. */
  readonly isLabel?: true
}

type Draft = { -readonly [K in Exclude<keyof JsonPlace, "members" | "others" | "elements">]: JsonPlace[K] } & {
  readonly members: Map<string, Draft>
  others: Draft | undefined
  elements: Draft | undefined
}

const draft = (path: string): Draft => ({
  path,
  names: undefined,
  isLabel: false,
  separator: undefined,
  strict: false,
  members: new Map(),
  others: undefined,
  elements: undefined,
  deep: false
})

/** Places that mean one and the same model: two that differ are a contradiction, not a list. */
const meansOne = new Set(["model", "model_id", "modelId", "extra_body.model", "session.model", "response.model"])

const memberDraft = (parent: Draft, name: string): Draft => {
  const path = parent.path === "" ? name : `${parent.path}.${name}`
  if (name === "*") return parent.others ??= draft(path)
  const known = parent.members.get(name)
  if (known !== undefined) return known
  watch(name)
  const made = draft(path)
  parent.members.set(name, made)
  return made
}

const add = (root: Draft, { isLabel, path, separator }: MemberPlace): void => {
  let at = root
  let list: Draft | undefined
  for (const part of path.split(".")) {
    if (part === "**") {
      at.deep = true
      return
    }
    const name = part.replace(/(?:\[\])+$/, "")
    at = memberDraft(at, name)
    list = undefined
    for (let depth = (part.length - name.length) / 2; depth > 0; depth--) {
      list = at
      at = at.elements ??= draft(`${at.path}[]`)
    }
  }
  if (isLabel === true) {
    at.isLabel = true
    return
  }
  at.names = meansOne.has(path) ? "one" : "several"
  at.separator = separator
  // Below members of any name stand other things as well.
  if (path.includes("*")) return
  at.strict = true
  if (list !== undefined) list.strict = true
}

const compiled = new Map<string, JsonPlace>()

/** The tree of these places; the same places have the same tree. */
export const placesOf = (places: ReadonlyArray<MemberPlace>): JsonPlace => {
  const key = places.map(({ path, separator = "" }) => path + separator).join("\n")
  const known = compiled.get(key)
  if (known !== undefined) return known
  const root = draft("")
  for (const place of places) add(root, place)
  compiled.set(key, root)
  return root
}

const everything: Draft = { ...draft("**"), names: "several" }
everything.others = everything
everything.elements = everything
const search: Draft = { ...draft("**"), deep: true }
search.others = search
search.elements = search

/** Spellings that lenient parsers take for the same name: case, and letters that fold to ASCII ones. */
export const fold = (name: string): string => name.toUpperCase().toLowerCase()

/** What the member of this name is; `undefined` when nothing below it matters. */
export const memberOf = (place: JsonPlace, name: string): JsonPlace | undefined =>
  place.members.get(name) ?? place.others ??
    (place.deep ? /model|fallback/.test(fold(name)) ? everything : search : undefined)

/** Whether some parser could take this name for one that matters, although it is another. */
export const isDisguised = (place: JsonPlace, name: string): boolean => {
  const folded = fold(name)
  return folded !== name && !place.members.has(name) && place.members.has(folded)
}

/** Whether all members matter, not only those with a name of their own. */
export const isOpen = (place: JsonPlace): boolean => place.deep || place.others !== undefined
