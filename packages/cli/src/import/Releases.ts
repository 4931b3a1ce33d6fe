/**
 * What the importer knows of each release of LiteLLM besides its route groups:
 * the keys that came with it, its defaults, and what it decides differently.
 *
 * A release is one entry in each table here. A file is read as one release's; a
 * key of a later one says so.
 */
import { type LitellmRelease, LitellmReleases, type PolicySettings } from "@jotgate/core/Settings"

type ByRelease<A> = Readonly<Record<LitellmRelease, A>>

/** Where keys stand: `litellm_jwtauth`, an entry of its `issuers`, `general_settings`, `litellm_settings`. */
export type Section = "jwt" | "issuer" | "general" | "litellm"

const names = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** The keys that each release brought. `jwt` and `issuer` are closed: before that release such a key is unknown. */
const brought: ByRelease<Partial<Record<Section, ReadonlyArray<string>>>> = {
  "1.90": {},
  "1.108": {
    jwt: names(`agent_id_jwt_field auto_register_map_existing_key fallback_to_db_teams id_jag_requesting_apps
      mcp_client_id_jwt_field public_key_stale_ttl`),
    issuer: names("unregistered_jwt_client_behavior virtual_key_claim_field"),
    general: names(`agent_access_default_deny apply_user_budget_to_team_keys mcp_allowed_clients mcp_client_id_header
      search_tool_deny_by_default vector_store_deny_by_default`)
  },
  "1.110": {
    general: names("request_tag_mappings"),
    litellm: names("block_requests_for_models_without_pricing")
  }
}

const place = (release: LitellmRelease): number => LitellmReleases.indexOf(release)

/** The release that brought a key; `undefined` for a key that all have, or that is unknown. */
export const since = (section: Section, key: string): LitellmRelease | undefined =>
  LitellmReleases.find((it) => brought[it][section]?.includes(key))

/** Whether a key is of a later release than the one whose file it is. */
export const isLater = (section: Section, key: string, release: LitellmRelease): boolean => {
  const from = since(section, key)
  return from !== undefined && place(from) > place(release)
}

/** What to say of a key that is of a later release. */
export const laterThan = (section: Section, key: string, release: LitellmRelease): string =>
  `is a key of LiteLLM ${since(section, key)} and later; the file is imported as ${release}'s (--release)`

const before = ["openai_routes", "info_routes", "mcp_routes"]
const messages = ["/v1/messages", "/v1/messages/count_tokens"]

/** The default of `team_allowed_routes`. */
export const teamAllowedRoutes: ByRelease<ReadonlyArray<string>> = {
  "1.90": before,
  "1.108": [...before, ...messages],
  "1.110": [...before, ...messages, "/rag/ingest", "/v1/rag/ingest", "/rag/query", "/v1/rag/query"]
}

/** In which order several groups are tried (RULES D65). */
export const groupOrder: ByRelease<"claim" | "id"> = { "1.90": "claim", "1.108": "id", "1.110": "id" }

/** How a `*` at the end of a route entry is read: like any character, or as a plain prefix (RULES D35, D73). */
export const routeStars: ByRelease<"literal" | "prefix"> = { "1.90": "literal", "1.108": "prefix", "1.110": "prefix" }

/** How many seconds past their life keys serve while the provider cannot be reached, by default; `undefined`: it has no such bound. */
export const staleKeys: ByRelease<number | undefined> = { "1.90": undefined, "1.108": 3600, "1.110": 3600 }

/** What a release decides differently than the one before, for the same file and rows. */
const decides: ByRelease<ReadonlyArray<readonly [what: string, rule: string]>> = {
  "1.90": [],
  "1.108": [
    ["of several groups that fit, the one whose id comes first is taken", "D65"],
    [
      "a pass-through route that team_allowed_routes names by its path is granted; a team's denied_passthrough_routes win",
      "D67"
    ],
    ["a * at the end of a route entry is a prefix (here: at a segment boundary)", "D73"],
    ["the team header may name one of the token's teams by its alias", "D66"],
    ["an alias claim goes before the default team", "D16"],
    ["an object id that names no team is 404", "D18"],
    ["names in a team's model_aliases may be called", "D21"],
    ["end users have models; people who were deactivated (scim_active: false) are refused", "D68"],
    ["a token of an application that is bound to a managed agent is the agent's", "D72"],
    ["a token of type oauth-id-jag+jwt is refused", "D70"],
    ["a directory that cannot be reached is 503, never \"does not exist\"", "D27"]
  ],
  "1.110": [["a model access group may have a budget; it stays LiteLLM's to enforce", "D47"]]
}

/** One change between two releases. */
export interface Change {
  readonly what: string
  /** The rule that says so here, if there is one. */
  readonly rule: string | null
}

/** What changes when the same file goes from one release to a later one. */
export const changes = (from: LitellmRelease, to: LitellmRelease): ReadonlyArray<Change> => {
  const between = LitellmReleases.slice(place(from) + 1, place(to) + 1)
  const added = (section: Section) => between.flatMap((it) => brought[it][section] ?? [])
  const keys = (title: string, section: Section): ReadonlyArray<Change> => {
    const all = added(section)
    return all.length === 0 ? [] : [{ what: `${title}: ${all.join(", ")}`, rule: null }]
  }
  const routes = teamAllowedRoutes[to].filter((it) => !teamAllowedRoutes[from].includes(it))
  return [
    ...between.flatMap((it) => decides[it]).map(([what, rule]) => ({ what, rule })),
    ...(routes.length === 0
      ? []
      : [{ what: `the default of team_allowed_routes adds ${routes.join(", ")}`, rule: "D15" }]),
    ...keys("new keys of litellm_jwtauth", "jwt"),
    ...keys("new keys of its issuers", "issuer"),
    ...keys("new keys of general_settings that concern tokens", "general"),
    ...keys("new keys of litellm_settings that concern tokens", "litellm")
  ]
}

const isSame = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): boolean =>
  one.length === other.length && one.every((it, index) => it === other[index])

/**
 * A deployment as another release would decide: with its route groups, and its
 * defaults where the settings have those of the release that they name.
 */
export const asRelease = <S extends { readonly policy: PolicySettings }>(settings: S, release: LitellmRelease): S => {
  const { policy } = settings
  const own = policy.litellm
  return {
    ...settings,
    policy: {
      ...policy,
      litellm: release,
      groupOrder: policy.groupOrder === groupOrder[own] ? groupOrder[release] : policy.groupOrder,
      teamRoutes: isSame(policy.teamRoutes, teamAllowedRoutes[own]) ? teamAllowedRoutes[release] : policy.teamRoutes
    }
  }
}
