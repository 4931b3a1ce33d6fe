/**
 * The schema of the rules of one deployment (CONFIG.md `policy`).
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { block, HeaderName, nonEmpty, strings, toolLists, withDefault } from "./Fields.ts"

/** The three roles that a token can have (RULES, role precedence). */
export const TokenRole = Schema.Literals(["proxy_admin", "team", "internal_user"])
export type TokenRole = typeof TokenRole.Type

const RolePermission = Schema.Struct({
  /** The role. */
  role: TokenRole,
  /** Patterns of models; left out: no restriction. */
  models: Schema.optionalKey(strings),
  /** Route entries; left out: no restriction. */
  routes: Schema.optionalKey(strings),
  /** Patterns of tools of MCP servers, `SERVER/NAME`, with `!` in front of what is taken away; empty: none. */
  tools: toolLists.tools,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: toolLists.prompts,
  /** Patterns of resources of MCP servers by URI, alike: `SERVER/URI`. */
  resources: toolLists.resources
})

const ScopeMapping = Schema.Struct({
  /** The scope. */
  scope: Schema.NonEmptyString,
  /** Patterns of models; left out: adds none. */
  models: Schema.optionalKey(strings),
  /** Route entries; left out: every route. */
  routes: Schema.optionalKey(strings),
  /** Patterns of tools of MCP servers, `SERVER/NAME`, with `!` in front of what is taken away; empty: none. */
  tools: toolLists.tools,
  /** Patterns of prompts of MCP servers, alike. */
  prompts: toolLists.prompts,
  /** Patterns of resources of MCP servers by URI, alike: `SERVER/URI`. */
  resources: toolLists.resources
})

const Method = Schema.String.check(Schema.isPattern(/^[A-Za-z]+$/, { message: "must be an HTTP method" })).pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((method) => method.toUpperCase()),
    encode: SchemaGetter.passthrough()
  })
)

const PassThroughRoute = Schema.Struct({
  /** A route entry. */
  path: Schema.String.check(Schema.isPattern(/^\//, { message: "must be a path that starts with /" })),
  /** Methods; left out: every one. */
  methods: Schema.optionalKey(Schema.Array(Method).check(Schema.isMinLength(1, nonEmpty)))
})

const EmailDomain = Schema.String.check(
  Schema.isPattern(/^[^@\s]+$/, { message: "must be a domain such as acme.com, without @" })
)

/** Which applications may ask on MCP routes (RULES D71): an empty list admits nobody. */
const McpClients = Schema.Struct({
  /** The path of the claim that names the client. */
  claim: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** The header that names it, where no claim is configured. */
  header: withDefault(Schema.NullOr(HeaderName), null),
  /** The clients that are let in; empty: none. */
  allowed: Schema.Array(Schema.Struct({
    /** A name for people. */
    alias: Schema.String,
    /** What names the client, byte for byte. */
    value: Schema.String
  }))
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

const serverFields = {
  /** Its name in patterns: `SERVER/NAME`. */
  server: Schema.String.check(
    Schema.isPattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, {
      message: "must be a name of letters, digits, '_', '-' and '.'"
    })
  ),
  /** The path prefix below which it is, here and at its upstream. */
  path: Schema.String.check(
    // No dot segments, no encoding: a path that every parser reads alike.
    Schema.isPattern(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+$/, {
      message: "must be a path such as /mcp/github, without a slash at its end"
    })
  ),
  /**
   * Other names that patterns have for it: ids of a LiteLLM's servers, `group:NAME` for its access groups.
   * @default []
   */
  aliases: withDefault(
    Schema.Array(
      Schema.String.check(
        Schema.isPattern(/^(?!!)[^/*\u0000-\u001f\u007f-\u009f]+$/u, {
          message: "must be a name without '/', '*' and a '!' in front"
        })
      )
    ),
    []
  ),
  /**
   * What may stand in front of the names of its tools and prompts, and is no part of them: `github-` of a LiteLLM.
   * @default []
   */
  prefixes: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /** Its identifier (RFC 8707): tokens must have it among their audiences. */
  resource: Schema.optionalKey(ResourceUrl),
  /**
   * Scopes that a token must hold, all of them, for whatever is asked there.
   * @default []
   */
  scopes: withDefault(Schema.Array(Scope), []),
  /**
   * Speaks HTTP+SSE of revision 2024-11-05 too.
   * @default false
   */
  legacy: withDefault(Schema.Boolean, false)
}
/** The schema of one MCP server, by a name of its own: editors show what each key means then, in whatever holds it. */
export interface McpServerSchema extends Schema.Struct<typeof serverFields> {}
/** One MCP server (CONFIG.md `policy.mcp`); where it is belongs to the gateway. */
export const McpServer: McpServerSchema = Schema.Struct(serverFields)
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

/** What the rules are where nothing is said. */
const standard = {
  roles: [],
  requireRole: false,
  roleMappings: [],
  allowedUserRoles: [],
  scopes: [],
  requireScope: false,
  adminRoutes: ["management_routes", "spend_tracking_routes", "global_spend_tracking_routes", "info_routes"],
  adminOnlyRoutes: [],
  teamRoutes: ["llm_api_routes", "info_routes"],
  userRoutes: ["llm_api_routes", "info_routes"],
  openRoutes: [],
  passThroughRoutes: [],
  requireTeamClaim: false,
  requireTeam: false,
  requirePrincipal: true,
  withoutTeam: "user",
  groupOrder: "claim",
  teamHeader: "token",
  mcpClients: null,
  mcp: [],
  agents: { unknown: "allow" },
  litellm: newestLitellm,
  teamHeaders: ["x-team-id", "x-litellm-team-id"],
  emailDomains: [],
  modelGroups: {},
  modelAliases: {},
  providers: {},
  custom: null
} as const

const policyFields = {
  /**
   * What a role may do; the first entry for a role wins.
   * @default []
   */
  roles: block(Schema.Array(RolePermission), standard.roles),
  /**
   * A role must match.
   * @default false
   */
  requireRole: withDefault(Schema.Boolean, standard.requireRole),
  /**
   * Roles of claims.roles that give a role here, in order.
   * @default []
   */
  roleMappings: block(
    Schema.Array(Schema.Struct({
      /** The value of the claim. */
      claim: Schema.NonEmptyString,
      /** The role that it gives. */
      role: TokenRole
    })),
    standard.roleMappings
  ),
  /**
   * One of these in claims.userRoles makes the token an internal_user.
   * @default []
   */
  allowedUserRoles: withDefault(strings, standard.allowedUserRoles),
  /**
   * What a scope allows.
   * @default []
   */
  scopes: block(Schema.Array(ScopeMapping), standard.scopes),
  /**
   * Scopes decide on models and routes.
   * @default false
   */
  requireScope: withDefault(Schema.Boolean, standard.requireScope),
  /**
   * What admins by scope may call.
   * @default ["management_routes","spend_tracking_routes","global_spend_tracking_routes","info_routes"]
   */
  adminRoutes: withDefault(strings, standard.adminRoutes),
  /**
   * What nobody but admins may call.
   * @default []
   */
  adminOnlyRoutes: withDefault(strings, standard.adminOnlyRoutes),
  /**
   * What callers with a team may call.
   * @default ["llm_api_routes","info_routes"]
   */
  teamRoutes: withDefault(strings, standard.teamRoutes),
  /**
   * What callers without a team may call.
   * @default ["llm_api_routes","info_routes"]
   */
  userRoutes: withDefault(strings, standard.userRoutes),
  /**
   * Where nobody is asked for a token.
   * @default []
   */
  openRoutes: withDefault(strings, standard.openRoutes),
  /**
   * Routes for teams that list them.
   * @default []
   */
  passThroughRoutes: block(Schema.Array(PassThroughRoute), standard.passThroughRoutes),
  /**
   * The token must name a single team or an alias.
   * @default false
   */
  requireTeamClaim: withDefault(Schema.Boolean, standard.requireTeamClaim),
  /**
   * A team must be named.
   * @default false
   */
  requireTeam: withDefault(Schema.Boolean, standard.requireTeam),
  /**
   * A user or a team must result.
   * @default true
   */
  requirePrincipal: withDefault(Schema.Boolean, standard.requirePrincipal),
  /**
   * What a caller without a team may call: `user`: what the own row lists, nothing without a row or with an empty
   * list; `none`; `all`: the upstream's whole list. Admins are not meant.
   * @default "user"
   */
  withoutTeam: withDefault(Schema.Literals(["none", "user", "all"]), standard.withoutTeam),
  /**
   * In which order groups are tried: that of the claim, or by id.
   * @default "claim"
   */
  groupOrder: withDefault(Schema.Literals(["claim", "id"]), standard.groupOrder),
  /**
   * Which teams the header may name: those of the token, or any membership of the user.
   * @default "token"
   */
  teamHeader: withDefault(Schema.Literals(["token", "memberships"]), standard.teamHeader),
  /**
   * Which applications may ask on MCP routes, admins included; null: every one.
   * @default null
   */
  mcpClients: block(Schema.NullOr(McpClients), standard.mcpClients),
  /** MCP servers behind the gate. */
  mcp: block(Schema.Array(McpServer).check(distinctServers), standard.mcp),
  /** Programs that act for people. */
  agents: block(
    Schema.Struct({
      /**
       * An agent without a row: the user alone is judged (`allow`), or 403 agent_unknown (`deny`).
       * @default "allow"
       */
      unknown: withDefault(Schema.Literals(["allow", "deny"]), standard.agents.unknown)
    }),
    standard.agents
  ),
  /**
   * The release of LiteLLM whose route groups and model routes are meant.
   * @default "1.110"
   */
  litellm: withDefault(Schema.Literals(LitellmReleases), standard.litellm),
  /**
   * Headers by which a caller asks for one of its teams.
   * @default ["x-team-id","x-litellm-team-id"]
   */
  teamHeaders: block(Schema.Array(HeaderName), standard.teamHeaders),
  /**
   * Accepted domains of e-mail addresses.
   * @default []
   */
  emailDomains: block(Schema.Array(EmailDomain), standard.emailDomains),
  /** Names for lists of models. */
  modelGroups: block(Schema.Record(Schema.String, /** Patterns of models. */ strings), standard.modelGroups),
  /** Other names of models. */
  modelAliases: block(
    Schema.Record(Schema.String, /** The model that is meant. */ Schema.String),
    standard.modelAliases
  ),
  /** Providers of bare model names. */
  providers: block(Schema.Record(Schema.String, /** The provider. */ Schema.String), standard.providers),
  /**
   * A local ES module that looks at the claims of every request.
   * @default null
   */
  custom: withDefault(Schema.NullOr(Schema.NonEmptyString), standard.custom)
}
/** The schema of the rules, by a name of its own: editors show what each key means then, in whatever holds it. */
export interface PolicySchema extends Schema.Struct<typeof policyFields> {}
/** The rules of one deployment (CONFIG.md `policy`). */
export const PolicySettings: PolicySchema = Schema.Struct(policyFields)
export type PolicySettings = typeof PolicySettings.Type
/** The rules where nothing is said. */
export const standardPolicy: PolicySettings = standard
