/**
 * The route groups that settings may name: lists of templates, entry by entry as
 * one release of LiteLLM has them (`policy.litellm`), with `/models/{model_id}`
 * and `/v1/models/{model_id}` among the info routes (RULES D52).
 *
 * `{x}` stands for one segment, `{x:path}` for anything, a `*` at the end for
 * everything below (RULES D35). A release is a data file beside this one; the
 * program knows no template of its own.
 */
import type { LitellmRelease } from "../../Settings.ts"
import * as LiteLLM1_108 from "./releases/LiteLLM1_108.ts"
import * as LiteLLM1_110 from "./releases/LiteLLM1_110.ts"
import * as LiteLLM1_90 from "./releases/LiteLLM1_90.ts"

/** Every group by the name that settings use. */
export type RouteGroups = ReadonlyMap<string, ReadonlyArray<string>>

/** A group as text: its templates, and `@name` for all of another group. */
type Spelled = Readonly<Record<string, string>>

const releases: Readonly<Record<LitellmRelease, Spelled>> = {
  "1.90": LiteLLM1_90.groups,
  "1.108": LiteLLM1_108.groups,
  "1.110": LiteLLM1_110.groups
}

/** What is in a group here beside the release's own entries (RULES D52). */
const added: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["info_routes", ["/models/{model_id}", "/v1/models/{model_id}"]]
])

const expanded = (spelled: Spelled): RouteGroups => {
  const groups = new Map<string, ReadonlyArray<string>>()
  const expand = (name: string): ReadonlyArray<string> => {
    const known = groups.get(name)
    if (known !== undefined) return known
    const entries = (spelled[name] ?? "").split(/\s+/).filter((it) => it !== "")
    const own = entries.flatMap((it) => it.startsWith("@") ? expand(it.slice(1)) : [it])
    const group = [...new Set([...own, ...added.get(name) ?? []])]
    groups.set(name, group)
    return group
  }
  Object.keys(spelled).forEach(expand)
  return groups
}

const expandedReleases = new Map<LitellmRelease, RouteGroups>()

/** The groups of one release, made once. */
export const of = (release: LitellmRelease): RouteGroups => {
  const known = expandedReleases.get(release)
  if (known !== undefined) return known
  const groups = expanded(releases[release])
  expandedReleases.set(release, groups)
  return groups
}

/** The same groups with more templates in one: an authenticated pass-through path joins `openai_routes`. */
export const withMore = (groups: RouteGroups, name: string, templates: ReadonlyArray<string>): RouteGroups =>
  templates.length === 0 ? groups : new Map([...groups, [name, [...groups.get(name) ?? [], ...templates]]])
