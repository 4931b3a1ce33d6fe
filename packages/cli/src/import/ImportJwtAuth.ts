/**
 * `general_settings.litellm_jwtauth`, key by key: the rules and the behaviour of
 * the directory. Who is trusted and how claims are read is `ImportIssuers`.
 *
 * Each entry of the table writes what the key means here and adds its line to
 * the report; a key that is not in the file is not asked.
 */
import * as RouteGroups from "@jotgate/core/RouteGroups"
import type { LitellmRelease } from "@jotgate/core/Settings"
import type { Draft } from "./Draft.ts"
import { namesTeams, readsRoles } from "./ImportIssuers.ts"
import type { JwtAuth, RolePermissions } from "./LitellmFile.ts"
import { groupOrder, routeStars, teamAllowedRoutes } from "./Releases.ts"

interface Importing {
  readonly draft: Draft
  readonly jwt: JwtAuth
  readonly rolePermissions: RolePermissions
  readonly strict: boolean
  readonly release: LitellmRelease
  /** Whether MCP routes are for listed clients only. */
  readonly clients: boolean
}

type Key = keyof JwtAuth
type Entry<K extends Key> = (value: NonNullable<JwtAuth[K]>, importing: Importing, key: string) => void

const widened = (entries: ReadonlyArray<string>): boolean => entries.some((it) => it.endsWith("*"))
const claim = (name: string): string => `issuers[].claims.${name}`

/** A claim path that `ImportIssuers` has written. */
const path = (name: string, deviations: ReadonlyArray<string> = []): Entry<Key> => (_, { draft }, key) =>
  draft.line(key, deviations.length === 0 ? "exact" : "stricter", "the claim path", {
    setting: claim(name),
    deviations
  })

const ignored = (reason: string): Entry<Key> => (_, { draft }, key) => draft.line(key, "ignored", reason)

const decision = (reason: string): Entry<Key> => (_, { draft }, key) =>
  draft.line(key, "needs a decision", reason, { deviations: ["D45"] })

/** The entries that can cover a route: a path, or a group. The reference compares any other text with paths, in vain. */
const usable = (entries: ReadonlyArray<string>, release: LitellmRelease): ReadonlyArray<string> =>
  entries.filter((it) =>
    it === "*" || RouteGroups.of(release).has(it) || (it.startsWith("/") && (!/\*./.test(it) || it.includes("{")))
  )

const firstOfEach = (entries: RolePermissions): RolePermissions =>
  entries.filter((it, index) => entries.findIndex((other) => other.role === it.role) === index)

const routes =
  (setting: "adminRoutes" | "teamRoutes", deviations: ReadonlyArray<string>, reason: string) =>
  (value: ReadonlyArray<string>, { draft, release }: Importing, key: string): void => {
    const entries = usable(value, release)
    draft.set(["policy", setting], entries, key)
    const isLiteral = routeStars[release] === "literal"
    const wider = isLiteral && widened(entries)
    const narrower = !isLiteral && entries.some((it) => it.endsWith("*") && it !== "*" && !it.endsWith("/*"))
    const numbers = wider ? [...deviations, "D35"] : narrower ? [...deviations, "D73"] : deviations
    draft.line(
      key,
      wider ? "wider" : numbers.length > 0 ? "stricter" : "exact",
      wider
        ? `${reason}; a final * covers everything below, the reference compares it literally`
        : narrower
        ? `${reason}; a final * ends at a segment: /v1* is /v1 and what is below, not /v1x`
        : reason,
      { setting: `policy.${setting}`, deviations: numbers }
    )
    const dead = value.filter((it) => !entries.includes(it))
    if (dead.length > 0) draft.line(`${key}: ${dead.join(", ")}`, "ignored", "neither a path nor a route group")
  }

const withUserInfo: Entry<Key> = (_, { draft, jwt }, key) => {
  if (jwt.oidc_userinfo_enabled === true && jwt.oidc_userinfo_endpoint) {
    draft.line(key, "wider", "opaque tokens are accepted; over HTTP the reference never gets that far", {
      setting: "issuers[].opaque.userinfo",
      deviations: ["D9"],
      recommendation: "remove `opaque` unless your clients send such tokens"
    })
  } else {
    draft.line(key, "ignored", "UserInfo is not enabled with an endpoint")
  }
}

const table: { readonly [K in Key]: Entry<K> } = {
  admin_jwt_scope: (value, { draft, jwt }, key) => {
    const several = (jwt.issuers ?? []).length > 0
    if (value === "") draft.line(key, "ignored", "no token has an empty scope")
    else {
      draft.line(key, several ? "exact but lax" : "exact", "a token with this scope is an admin's", {
        setting: "issuers[].adminScope",
        deviations: several ? ["D4"] : [],
        ...(several ? { recommendation: "keep adminScope on the one issuer that may make admins" } : {})
      })
    }
  },
  admin_allowed_routes: routes("adminRoutes", [], "what an admin by scope may call"),
  team_id_jwt_field: (_, { draft }, key) => {
    draft.set(["policy", "requireTeamClaim"], true, key)
    draft.line(key, "exact", "the claim path; a team becomes mandatory", {
      setting: `${claim("team")}, policy.requireTeamClaim`
    })
  },
  team_id_upsert: (value, { draft }, key) => {
    if (!value) return draft.line(key, "exact", "unknown teams are not created")
    draft.set(["directory", "teams", "create"], "always", key)
    draft.line(
      key,
      "stricter",
      "a created team may call no model until somebody says which; the reference allows all",
      {
        setting: "directory.teams.create",
        deviations: ["D30"],
        recommendation: "write the models of new teams in directory.teams.template"
      }
    )
  },
  team_ids_jwt_field: (_, { draft, release }, key) => {
    const byId = groupOrder[release] === "id"
    draft.line(
      key,
      "wider",
      `the claim path; a claim that is one text is one group, and groups are tried ${
        byId ? "by their ids" : "in their order"
      }`,
      {
        setting: byId ? `${claim("teams")}, policy.groupOrder` : claim("teams"),
        deviations: [byId ? "D65" : "D7", "D10", "D17"]
      }
    )
  },
  team_id_default: (value, { draft }, key) => {
    if (value === "") return draft.line(key, "ignored", "no team has an empty id")
    draft.set(["directory", "teams", "default"], value, key)
    draft.line(key, "stricter", "used last, after a membership, and it gives nobody the role `team`", {
      setting: "directory.teams.default",
      deviations: ["D16"]
    })
  },
  team_alias_jwt_field: (_, { draft }, key) => {
    draft.set(["policy", "requireTeamClaim"], true, key)
    draft.line(key, "exact", "the claim path; a team becomes mandatory", {
      setting: `${claim("teamAlias")}, policy.requireTeamClaim`
    })
  },
  team_allowed_routes: routes("teamRoutes", ["D15"], "holds for every chosen team, not for groups only"),
  upsert_sso_user_to_team: ignored("has no effect on tokens in the reference"),
  org_id_jwt_field: path("organization", ["D22"]),
  org_alias_jwt_field: path("organizationAlias", ["D22"]),
  user_id_jwt_field: path("user"),
  user_email_jwt_field: (_, { draft, strict }, key) =>
    draft.line(
      key,
      strict ? "stricter" : "exact but lax",
      "the claim path; a row is found by e-mail, verified or not",
      {
        setting: claim("email"),
        deviations: ["D6"],
        ...(strict ? {} : { recommendation: "identities.linkByEmail: verified" })
      }
    ),
  user_allowed_email_domain: (value, { draft }, key) => {
    if (!/^[^@\s]+$/.test(value)) {
      return draft.line(key, "needs a decision", "is not a domain: no token can pass", {
        setting: "policy.emailDomains"
      })
    }
    draft.set(["policy", "emailDomains"], [value], key)
    draft.line(key, "exact", "domains compare without case", { setting: "policy.emailDomains", deviations: ["D6"] })
  },
  user_roles_jwt_field: path("userRoles"),
  user_allowed_roles: (value, { draft }, key) => {
    draft.set(["policy", "allowedUserRoles"], value, key)
    draft.line(key, "wider", "a claim that is one text is one role; the reference compares its characters", {
      setting: "policy.allowedUserRoles",
      deviations: ["D10"]
    })
  },
  user_id_upsert: (value, { draft }, key) => {
    if (!value) return draft.line(key, "exact", "unknown people are refused")
    draft.set(["directory", "users", "create"], true, key)
    draft.line(key, "exact", "unknown people get a row, once every check has passed", {
      setting: "directory.users.create",
      deviations: ["D29"]
    })
  },
  end_user_id_jwt_field: path("endUser"),
  public_key_ttl: (value, { draft }, key) =>
    draft.line(
      key,
      "exact",
      value < 30 ? "raised to 30s, the shortest life of keys" : "how long a key set is used before it is fetched again",
      { setting: "issuers[].keys.life" }
    ),
  public_key_stale_ttl: (value, { draft }, key) =>
    draft.line(
      key,
      value > 604_800 ? "stricter" : "exact",
      value > 604_800
        ? "lowered to seven days, the longest that old keys serve"
        : "how long old keys serve while the provider cannot be reached",
      { setting: "issuers[].keys.stale" }
    ),
  public_allowed_routes: ignored("the reference never reads it"),
  enforce_rbac: (value, { draft, release, rolePermissions }, key) => {
    if (!value) return draft.line(key, "exact", "no role is required")
    draft.set(["policy", "requireRole"], true, key)
    if (rolePermissions.length > 0) {
      draft.set(
        ["policy", "roles"],
        firstOfEach(rolePermissions).map(({ models, role, routes }) => ({
          role,
          ...((models ?? null) === null ? {} : { models: models ?? [] }),
          ...((routes ?? null) === null ? {} : { routes: usable(routes ?? [], release) })
        })),
        "general_settings.role_permissions"
      )
    }
    draft.line(key, "exact", "a role must match", { setting: "policy.requireRole" })
  },
  roles_jwt_field: (_, { draft, jwt }, key) => {
    if (!readsRoles(jwt)) return draft.line(key, "ignored", "no role mapping and no role map of sync reads it")
    draft.line(key, "wider", "the claim path; a claim that is one text is one role", {
      setting: claim("roles"),
      deviations: ["D10"]
    })
  },
  role_mappings: (value, { draft, jwt }, key) => {
    if (!readsRoles(jwt) || value.length === 0) {
      return draft.line(key, "ignored", "without roles_jwt_field no role is read for it")
    }
    draft.set(
      ["policy", "roleMappings"],
      value.map((it) => ({ claim: it.role, role: it.internal_role })),
      key
    )
    draft.line(key, "exact", "in order; it selects permissions and makes nobody an admin", {
      setting: "policy.roleMappings",
      deviations: ["D34"]
    })
  },
  object_id_jwt_field: path("object", ["D18"]),
  scope_mappings: (value, { draft }, key) => {
    if (value.length === 0) return draft.line(key, "ignored", "an empty list enforces nothing in the reference")
    draft.set(
      ["policy", "scopes"],
      value.map(({ models, scope }) => ({ scope, ...((models ?? null) === null ? {} : { models: models ?? [] }) })),
      key
    )
    const stars = value.some((it) => (it.models ?? []).some((model) => model.includes("*")))
    draft.line(key, stars ? "wider" : "exact", stars ? "model names are patterns" : "models by scope", {
      setting: "policy.scopes",
      deviations: stars ? ["D49"] : []
    })
    if (value.some((it) => (it.routes ?? []).length > 0)) {
      draft.line(`${key}[].routes`, "ignored", "the reference reads and ignores them", {
        deviations: ["D20"],
        recommendation: "write `routes` in policy.scopes to have them enforced"
      })
    }
  },
  enforce_scope_based_access: (value, { draft, jwt }, key) => {
    if (!value) return draft.line(key, "exact", "scopes decide nothing")
    if ((jwt.scope_mappings ?? []).length === 0) {
      return draft.line(key, "ignored", "without scope_mappings the reference enforces nothing")
    }
    draft.set(["policy", "requireScope"], true, key)
    draft.line(key, "exact", "scopes decide on models", { setting: "policy.requireScope" })
  },
  enforce_team_based_model_access: (value, { draft, jwt }, key) => {
    if (!value) return draft.line(key, "exact", "no team is required")
    draft.set(["policy", "requireTeam"], true, key)
    draft.line(
      key,
      "exact",
      namesTeams(jwt) ? "a team must be named" : "a team must be named, and no claim names one: everybody is refused",
      { setting: "policy.requireTeam" }
    )
  },
  custom_validate: (_, { draft }, key) =>
    draft.line(key, "needs a decision", "a Python function cannot be run here: write it as a local ES module", {
      setting: "policy.custom"
    }),
  jwt_litellm_role_map: (value, { draft, jwt }, key) => {
    if (jwt.sync_user_role_and_teams !== true || !readsRoles(jwt) || value.length === 0) {
      return draft.line(key, "ignored", "only sync reads it, with roles_jwt_field")
    }
    draft.set(
      ["directory", "userRoles"],
      value.map((it) => ({ claim: it.jwt_role, role: it.litellm_role })),
      key
    )
    draft.line(key, "stricter", "a role that a token gave is taken back when no mapping matches any more", {
      setting: "directory.userRoles",
      deviations: ["D32"]
    })
  },
  sync_user_role_and_teams: (value, { draft }, key) => {
    if (!value) return draft.line(key, "exact", "no sync")
    draft.set(["directory", "memberships"], "replace", key)
    draft.line(
      key,
      "wider",
      "memberships are left alone when the claim is absent, and only a token's own are removed",
      {
        setting: "directory.memberships",
        deviations: ["D32"]
      }
    )
  },
  oidc_userinfo_endpoint: withUserInfo,
  oidc_userinfo_enabled: withUserInfo,
  oidc_userinfo_cache_ttl: withUserInfo,
  virtual_key_claim_field: decision("virtual keys are no credential here: a claim cannot be mapped to one"),
  jwt_client_id_field: decision("virtual keys are no credential here: a claim cannot be mapped to one"),
  virtual_key_mapping_cache_ttl: ignored("virtual keys are no credential here"),
  unregistered_jwt_client_behavior: (value, importing, key) => {
    const entry = importing.jwt.virtual_key_claim_field || importing.jwt.jwt_client_id_field
      ? decision("says what happens to a token without a virtual key")
      : ignored("no claim is mapped to a virtual key")
    entry(value, importing, key)
  },
  routing_overrides: (value, { draft }, key) =>
    value.length === 0
      ? draft.line(key, "ignored", "is empty")
      : draft.line(
        key,
        "needs a decision",
        "a token cannot be sent to another kind of check by what it says of itself",
        {
          deviations: ["D45"]
        }
      ),
  team_claim_fallback: (value, { draft }, key) => {
    if (!value) return draft.line(key, "exact", "an unknown team is refused")
    draft.set(["directory", "teams", "whenUnknown"], "next", key)
    draft.line(key, "exact", "an unknown team falls through to the membership and the default", {
      setting: "directory.teams.whenUnknown",
      deviations: ["D17", "D24"]
    })
  },
  fallback_to_db_teams: (value, { draft }, key) => {
    if (!value) return draft.line(key, "exact", "no team out of the directory but the only one")
    draft.set(["directory", "teams", "fromMemberships"], "first", key)
    draft.set(["policy", "teamHeader"], "memberships", key)
    draft.line(key, "exact", "a token without teams gets the first of the user's that fits; the header may name any", {
      setting: "directory.teams.fromMemberships, policy.teamHeader",
      deviations: ["D66"]
    })
  },
  agent_id_jwt_field: path("agent.id", ["D72"]),
  mcp_client_id_jwt_field: (_, { clients, draft }, key) =>
    clients
      ? draft.line(key, "exact", "names the client on MCP routes", {
        setting: "policy.mcpClients.claim",
        deviations: ["D71"]
      })
      : draft.line(key, "ignored", "without general_settings.mcp_allowed_clients every client may ask"),
  auto_register_map_existing_key: (value, { draft }, key) =>
    value
      ? draft.line(key, "needs a decision", "virtual keys are no credential here: a token cannot be mapped to one", {
        deviations: ["D45"]
      })
      : draft.line(key, "ignored", "is off"),
  id_jag_requesting_apps: ignored("says who may redeem a grant at the MCP gateway; no effect on bearer tokens"),
  issuers: () => {}
}

const run = <K extends Key>(key: K, importing: Importing): void => {
  const value = importing.jwt[key]
  const name = `litellm_jwtauth.${key}`
  if (value === undefined) return
  if (value === null) return importing.draft.line(name, "ignored", "null is the default")
  table[key](value, importing, name)
}

/** Writes the rules and adds a line for every key of `litellm_jwtauth` that is in the file, in the order of the table. */
export const importJwtAuth = (importing: Importing): void => {
  const { draft, jwt, release, strict } = importing
  for (const key of Object.keys(table)) if (isKey(key)) run(key, importing)
  if (!strict) {
    if (groupOrder[release] !== "claim" && namesTeams(jwt)) {
      draft.set(["policy", "groupOrder"], groupOrder[release], `the order of LiteLLM ${release}`)
    }
    if (jwt.team_allowed_routes === undefined) {
      draft.set(
        ["policy", "teamRoutes"],
        teamAllowedRoutes[release],
        "default of team_allowed_routes"
      )
      draft.line("litellm_jwtauth.team_allowed_routes", "stricter", "its default, now for every chosen team", {
        setting: "policy.teamRoutes",
        deviations: ["D15"],
        recommendation: "leave teamRoutes out: all LLM API routes"
      })
    }
    if (jwt.sync_user_role_and_teams !== true && namesTeams(jwt)) {
      draft.set(["directory", "memberships"], "join", "the reference joins a user to the team of the token")
      draft.line("every file", "exact but lax", "whoever arrives with a team joins it", {
        setting: "directory.memberships",
        deviations: ["D31"],
        recommendation: "memberships: none"
      })
    }
  }
}

const isKey = (key: string): key is Key => Object.hasOwn(table, key)
