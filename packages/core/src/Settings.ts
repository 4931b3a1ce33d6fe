/**
 * The schema of issuers, policy and directory behaviour: everything a decision
 * depends on (CONFIG.md). The gateway's part lives in `server`.
 *
 * Decoded values are ready for use: durations are milliseconds, every optional
 * key has its default. An unknown key is an error of the decoder, never
 * ignored.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as LinearRegExp from "./rules/patterns/LinearRegExp.ts"
import { PatternText } from "./settings/PatternText.ts"
import { Duration, Size } from "./settings/Quantity.ts"
import { SecretReference } from "./settings/Secrets.ts"

export { Duration, SecretReference, Size }

const withDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))

const strings = Schema.Array(Schema.NonEmptyString)
const patterns = withDefault(strings, ["*"])
const nonEmpty = { message: "must name at least one" }

/** What a rule or a row says about MCP servers, each kind apart: left out nothing is said, empty: none. */
const toolLists = {
  tools: Schema.optionalKey(Schema.Array(PatternText)),
  prompts: Schema.optionalKey(Schema.Array(PatternText)),
  resources: Schema.optionalKey(Schema.Array(PatternText))
}

const oneOrMany = Schema.Union([Schema.NonEmptyString, strings]).pipe(
  Schema.decodeTo(Schema.Array(Schema.String), {
    decode: SchemaGetter.transform((it) => typeof it === "string" ? [it] : it),
    encode: SchemaGetter.transform((it): string | ReadonlyArray<string> => it.length === 1 ? it[0] ?? "" : it)
  })
)

/** A regular expression that runs in linear time; any other is refused with the reason (threat B17). */
export const LinearPattern = Schema.String.annotate({ expected: "a regular expression" }).check(
  Schema.makeFilter((source) =>
    Result.match(LinearRegExp.compile(source), {
      onSuccess: () => true,
      onFailure: (reason) => `cannot be used as a regular expression: ${reason}`
    })
  )
)

/** A header name; compared without case, so kept in lower case. */
export const HeaderName = Schema.String.annotate({ expected: "the name of a header" }).check(
  Schema.isPattern(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { message: "must be the name of a header" })
).pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((name) => name.toLowerCase()),
    encode: SchemaGetter.passthrough()
  })
)

/** How one claim is read: paths in order, and what is done with the text found there. */
const MappingObject = Schema.Struct({
  from: oneOrMany,
  mode: withDefault(Schema.Literals(["first", "union"]), "first"),
  split: Schema.optionalKey(Schema.NonEmptyString),
  match: Schema.optionalKey(LinearPattern),
  as: Schema.optionalKey(Schema.String),
  map: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  lower: withDefault(Schema.Boolean, false),
  keys: withDefault(Schema.Boolean, false),
  by: withDefault(Schema.Literals(["id", "alias", "either"]), "id"),
  orEmail: withDefault(Schema.Boolean, false)
}).check(Schema.makeFilter(({ as, match }) => {
  if (as === undefined) return true
  if (match === undefined) return { path: ["as"], issue: "needs match, whose groups it names" }
  const replacement = Result.flatMap(LinearRegExp.compile(match), (it) => LinearRegExp.replacement(as, it))
  return Result.isSuccess(replacement) || { path: ["as"], issue: replacement.failure }
}))
/** How one thing is read from the claims: where it is, and what becomes of it. */
export type ClaimMapping = typeof MappingObject.Type

/** A claim path, a list of paths (first that exists), or the object form. */
export const ClaimMapping = Schema.Union([Schema.NonEmptyString, strings, MappingObject])

/** How a mapping reads that only names its paths. */
const plainly = { mode: "first", lower: false, keys: false, by: "id", orEmail: false } as const

/** The object form of any spelling of a mapping; `undefined` when there is none or it is turned off. */
export const normalizeMapping = (
  mapping: string | ReadonlyArray<string> | ClaimMapping | null | undefined
): ClaimMapping | undefined =>
  mapping === undefined || mapping === null
    ? undefined
    : typeof mapping === "string"
    ? { from: [mapping], ...plainly }
    : "from" in mapping
    ? mapping
    : { from: mapping, ...plainly }

/** A mapping that is read only where the file says so. */
const unlessSaid = Schema.optionalKey(Schema.NullOr(ClaimMapping))
const unlessNull = (paths: typeof ClaimMapping.Encoded) => withDefault(Schema.NullOr(ClaimMapping), paths)

const AgentMapping = Schema.Struct({
  actor: withDefault(Schema.NullOr(Schema.NonEmptyString), "act"),
  client: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  id: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
})

/** What is read from the claims; what a block leaves out keeps its default, null turns it off. */
const ClaimMappings = Schema.Struct({
  user: unlessNull("sub"),
  email: unlessNull("email"),
  emailVerified: withDefault(Schema.NullOr(oneOrMany), "email_verified"),
  teams: unlessSaid,
  team: unlessSaid,
  teamAlias: unlessSaid,
  organization: unlessSaid,
  organizationAlias: unlessSaid,
  endUser: unlessSaid,
  object: unlessSaid,
  roles: unlessSaid,
  userRoles: unlessSaid,
  scopes: unlessNull(["scope", "scp"]),
  /** Who acts; nothing is read until it is set. */
  agent: Schema.optionalKey(Schema.NullOr(AgentMapping)),
  overage: withDefault(Schema.Literals(["deny", "ignore"]), "deny")
})
/** Where everything is read from that an identity has, for one issuer. */
export type ClaimMappings = typeof ClaimMappings.Type
/** The claims that are read by a mapping. */
export type MappedClaim = Exclude<keyof ClaimMappings, "agent" | "emailVerified" | "overage">

/** The asymmetric algorithms that can be allowed (RFC 7518, 8037, 9864). */
export const Algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519"
] as const
/** A signature algorithm that is supported (RFC 7518, RFC 8037). */
export type Algorithm = (typeof Algorithms)[number]

const Introspection = Schema.Struct({
  url: Schema.NonEmptyString,
  clientId: Schema.NonEmptyString,
  clientSecret: SecretReference,
  method: withDefault(
    Schema.Literals(["client_secret_basic", "client_secret_post", "private_key_jwt"]),
    "client_secret_basic"
  ),
  accept: withDefault(
    Schema.Struct({ clients: withDefault(strings, []), audiences: withDefault(strings, []) }),
    {}
  )
})
/** How opaque tokens are introspected (RFC 7662). */
export type Introspection = typeof Introspection.Type

const UserInfo = Schema.Struct({
  url: Schema.optionalKey(Schema.NonEmptyString),
  ttl: withDefault(Duration, "300s")
})

const Opaque = Schema.Struct({
  introspection: Schema.optionalKey(Introspection),
  userinfo: Schema.optionalKey(Schema.Union([Schema.Boolean, UserInfo])),
  prefix: withDefault(Schema.String, ""),
  rate: withDefault(Schema.Finite.check(Schema.isGreaterThan(0)), 10)
})
/** How tokens that are no JWT are verified. */
export type Opaque = typeof Opaque.Type

const JsonWebKeySet = Schema.Struct({ keys: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) })

/** A key set behind a bearer token, as of Kubernetes; the token is read anew at each fetch. */
const GuardedKeySet = Schema.Struct({ url: Schema.NonEmptyString, authorization: SecretReference })

const KeySourceReference = Schema.Union([Schema.NonEmptyString, JsonWebKeySet, GuardedKeySet])
/** Where the keys of an issuer are: a URL, with a secret where it asks for one, or a set in place. */
export type KeySourceReference = typeof KeySourceReference.Type

const between = (low: number, high: number, message: string) =>
  Schema.makeFilter<number>((it) => (it >= low && it <= high) || message)

const Expiry = Schema.Struct({
  required: withDefault(Schema.Boolean, true),
  maxLifetime: withDefault(Schema.Union([Schema.Literal("none"), Duration]), "24h"),
  skew: withDefault(Duration.check(between(0, 300_000, "must be from 0s to 300s")), "60s")
})

const ServiceAccounts = Schema.Union([
  Schema.Literals(["apart", "asUsers"]),
  Schema.Struct({
    as: Schema.Literals(["apart", "asUsers"]),
    match: Schema.Record(Schema.String, Schema.String)
  })
])

const RequiredValue = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])
const Required = Schema.Record(Schema.String, Schema.Union([RequiredValue, Schema.Array(RequiredValue)]))

/** One trusted issuer (CONFIG.md `issuers`). */
export const Issuer = Schema.Struct({
  id: Schema.NonEmptyString,
  issuer: Schema.NonEmptyString,
  tenants: withDefault(Schema.Union([Schema.Literal("any"), strings]), []),
  audience: oneOrMany.check(Schema.isMinLength(1, nonEmpty)),
  jwks: Schema.optionalKey(Schema.Union([
    ...KeySourceReference.members,
    Schema.Array(KeySourceReference).check(Schema.isMinLength(1, nonEmpty))
  ])),
  algorithms: withDefault(Schema.Array(Schema.Literals(Algorithms)).check(Schema.isMinLength(1, nonEmpty)), Algorithms),
  types: withDefault(strings, ["JWT", "at+jwt", "application/at+jwt"]),
  tokens: withDefault(Schema.Literals(["any", "access"]), "any"),
  expiry: withDefault(Expiry, {}),
  confirmation: withDefault(Schema.Literals(["refuse", "ignore"]), "refuse"),
  serviceAccounts: withDefault(ServiceAccounts, "apart"),
  require: withDefault(Required, {}),
  adminScope: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  grants: withDefault(
    Schema.Struct({ teams: patterns, roles: patterns, models: patterns, routes: patterns, ...toolLists }),
    {}
  ),
  identities: withDefault(
    Schema.Struct({
      namespace: withDefault(Schema.String, ""),
      linkByEmail: withDefault(Schema.Literals(["verified", "always", "never"]), "verified")
    }),
    {}
  ),
  enrich: withDefault(Schema.NullOr(Schema.Literal("userinfo")), null),
  unreadable: withDefault(Schema.Literals(["deny", "ignore"]), "deny"),
  claims: withDefault(ClaimMappings, {}),
  opaque: Schema.optionalKey(Opaque),
  keys: withDefault(
    Schema.Struct({
      life: withDefault(Duration.check(between(30_000, 31_536_000_000, "must be at least 30s")), "5m"),
      stale: withDefault(Duration.check(between(0, 604_800_000, "must be from 0s to 7d")), "24h"),
      save: withDefault(Schema.Boolean, true),
      hosts: withDefault(strings, [])
    }),
    {}
  ),
  tls: Schema.optionalKey(Schema.Struct({ ca: SecretReference })),
  allowInsecure: withDefault(Schema.Boolean, false)
})
export type Issuer = typeof Issuer.Type

/** The three roles that a token can have (RULES, role precedence). */
export const TokenRole = Schema.Literals(["proxy_admin", "team", "internal_user"])
export type TokenRole = typeof TokenRole.Type

const RolePermission = Schema.Struct({
  role: TokenRole,
  models: Schema.optionalKey(strings),
  routes: Schema.optionalKey(strings),
  ...toolLists
})

const ScopeMapping = Schema.Struct({
  scope: Schema.NonEmptyString,
  models: Schema.optionalKey(strings),
  routes: Schema.optionalKey(strings),
  ...toolLists
})

const Method = Schema.String.check(Schema.isPattern(/^[A-Za-z]+$/, { message: "must be an HTTP method" })).pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((method) => method.toUpperCase()),
    encode: SchemaGetter.passthrough()
  })
)

const PassThroughRoute = Schema.Struct({
  path: Schema.String.check(Schema.isPattern(/^\//, { message: "must be a path that starts with /" })),
  methods: Schema.optionalKey(Schema.Array(Method).check(Schema.isMinLength(1, nonEmpty)))
})

const EmailDomain = Schema.String.check(
  Schema.isPattern(/^[^@\s]+$/, { message: "must be a domain such as acme.com, without @" })
)

/** Which applications may ask on MCP routes (RULES D71): an empty list admits nobody. */
const McpClients = Schema.Struct({
  claim: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  header: withDefault(Schema.NullOr(HeaderName), null),
  allowed: Schema.Array(Schema.Struct({ alias: Schema.String, value: Schema.String }))
})

/** A scope as a challenge can name it (RFC 6749 §3.3). */
const Scope = Schema.String.check(
  Schema.isPattern(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { message: "must be a scope: printable, without spaces" })
)

/** The identifier of a protected resource (RFC 8707 §2, RFC 9728 §1.2): an absolute URL without fragment. */
const ResourceUrl = Schema.String.annotate({ expected: "a URL" }).check(
  Schema.makeFilter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    return (url !== undefined && /^https?:$/.test(url.protocol) && !text.includes("#") && url.username === "" &&
      url.password === "") || "must be a URL that starts with https:// or http://, without a fragment"
  })
)

/** One MCP server (CONFIG.md `policy.mcp`); where it is belongs to the gateway. */
export const McpServer = Schema.Struct({
  /** What patterns call it. */
  server: Schema.String.check(
    Schema.isPattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, {
      message: "must be a name of letters, digits, '_', '-' and '.'"
    })
  ),
  /** The prefix below which Streamable HTTP is spoken. */
  path: Schema.String.check(
    // No dot segments, no encoding: a path that every parser reads alike.
    Schema.isPattern(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+$/, {
      message: "must be a path such as /mcp/github, without a slash at its end"
    })
  ),
  /** What patterns call it too: a LiteLLM's rows have the ids of its servers, and `group:NAME` for their access groups. */
  aliases: withDefault(
    Schema.Array(
      Schema.String.check(
        Schema.isPattern(/^(?!!)[^/*\p{Cc}]+$/u, { message: "must be a name without '/', '*' and a '!' in front" })
      )
    ),
    []
  ),
  /** What may stand in front of the names of its tools and prompts, and is no part of them: LiteLLM's `github-`. */
  prefixes: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /** The identifier that tokens must have among their audiences (RFC 8707). */
  resource: Schema.optionalKey(ResourceUrl),
  /** Scopes that every request to it must hold. */
  scopes: withDefault(Schema.Array(Scope), []),
  /** Whether HTTP+SSE of revision 2024-11-05 is spoken too. */
  legacy: withDefault(Schema.Boolean, false)
})
export type McpServer = typeof McpServer.Type

/** Names, paths and resources of servers are each one server's. */
export const distinctServers = Schema.makeFilter(
  (servers: ReadonlyArray<Pick<McpServer, "server" | "path" | "resource">>) => {
    for (const key of ["server", "path", "resource"] as const) {
      const first = new Set<string>()
      for (const [index, it] of servers.entries()) {
        const value = it[key]
        if (value !== undefined && first.has(value)) return { path: [index, key], issue: "is another server's too" }
        if (value !== undefined) first.add(value)
      }
    }
    return true
  }
)

/** The releases of LiteLLM whose route groups and model routes are known, oldest first. */
export const LitellmReleases = ["1.90", "1.108", "1.110"] as const
/** A release of LiteLLM whose routes and rules are known. */
export type LitellmRelease = (typeof LitellmReleases)[number]

/** The release that is meant where none is named. */
export const newestLitellm: LitellmRelease = "1.110"

/** The rules of one deployment (CONFIG.md `policy`). */
export const PolicySettings = Schema.Struct({
  roles: withDefault(Schema.Array(RolePermission), []),
  requireRole: withDefault(Schema.Boolean, false),
  roleMappings: withDefault(Schema.Array(Schema.Struct({ claim: Schema.NonEmptyString, role: TokenRole })), []),
  allowedUserRoles: withDefault(strings, []),
  scopes: withDefault(Schema.Array(ScopeMapping), []),
  requireScope: withDefault(Schema.Boolean, false),
  adminRoutes: withDefault(strings, [
    "management_routes",
    "spend_tracking_routes",
    "global_spend_tracking_routes",
    "info_routes"
  ]),
  adminOnlyRoutes: withDefault(strings, []),
  teamRoutes: withDefault(strings, ["llm_api_routes", "info_routes"]),
  userRoutes: withDefault(strings, ["llm_api_routes", "info_routes"]),
  openRoutes: withDefault(strings, []),
  passThroughRoutes: withDefault(Schema.Array(PassThroughRoute), []),
  requireTeamClaim: withDefault(Schema.Boolean, false),
  requireTeam: withDefault(Schema.Boolean, false),
  requirePrincipal: withDefault(Schema.Boolean, true),
  withoutTeam: withDefault(Schema.Literals(["none", "user", "all"]), "user"),
  groupOrder: withDefault(Schema.Literals(["claim", "id"]), "claim"),
  teamHeader: withDefault(Schema.Literals(["token", "memberships"]), "token"),
  mcpClients: withDefault(Schema.NullOr(McpClients), null),
  mcp: withDefault(Schema.Array(McpServer).check(distinctServers), []),
  agents: withDefault(Schema.Struct({ unknown: withDefault(Schema.Literals(["allow", "deny"]), "allow") }), {}),
  litellm: withDefault(Schema.Literals(LitellmReleases), newestLitellm),
  teamHeaders: withDefault(Schema.Array(HeaderName), ["x-team-id", "x-litellm-team-id"]),
  emailDomains: withDefault(Schema.Array(EmailDomain), []),
  modelGroups: withDefault(Schema.Record(Schema.String, strings), {}),
  modelAliases: withDefault(Schema.Record(Schema.String, Schema.String), {}),
  providers: withDefault(Schema.Record(Schema.String, Schema.String), {}),
  custom: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
})
export type PolicySettings = typeof PolicySettings.Type

/** The roles that a row of a user can have; the same as the directory knows. */
export const UserRole = Schema.Literals([
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
  "customer"
])

const UserTemplate = Schema.Struct({
  role: Schema.optionalKey(Schema.NullOr(UserRole)),
  models: Schema.optionalKey(strings),
  maxBudget: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  email: Schema.optionalKey(Schema.NullOr(Schema.String))
})

const TeamTemplate = Schema.Struct({
  models: Schema.optionalKey(strings),
  modelGroups: Schema.optionalKey(strings),
  passThroughRoutes: Schema.optionalKey(strings),
  maxBudget: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})

/** Where people and teams are, and what a decision may create (CONFIG.md `directory`). */
export const DirectorySettings = Schema.Struct({
  url: withDefault(Schema.String, "sqlite:./jotgate.db"),
  write: Schema.optionalKey(Schema.Boolean),
  connection: withDefault(
    Schema.Struct({
      pool: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10),
      timeout: withDefault(Duration, "1s"),
      ca: withDefault(Schema.NullOr(SecretReference), null)
    }),
    {}
  ),
  file: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  users: withDefault(
    Schema.Struct({
      unknown: withDefault(Schema.Literals(["deny", "allow"]), "deny"),
      create: withDefault(Schema.Boolean, false),
      template: withDefault(UserTemplate, {})
    }),
    {}
  ),
  teams: withDefault(
    Schema.Struct({
      fromMemberships: withDefault(Schema.Literals(["none", "single", "first"]), "single"),
      whenUnknown: withDefault(Schema.Literals(["deny", "next"]), "deny"),
      create: withDefault(
        Schema.Union([Schema.Literals(["never", "always"]), Schema.Struct({ match: LinearPattern })]),
        "never"
      ),
      template: withDefault(TeamTemplate, { models: ["no-default-models"] }),
      default: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
    }),
    {}
  ),
  memberships: withDefault(Schema.Literals(["none", "join", "replace"]), "none"),
  userRoles: withDefault(Schema.Array(Schema.Struct({ claim: Schema.NonEmptyString, role: UserRole })), [])
})
export type DirectorySettings = typeof DirectorySettings.Type

/** Sizes and ages of the caches (CONFIG.md `cache`). */
export const CacheSettings = Schema.Struct({
  dir: withDefault(Schema.NullOr(Schema.String), "./jotgate-cache"),
  tokens: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10_000),
  rows: withDefault(Duration, "30s"),
  staleRows: withDefault(Duration, "60s"),
  redis: withDefault(Schema.NullOr(SecretReference), null)
})
export type CacheSettings = typeof CacheSettings.Type

/** Everything a decision depends on. */
export const Settings = Schema.Struct({
  issuers: withDefault(Schema.Array(Issuer), []),
  sharedIdentities: withDefault(Schema.Boolean, false),
  policy: withDefault(PolicySettings, {}),
  directory: withDefault(DirectorySettings, {}),
  cache: withDefault(CacheSettings, {})
})
export type Settings = typeof Settings.Type

/** The settings as a host or the configuration file writes them: durations are text, every optional key may be left out. */
export type Input = typeof Settings.Encoded

/** What the pipeline is built from: issuers, directory, policy, cache. */
export declare namespace Settings {
  /** The settings as a host writes them. */
  export type Input = typeof Settings.Encoded
}
