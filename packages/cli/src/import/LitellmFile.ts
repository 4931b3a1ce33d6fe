/**
 * The file of the reference: what of it takes part in decisions, read as
 * strictly as the reference reads it at start-up.
 *
 * Where the reference refuses to start (an unknown key below `litellm_jwtauth`,
 * one of two settings that belong together, an issuer without a word on its
 * audience), so does the import. `os.environ/NAME` is resolved first.
 */
import { findings } from "@jotgate/core/SchemaFindings"
import { type LitellmRelease, UserRole } from "@jotgate/core/Settings"
import { Option, Result, Schema, SchemaGetter } from "effect"
import { isLater, laterThan, type Section } from "./Releases.ts"

/** A boolean in any spelling that the reference takes. */
const Flag = Schema.Union([
  Schema.Boolean,
  Schema.Literals([0, 1]),
  Schema.String.check(Schema.isPattern(/^(?:true|false|yes|no|on|off|t|f|y|n|1|0)$/i, { message: "must be a boolean" }))
]).annotate({ expected: "a boolean" }).pipe(
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((it) => typeof it === "string" ? /^(?:true|yes|on|t|y|1)$/i.test(it) : Boolean(it)),
    encode: SchemaGetter.passthrough()
  })
)

/** A number of seconds, in text or not. */
const Seconds = Schema.Union([
  Schema.Finite,
  Schema.String.check(Schema.isPattern(/^\d+(?:\.\d+)?$/, { message: "must be a number of seconds" }))
]).annotate({ expected: "a number of seconds" }).pipe(
  Schema.decodeTo(Schema.Number, {
    decode: SchemaGetter.transform(Number),
    encode: SchemaGetter.passthrough()
  })
)

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const text = optional(Schema.String)
const texts = optional(Schema.Array(Schema.String))
const flag = optional(Flag)

const RbacRole = Schema.Literals(["proxy_admin", "team", "internal_user"])
const UnregisteredClient = Schema.Literals(["fallback_team_mapping", "reject", "auto_register", "link_only"])

const IssuerEntry = Schema.Struct({
  issuer: Schema.String,
  audience: optional(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  disable_audience_validation: flag,
  jwks_url: text,
  user_id_jwt_field: text,
  user_email_jwt_field: text,
  team_id_jwt_field: text,
  team_ids_jwt_field: text,
  org_id_jwt_field: text,
  end_user_id_jwt_field: text,
  virtual_key_claim_field: text,
  unregistered_jwt_client_behavior: optional(UnregisteredClient)
}).check(Schema.makeFilter((it) =>
  (it.disable_audience_validation === true) !== ((it.audience ?? null) !== null) ||
  "exactly one of audience and disable_audience_validation must be set"
))
export type IssuerEntry = typeof IssuerEntry.Type

/** The object `litellm_jwtauth`, field by field. */
export const JwtAuth = Schema.Struct({
  admin_jwt_scope: Schema.optionalKey(Schema.String),
  admin_allowed_routes: Schema.optionalKey(Schema.Array(Schema.String)),
  team_id_jwt_field: text,
  team_id_upsert: flag,
  team_ids_jwt_field: text,
  team_id_default: text,
  team_alias_jwt_field: text,
  team_allowed_routes: Schema.optionalKey(Schema.Array(Schema.String)),
  upsert_sso_user_to_team: flag,
  org_id_jwt_field: text,
  org_alias_jwt_field: text,
  user_id_jwt_field: text,
  user_email_jwt_field: text,
  user_allowed_email_domain: text,
  user_roles_jwt_field: text,
  user_allowed_roles: texts,
  user_id_upsert: flag,
  end_user_id_jwt_field: text,
  public_key_ttl: optional(Seconds),
  public_allowed_routes: texts,
  enforce_rbac: flag,
  roles_jwt_field: text,
  role_mappings: optional(Schema.Array(Schema.Struct({ role: Schema.String, internal_role: RbacRole }))),
  object_id_jwt_field: text,
  scope_mappings: optional(Schema.Array(Schema.Struct({ scope: Schema.String, models: texts, routes: texts }))),
  enforce_scope_based_access: flag,
  enforce_team_based_model_access: flag,
  custom_validate: text,
  jwt_litellm_role_map: optional(
    Schema.Array(Schema.Struct({ jwt_role: Schema.String, litellm_role: UserRole }))
  ),
  sync_user_role_and_teams: flag,
  oidc_userinfo_endpoint: text,
  oidc_userinfo_enabled: flag,
  oidc_userinfo_cache_ttl: optional(Seconds),
  virtual_key_claim_field: text,
  jwt_client_id_field: text,
  virtual_key_mapping_cache_ttl: optional(Seconds),
  unregistered_jwt_client_behavior: optional(UnregisteredClient),
  auto_register_map_existing_key: flag,
  routing_overrides: optional(Schema.Array(Schema.Struct({
    iss: Schema.optionalKey(Schema.Unknown),
    client_id: Schema.optionalKey(Schema.Unknown),
    scope: Schema.optionalKey(Schema.Unknown),
    aud: Schema.optionalKey(Schema.Unknown),
    path: Schema.optionalKey(Schema.Unknown)
  }))),
  team_claim_fallback: flag,
  fallback_to_db_teams: flag,
  agent_id_jwt_field: text,
  mcp_client_id_jwt_field: text,
  public_key_stale_ttl: optional(Seconds),
  id_jag_requesting_apps: optional(Schema.Array(Schema.Unknown)),
  issuers: optional(Schema.Array(IssuerEntry))
}).check(Schema.makeFilter((it) => {
  const set = (value: unknown): boolean => value !== undefined && value !== null
  return [
    ...(set(it.user_roles_jwt_field) === set(it.user_allowed_roles)
      ? []
      : ["user_roles_jwt_field and user_allowed_roles must be set together"]),
    ...(set(it.object_id_jwt_field) && !set(it.role_mappings) ? ["object_id_jwt_field needs role_mappings"] : []),
    ...(set(it.scope_mappings) && it.enforce_scope_based_access !== true
      ? ["scope_mappings needs enforce_scope_based_access: true"]
      : [])
  ]
}))
export type JwtAuth = typeof JwtAuth.Type

const RolePermissions = Schema.Array(Schema.Struct({ role: RbacRole, models: texts, routes: texts }))
export type RolePermissions = typeof RolePermissions.Type

const Deployments = Schema.Array(Schema.Struct({
  model_name: Schema.String,
  litellm_params: Schema.optionalKey(Schema.NullOr(Schema.Struct({ model: optional(Schema.String) }))),
  model_info: Schema.optionalKey(Schema.NullOr(Schema.Struct({ access_groups: texts })))
}))
export type Deployments = typeof Deployments.Type

const PassThroughEndpoints = Schema.Array(Schema.Struct({
  path: Schema.String,
  auth: Schema.optionalKey(Schema.Unknown),
  include_subpath: flag,
  methods: texts
}))

const GroupAliases = Schema.Record(
  Schema.String,
  Schema.Union([Schema.String, Schema.Struct({ model: Schema.String })])
)

const UserDefaults = Schema.Struct({
  user_role: optional(UserRole),
  models: texts,
  max_budget: optional(Schema.Finite),
  user_email: text
})

/** Clients of MCP routes; a list that cannot be read admits nobody. */
const McpClients = Schema.Array(Schema.Struct({ alias: Schema.String, value: Schema.String }))

/** An MCP server as the file has it: LiteLLM reads each key for itself. */
const McpEntry = Schema.Record(Schema.String, Schema.Unknown)
export type McpEntry = typeof McpEntry.Type

/** LiteLLM puts the name, and this, in front of the names of its tools. */
const separator = "-"

const McpServers = Schema.Record(Schema.String, McpEntry).check(
  Schema.makeFilter((it) =>
    Object.keys(it).flatMap((name) => [
      ...(name.includes(separator) ? [{ path: [name], issue: `the name cannot contain ${separator}` }] : []),
      ...(blankId(it[name]?.["server_id"])
        ? [{ path: [name, "server_id"], issue: "must be a text that is not empty" }]
        : [])
    ])
  )
)

const blankId = (id: unknown): boolean =>
  id !== undefined && id !== null && (typeof id !== "string" || id.trim() === "")

/** The parts of the file that decide, decoded; the rest as it stood there, for the report. */
export interface LitellmFile {
  readonly jwt: JwtAuth
  readonly rolePermissions: RolePermissions
  readonly passThrough: typeof PassThroughEndpoints.Type
  readonly deployments: Deployments
  readonly groupAliases: typeof GroupAliases.Type
  readonly modelAliases: Readonly<Record<string, string>>
  readonly userDefaults: typeof UserDefaults.Type
  /** `undefined`: every client may ask. */
  readonly mcpClients: typeof McpClients.Type | undefined
  readonly mcpServers: typeof McpServers.Type
  /** Names of servers by their further names. */
  readonly mcpAliases: Readonly<Record<string, string>>
  readonly release: LitellmRelease
  readonly general: Readonly<Record<string, unknown>>
  readonly router: Readonly<Record<string, unknown>>
  readonly litellm: Readonly<Record<string, unknown>>
  /** Names of the other sections. */
  readonly others: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** `os.environ/NAME` references whose variable is not set. */
  readonly unset: ReadonlyArray<string>
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const section = (value: unknown): Readonly<Record<string, unknown>> => isObject(value) ? value : {}

/** Replaces `os.environ/NAME` everywhere; a variable that is not set becomes null and is noted. */
const resolve = (value: unknown, env: LitellmFile["env"], unset: Set<string>): unknown => {
  if (typeof value === "string" && value.startsWith("os.environ/")) {
    const name = value.slice("os.environ/".length)
    if (env[name] === undefined) unset.add(name)
    return env[name] ?? null
  }
  if (Array.isArray(value)) return value.map((it) => resolve(it, env, unset))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, resolve(it, env, unset)]))
}

type Reader<A> = (value: unknown) => Result.Result<A, ReadonlyArray<string>>

const reader = <A, I>(schema: Schema.Codec<A, I>, place: string, onExcessProperty: "error" | "ignore"): Reader<A> => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty })
  return (value) =>
    Result.mapError(
      decode(value),
      (error) => findings(error.issue).map((it) => `${[place, ...it.path].join(".")}: ${it.message}`)
    )
}

const readJwt = reader(JwtAuth, "general_settings.litellm_jwtauth", "error")
const readRoles = reader(RolePermissions, "general_settings.role_permissions", "error")
const readPassThrough = reader(PassThroughEndpoints, "general_settings.pass_through_endpoints", "ignore")
const readDeployments = reader(Deployments, "model_list", "ignore")
const readGroupAliases = reader(GroupAliases, "router_settings.model_group_alias", "ignore")
const readModelAliases = reader(
  Schema.Record(Schema.String, Schema.String),
  "litellm_settings.model_alias_map",
  "ignore"
)
const readDefaults = reader(UserDefaults, "litellm_settings.default_internal_user_params", "ignore")

const readMcpServers = reader(McpServers, "mcp_servers", "error")
const readMcpAliases = reader(Schema.Record(Schema.String, Schema.String), "litellm_settings.mcp_aliases", "error")
const readClients = Schema.decodeUnknownOption(McpClients)

const sections = [
  "general_settings",
  "model_list",
  "router_settings",
  "litellm_settings",
  "mcp_servers",
  "environment_variables",
  "env"
]

/** What must stand below `general_settings`, by where people put it instead. */
const misplaced = (input: Readonly<Record<string, unknown>>): ReadonlyArray<string> => {
  const right = ["litellm_jwtauth", "enable_jwt_auth", "role_permissions", "pass_through_endpoints"]
  return [
    ...right.filter((key) => input[key] !== undefined).map((key) => `${key}: belongs below general_settings`),
    ...["litellm_settings", "router_settings"].flatMap((other) =>
      right.filter((key) => section(input[other])[key] !== undefined)
        .map((key) => `${other}.${key}: belongs below general_settings`)
    ),
    ...Object.keys(JwtAuth.fields).flatMap((key) =>
      ["", "general_settings", "litellm_settings"].flatMap((where) => {
        const of = where === "" ? input : section(input[where])
        return of[key] === undefined || outside.has(key)
          ? []
          : [`${where === "" ? "" : `${where}.`}${key}: belongs below general_settings.litellm_jwtauth`]
      })
    )
  ]
}

/** Keys of `litellm_jwtauth` that stand elsewhere too. */
const outside: ReadonlySet<string> = new Set(["enforce_rbac", "custom_validate"])

/** Keys that the chosen release does not have yet, where it would refuse an unknown one. */
const later = (jwt: unknown, release: LitellmRelease): ReadonlyArray<string> => {
  const place = "general_settings.litellm_jwtauth"
  const of = section(jwt)
  const issuers = Array.isArray(of["issuers"]) ? of["issuers"] : []
  const among = (keys: Readonly<Record<string, unknown>>, kind: Section, at: string) =>
    Object.keys(keys).filter((key) => isLater(kind, key, release))
      .map((key) => `${at}.${key}: ${laterThan(kind, key, release)}`)
  return [
    ...among(of, "jwt", place),
    ...issuers.flatMap((it, index) => among(section(it), "issuer", `${place}.issuers.${index}`)),
    ...(of["unregistered_jwt_client_behavior"] === "link_only" && isLater("jwt", "fallback_to_db_teams", release)
      ? [`${place}.unregistered_jwt_client_behavior: link_only is of a later LiteLLM than ${release} (--release)`]
      : [])
  ]
}

/**
 * Reads a parsed file. `env` are the variables that the reference would see; the
 * file's own `environment_variables` come first. Fails with one line for each
 * reason why the reference would not start.
 */
export const read = (
  input: unknown,
  env: Readonly<Record<string, string | undefined>>,
  release: LitellmRelease
): Result.Result<LitellmFile, ReadonlyArray<string>> => {
  if (!isObject(input)) return Result.fail(["the file must be a map of sections, such as general_settings"])
  const own = Object.entries({ ...section(input["environment_variables"]), ...section(input["env"]) })
  const environment = {
    ...env,
    ...Object.fromEntries(
      own.flatMap(([name, value]) =>
        typeof value === "string" && !value.startsWith("os.environ/") ? [[name, value] as const] : []
      )
    )
  }
  const unset = new Set<string>()
  const decided = Object.fromEntries(sections.map((name) => [name, resolve(input[name], environment, new Set())]))
  // What is written of the database is the name of the variable, never what it holds.
  const { database_url: database } = section(input["general_settings"])
  const general: LitellmFile["general"] = {
    ...section(decided["general_settings"]),
    ...(typeof database === "string" ? { database_url: database } : {})
  }
  // Elsewhere a reference is the key of a provider, say: nothing that takes part in a decision.
  resolve(section(input["general_settings"])["litellm_jwtauth"], environment, unset)
  for (const entry of Object.values(section(input["mcp_servers"]))) {
    for (const key of ["url", "transport", "auth_type", "alias", "server_id"]) {
      resolve(section(entry)[key], environment, unset)
    }
  }
  const router = section(decided["router_settings"])
  const litellm = section(decided["litellm_settings"])
  const parts = {
    jwt: readJwt(general["litellm_jwtauth"] ?? {}),
    rolePermissions: readRoles(general["role_permissions"] ?? []),
    passThrough: readPassThrough(general["pass_through_endpoints"] ?? []),
    deployments: readDeployments(decided["model_list"] ?? []),
    groupAliases: readGroupAliases(router["model_group_alias"] ?? {}),
    modelAliases: readModelAliases(litellm["model_alias_map"] ?? {}),
    userDefaults: readDefaults(litellm["default_internal_user_params"] ?? {}),
    mcpServers: readMcpServers(decided["mcp_servers"] ?? {}),
    mcpAliases: readMcpAliases(litellm["mcp_aliases"] ?? {})
  }
  const outcomes: ReadonlyArray<Result.Result<unknown, ReadonlyArray<string>>> = Object.values(parts)
  const early = [...misplaced(input), ...later(general["litellm_jwtauth"], release)]
  if (early.length > 0) return Result.fail(early)
  const problems = outcomes.flatMap((part) => Result.isFailure(part) ? part.failure : [])
  if (problems.length > 0) return Result.fail(problems)
  return Result.map(Result.all(parts), (read) => ({
    ...read,
    mcpClients: general["mcp_allowed_clients"] === undefined || general["mcp_allowed_clients"] === null
      ? undefined
      : Option.getOrElse(readClients(general["mcp_allowed_clients"]), () => []),
    release,
    general,
    router,
    litellm,
    others: Object.keys(input).filter((name) => !sections.includes(name) && name !== "customValidate"),
    env: environment,
    unset: [...unset]
  }))
}
