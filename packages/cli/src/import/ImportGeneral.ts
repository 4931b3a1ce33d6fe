/**
 * What the file says outside `litellm_jwtauth`: `general_settings`, models and
 * their names, defaults of new people; and what holds for every imported file.
 */
import { compile, isLiteral } from "@jotgate/core/Pattern"
import type { Draft, Value } from "./Draft.ts"
import { knownModels } from "./KnownModels.ts"
import type { LitellmFile } from "./LitellmFile.ts"
import { isLater, laterThan } from "./Releases.ts"

/** The headers that may carry a credential (`gateway.credentials`). */
const credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key"]

const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((it): it is string => typeof it === "string" && it !== "") : []

type Entry = (value: unknown, draft: Draft, file: LitellmFile, key: string) => void

const ignored = (reason: string, deviations: ReadonlyArray<string> = []): Entry => (_, draft, _file, key) =>
  draft.line(key, "ignored", reason, { deviations })

const upstream = ignored("belongs to the upstream", ["D47"])

const routeList = (setting: "openRoutes" | "adminOnlyRoutes"): Entry => (value, draft, _, key) => {
  const routes = texts(value)
  if (routes.length === 0) return draft.line(key, "ignored", "names no route")
  draft.set(["policy", setting], routes, key)
  draft.line(key, "exact", setting === "openRoutes" ? "nobody is asked for a token there" : "nobody but admins", {
    setting: `policy.${setting}`,
    deviations: ["D46"]
  })
}

const otherCheck = (what: string): Entry => (value, draft, _, key) =>
  value === true
    ? draft.line(key, "needs a decision", `${what}: there is no such way in here`, { deviations: ["D45"] })
    : draft.line(key, "ignored", "is off")

const table: Readonly<Record<string, Entry>> = {
  enable_jwt_auth: (value, draft, _, key) =>
    value === true
      ? draft.line(key, "exact", "tokens are what this program is for")
      : draft.line(
        key,
        "needs a decision",
        "tokens are not accepted by the file as it stands: only a literal true turns them on"
      ),
  litellm_jwtauth: () => {},
  enforce_rbac: (value, draft, _, key) => {
    draft.set(["policy", "requirePrincipal"], Boolean(value), key)
    draft.line(key, "exact", "a user or a team must result", {
      setting: "policy.requirePrincipal",
      deviations: ["D25"]
    })
  },
  role_permissions: (_, draft, file, key) => {
    if (file.jwt.enforce_rbac !== true) {
      return draft.line(key, "ignored", "the reference reads it only with litellm_jwtauth.enforce_rbac")
    }
    const entries = file.rolePermissions
    const later = entries.filter((it, index) => entries.findIndex((other) => other.role === it.role) !== index)
    for (const it of later) draft.line(`${key}: ${it.role}`, "ignored", "an entry before it is for the same role")
    const stars = entries.some((it) => (it.models ?? []).some((model) => model.includes("*")))
    const prefixes = entries.some((it) => (it.routes ?? []).some((route) => route.endsWith("*")))
    const deviations = [...(stars ? ["D49"] : []), ...(prefixes ? ["D35"] : [])]
    draft.line(
      key,
      deviations.length > 0 ? "wider" : "exact",
      deviations.length > 0
        ? "a * is a pattern here; the reference compares it literally"
        : "the first entry for a role wins",
      { setting: "policy.roles", deviations }
    )
  },
  enable_oauth2_auth: otherCheck("OAuth2 introspection of opaque tokens"),
  enable_oauth2_proxy_auth: otherCheck("identity headers that a proxy has set"),
  litellm_key_header_name: (value, draft, _, key) => {
    const name = typeof value === "string" ? value.toLowerCase() : ""
    if (!credentials.includes(name)) {
      return draft.line(key, "needs a decision", "this header cannot carry a credential here", {
        setting: "gateway.credentials",
        deviations: ["D44"]
      })
    }
    draft.set(["gateway", "credentials"], [name], key)
    draft.line(key, "exact", "the one header that carries the credential", {
      setting: "gateway.credentials",
      deviations: ["D44"]
    })
  },
  pass_through_endpoints: (_, draft, file, key) => {
    const gated = file.passThrough.filter((it) => it.auth === true)
    const routes = gated.flatMap(({ include_subpath, methods, path }): ReadonlyArray<Value> => {
      const only = (methods ?? []).length === 0 ? {} : { methods: methods ?? [] }
      const below = { path: `${path.replace(/\/$/, "")}/*`, ...only }
      return include_subpath === true ? [{ path, ...only }, below] : [{ path, ...only }]
    })
    if (routes.length > 0) draft.set(["policy", "passThroughRoutes"], routes, key)
    file.passThrough.forEach((it, index) => {
      if (it.auth === true) {
        const limited = (it.methods ?? []).length > 0
        const why = "needs a team that lists it, whatever the team's source"
        draft.line(
          `${key}[${index}]`,
          "stricter",
          limited ? `${why}; on other methods than its own the route is in no group` : why,
          { setting: "policy.passThroughRoutes", deviations: limited ? ["D39", "D59"] : ["D39"] }
        )
      } else {
        draft.line(
          `${key}[${index}]`,
          "stricter",
          "has no checks of its own in the reference; here it is a route like any",
          {
            deviations: ["D40"]
          }
        )
      }
    })
  },
  public_routes: routeList("openRoutes"),
  admin_only_routes: routeList("adminOnlyRoutes"),
  allow_requests_on_db_unavailable: (value, draft, _, key) =>
    value === true
      ? draft.line(key, "refused", "lets a token in that nobody has verified when the identity provider is down", {
        deviations: ["D43"],
        recommendation: "remove it: cache.staleRows and keys.stale carry over an outage"
      })
      : draft.line(key, "ignored", "is off"),
  mcp_allowed_clients: (_, draft, { jwt, general, mcpClients = [] }, key) => {
    const header = general["mcp_client_id_header"]
    const claim = jwt.mcp_client_id_jwt_field ?? null
    draft.set(["policy", "mcpClients"], {
      claim: claim === "" ? null : claim,
      header: typeof header === "string" && header !== "" ? header.toLowerCase() : null,
      allowed: mcpClients.map(({ alias, value }) => ({ alias, value }))
    }, key)
    draft.line(
      key,
      "exact",
      mcpClients.length > 0
        ? "who else asks on an MCP route is denied, admins too"
        : "names no client that can be read: everybody is denied on MCP routes",
      { setting: "policy.mcpClients", deviations: ["D71"] }
    )
  },
  mcp_client_id_header: (_, draft, { general, jwt }, key) =>
    general["mcp_allowed_clients"] === undefined || general["mcp_allowed_clients"] === null
      ? draft.line(key, "ignored", "without mcp_allowed_clients every client may ask")
      : draft.line(key, "exact", "names the client where no claim does", {
        setting: "policy.mcpClients.header",
        deviations: ["D71"],
        ...(jwt.mcp_client_id_jwt_field
          ? {}
          : { recommendation: "mcp_client_id_jwt_field: a caller can write any header" })
      }),
  agent_access_default_deny: upstream,
  vector_store_deny_by_default: upstream,
  search_tool_deny_by_default: upstream,
  request_tag_mappings: upstream,
  apply_user_budget_to_team_keys: (value, draft, _, key) =>
    value === true
      ? draft.line(key, "wider", "a user's budget counts without a team only", {
        deviations: ["D23"],
        recommendation: "leave the budgets of people in teams to the upstream, or write them on the memberships"
      })
      : draft.line(key, "ignored", "is off"),
  master_key: ignored("is a virtual key, which is no credential here", ["D45"]),
  database_url: (value, draft, { jwt }, key) => {
    const name = /^os\.environ\/(\w+)$/.exec(String(value))?.[1] ?? "DATABASE_URL"
    const makes = jwt.user_id_upsert === true || jwt.team_id_upsert === true || jwt.upsert_sso_user_to_team === true ||
      jwt.sync_user_role_and_teams === true
    draft.set(["directory", "url"], `litellm+\${${name}}`, key)
    if (makes) draft.set(["directory", "write"], true, "people and teams are made there, as LiteLLM makes them")
    draft.line(key, "exact", `people and teams are read where they are; ${name} holds the address`, {
      setting: "directory.url",
      recommendation: makes
        ? "directory.write: false to try it out: then nobody is made, linked or joined"
        : "nothing is written there"
    })
  },
  user_api_key_cache_ttl: ignored("cache.rows says how long rows are remembered")
}

const importGeneralSettings = (draft: Draft, file: LitellmFile): void => {
  const { general } = file
  for (const key of Object.keys(table)) {
    const value = general[key]
    if (value === undefined) continue
    const name = `general_settings.${key}`
    if (isLater("general", key, file.release)) {
      draft.line(name, "ignored", laterThan("general", key, file.release))
    } else if (value === null) draft.line(name, "ignored", "null is the default")
    else table[key]?.(value, draft, file, name)
  }
  for (const [key, value] of Object.entries(general)) {
    if (!Object.hasOwn(table, key)) upstream(value, draft, file, `general_settings.${key}`)
  }
  if (general["enable_jwt_auth"] === undefined) {
    table["enable_jwt_auth"]?.(false, draft, file, "general_settings.enable_jwt_auth")
  }
}

/** The provider that stands before the model of a deployment, with the bare name. */
const deployed = (model: string): readonly [name: string, provider: string] | undefined => {
  const slash = model.indexOf("/")
  const name = model.slice(slash + 1)
  return slash <= 0 || name.includes("*") || name.includes("/") ? undefined : [name, model.slice(0, slash)]
}

/** Access groups that take in, through a wildcard deployment, a model that has a deployment of its own outside them. */
const overreaching = ({ deployments }: LitellmFile): ReadonlyArray<string> => {
  const groupsOf = (it: LitellmFile["deployments"][number]) => it.model_info?.access_groups ?? []
  const wild = deployments.filter((it) => !isLiteral(it.model_name))
  return [
    ...new Set(wild.flatMap((it) => {
      const covers = compile(it.model_name)
      const others = deployments.filter((other) => other.model_name !== it.model_name && covers(other.model_name))
      return groupsOf(it).filter((group) => others.some((other) => !groupsOf(other).includes(group)))
    }))
  ]
}

const importModels = (draft: Draft, file: LitellmFile): void => {
  const groups = new Map<string, Array<string>>()
  const providers = new Map<string, string>()
  for (const { litellm_params, model_info, model_name } of file.deployments) {
    for (const group of model_info?.access_groups ?? []) {
      const models = groups.get(group) ?? []
      if (!models.includes(model_name)) models.push(model_name)
      groups.set(group, models)
    }
    const found = deployed(litellm_params?.model ?? "")
    if (found !== undefined && !knownModels.has(found[0])) providers.set(...found)
  }
  const aliases = {
    ...Object.fromEntries(
      Object.entries(file.groupAliases).map(([alias, it]) => [alias, typeof it === "string" ? it : it.model])
    ),
    ...file.modelAliases
  }
  if (groups.size > 0) draft.set(["policy", "modelGroups"], Object.fromEntries(groups), "access_groups of model_list")
  const wide = overreaching(file)
  if (wide.length > 0) {
    draft.line(
      "model_list[].model_info.access_groups",
      "wider",
      `${wide.join(", ")}: a wildcard counts for every name that it covers; the reference looks at it only for names ` +
        "without a deployment of their own",
      { setting: "policy.modelGroups", recommendation: "name the models of these groups" }
    )
  }
  if (Object.keys(aliases).length > 0) {
    draft.set(["policy", "modelAliases"], aliases, "model_group_alias and model_alias_map")
  }
  draft.set(
    ["policy", "providers"],
    Object.fromEntries([...providers, ...knownModels]),
    "model_list, and the names that the reference knows"
  )
  if (file.deployments.length > 0) {
    draft.line(
      "model_list",
      "exact",
      "access groups, and the providers of bare names; the models themselves stay there",
      {
        setting: "policy.modelGroups, policy.providers",
        deviations: ["D21"]
      }
    )
  }
  if (file.router["model_group_alias"] !== undefined) {
    draft.line("router_settings.model_group_alias", "exact", "aliases", { setting: "policy.modelAliases" })
  }
  for (const key of Object.keys(file.router)) {
    if (key !== "model_group_alias") draft.line(`router_settings.${key}`, "ignored", "routing belongs to the upstream")
  }
}

const importLitellmSettings = (draft: Draft, file: LitellmFile): void => {
  for (const key of Object.keys(file.litellm)) {
    const name = `litellm_settings.${key}`
    if (key === "model_alias_map") {
      draft.line(name, "exact", "aliases", { setting: "policy.modelAliases" })
    } else if (key === "mcp_aliases") {
      // Told one by one with the servers that they lead to.
    } else if (key === "default_internal_user_params") {
      const { max_budget, models, user_email, user_role } = file.userDefaults
      const template: Record<string, Value> = {}
      if (typeof user_role === "string") template["role"] = user_role
      if (models !== undefined && models !== null) template["models"] = models
      if (typeof max_budget === "number") template["maxBudget"] = max_budget
      if (typeof user_email === "string") template["email"] = user_email
      if (file.jwt.user_id_upsert !== true) {
        draft.line(name, "ignored", "without user_id_upsert nobody is created")
      } else {
        draft.set(["directory", "users", "template"], template, name)
        draft.line(name, "exact", "the columns of people who are created", { setting: "directory.users.template" })
      }
    } else if (isLater("litellm", key, file.release)) {
      draft.line(name, "ignored", laterThan("litellm", key, file.release))
    } else if (key === "max_end_user_budget_id") {
      draft.line(name, "ignored", "takes no part in the decision on a token")
    } else {
      draft.line(name, "ignored", "belongs to the upstream", { deviations: ["D47"] })
    }
  }
}

/** What holds for every imported file, without any key of it. */
const importAlways = (draft: Draft, file: LitellmFile, strict: boolean): void => {
  if (!strict) {
    draft.set(["policy", "teamHeaders"], ["x-litellm-team-id"], "the header of the reference")
    if (file.general["enforce_rbac"] === undefined || file.general["enforce_rbac"] === null) {
      draft.set(["policy", "requirePrincipal"], false, "general_settings.enforce_rbac is not set")
    }
    draft.line(
      "every file",
      "exact but lax",
      "issuers share one namespace of users; an e-mail links without being verified",
      {
        setting: "sharedIdentities, issuers[].identities.linkByEmail",
        deviations: ["D5", "D6", "D57"],
        recommendation: "a namespace for each issuer, and linkByEmail: verified"
      }
    )
    draft.set(["policy", "withoutTeam"], "all", "an empty list of the reference allows every model")
    draft.line(
      "every file",
      "exact but lax",
      "a caller without a team and without models of their own reaches every model",
      {
        setting: "policy.withoutTeam",
        deviations: ["D60"],
        recommendation: "withoutTeam: user"
      }
    )
    draft.line("every file", "exact but lax", "tokens need not expire, and may live for any time", {
      setting: "issuers[].expiry",
      deviations: ["D3"],
      recommendation: "leave expiry out: required, at most 24h"
    })
    draft.line("every file", "exact but lax", "a claim that cannot be read counts as one that is not there", {
      setting: "issuers[].unreadable",
      deviations: ["D12"],
      recommendation: "unreadable: deny"
    })
    draft.line("every file", "exact but lax", "a service account is a user like any", {
      setting: "issuers[].serviceAccounts",
      deviations: ["D37"],
      recommendation: "serviceAccounts: apart"
    })
  }
  draft.line("every file", "wider", "clocks may differ by 60 s", {
    setting: "issuers[].expiry.skew",
    deviations: ["D3"]
  })
  draft.line("every file", "wider", "a text claim is one role or group; null and empty count as absent", {
    deviations: ["D10", "D11"]
  })
  draft.line("every file", "stricter", "odd tokens are refused, and a JWT is never tried as an opaque token", {
    deviations: ["D1", "D8", "D9", "D12", "D36", "D48"]
  })
  draft.line(
    "every file",
    "stricter",
    "`Authorization: Bearer` is the only credential, and no route is open by itself",
    {
      deviations: ["D44", "D46"]
    }
  )
  draft.line("every file", "stricter", "the model is judged wherever the upstream reads it, the path included", {
    deviations: ["D19", "D52"]
  })
  draft.line(
    "every file",
    "ignored",
    "rate limits, tag and global budgets, guardrails and tools stay with the upstream",
    {
      deviations: ["D41", "D47"]
    }
  )
}

/** Everything outside `litellm_jwtauth`. */
export const importGeneral = (draft: Draft, file: LitellmFile, strict: boolean): void => {
  importGeneralSettings(draft, file)
  importModels(draft, file)
  importLitellmSettings(draft, file)
  for (const name of file.others) draft.line(name, "ignored", "takes no part in the decision on a token")
  for (const name of file.unset) {
    draft.line(`os.environ/${name}`, "needs a decision", "the variable is not set: the key counts as left out")
  }
  importAlways(draft, file, strict)
}
