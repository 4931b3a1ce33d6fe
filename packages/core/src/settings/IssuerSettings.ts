/**
 * The schema of one trusted issuer: whose tokens are believed, and what is read from them (CONFIG.md `issuers`).
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as LinearRegExp from "../rules/patterns/LinearRegExp.ts"
import { block, LinearPattern, nonEmpty, oneOrMany, patterns, strings, toolLists, withDefault } from "./Fields.ts"
import { Duration } from "./Quantity.ts"
import { SecretReference } from "./Secrets.ts"

/** How one claim is read: paths in order, and what is done with the text found there. */
const MappingObject = Schema.Struct({
  /** Claim paths, in order. */
  from: oneOrMany,
  /** `first`: the first path that exists; union: the values of all. */
  mode: withDefault(Schema.Literals(["first", "union"]), "first"),
  /** Splits a text value at this text. */
  split: Schema.optionalKey(Schema.NonEmptyString),
  /** A regular expression in linear time; a value that does not match is left out. */
  match: Schema.optionalKey(LinearPattern),
  /** What becomes of a match: $1 is its first group. */
  as: Schema.optionalKey(Schema.String),
  /** Other names for values. */
  map: Schema.optionalKey(Schema.Record(Schema.String, /** The name that is meant. */ Schema.String)),
  /** Compares and keeps values in lower case. */
  lower: withDefault(Schema.Boolean, false),
  /** Reads the names of the members of an object too. */
  keys: withDefault(Schema.Boolean, false),
  /** For claims.teams: entries are ids of teams, aliases, or either (the id first). */
  by: withDefault(Schema.Literals(["id", "alias", "either"]), "id"),
  /** For claims.user: the e-mail stands in for a missing id, and gives no role. */
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
const unlessNull = (paths: typeof ClaimMapping.Type) => block(Schema.NullOr(ClaimMapping), paths)

const AgentMapping = Schema.Struct({
  /** The chain of actors (RFC 8693), four at most. */
  actor: withDefault(Schema.NullOr(Schema.NonEmptyString), "act"),
  /** The client, where there is no actor: it counts when it has a row. */
  client: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** The id or the name of a registered agent; an unknown one is 403 agent_unknown. */
  id: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
})

/** What is read from the claims; what a block leaves out keeps its default, null turns it off. */
const ClaimMappings = Schema.Struct({
  /**
   * The id of the person.
   * @default "sub"
   */
  user: unlessNull("sub"),
  /**
   * The e-mail address.
   * @default "email"
   */
  email: unlessNull("email"),
  /**
   * Flags that prove an address: email_verified speaks of email, NAME_verified of NAME, another of the claim at its
   * place.
   * @default "email_verified"
   */
  emailVerified: block(Schema.NullOr(oneOrMany), ["email_verified"]),
  /** The groups, each a team. */
  teams: unlessSaid,
  /** The id of the one team. */
  team: unlessSaid,
  /** The alias of the one team. */
  teamAlias: unlessSaid,
  /** The id of the organization. */
  organization: unlessSaid,
  /** The alias of the organization. */
  organizationAlias: unlessSaid,
  /** The id of the caller's customer. */
  endUser: unlessSaid,
  /** The id of the team or of the user, by role. */
  object: unlessSaid,
  /** Roles, read by policy.roleMappings and directory.userRoles. */
  roles: unlessSaid,
  /** Roles, read by policy.allowedUserRoles. */
  userRoles: unlessSaid,
  /**
   * Scopes.
   * @default ["scope","scp"]
   */
  scopes: unlessNull(["scope", "scp"]),
  /** Who acts; nothing is read until it is set. */
  agent: Schema.optionalKey(Schema.NullOr(AgentMapping)),
  /**
   * Entra's group overage: deny, or go on without groups.
   * @default "deny"
   */
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
  /** The introspection endpoint. */
  url: Schema.NonEmptyString,
  /** Who asks. */
  clientId: Schema.NonEmptyString,
  /** The secret of who asks. */
  clientSecret: SecretReference,
  /**
   * How who asks is authenticated.
   * @default "client_secret_basic"
   */
  method: withDefault(
    Schema.Literals(["client_secret_basic", "client_secret_post", "private_key_jwt"]),
    "client_secret_basic"
  ),
  /** For whom a token must have been issued. */
  accept: block(
    Schema.Struct({
      /**
       * Accepted `client_id`.
       * @default []
       */
      clients: withDefault(strings, []),
      /**
       * Accepted `aud`.
       * @default []
       */
      audiences: withDefault(strings, [])
    }),
    { clients: [], audiences: [] }
  )
})
/** How opaque tokens are introspected (RFC 7662). */
export type Introspection = typeof Introspection.Type

const UserInfo = Schema.Struct({
  /** The UserInfo endpoint. */
  url: Schema.optionalKey(Schema.NonEmptyString),
  /**
   * How long an answer is remembered.
   * @default "5m"
   */
  ttl: block(Duration, 300_000)
})

const Opaque = Schema.Struct({
  /** Asks the issuer about the token (RFC 7662). */
  introspection: Schema.optionalKey(Introspection),
  /** Asks the UserInfo endpoint; true: the one that discovery names. Accepts tokens of any client. */
  userinfo: Schema.optionalKey(Schema.Union([Schema.Boolean, UserInfo])),
  /**
   * Which opaque tokens are this issuer's.
   * @default ""
   */
  prefix: withDefault(Schema.String, ""),
  /**
   * Calls a second to the issuer.
   * @default 10
   */
  rate: withDefault(Schema.Finite.check(Schema.isGreaterThan(0)), 10)
})
/** How tokens that are no JWT are verified. */
export type Opaque = typeof Opaque.Type

const JsonWebKeySet = Schema.Struct({
  /** The keys of an inline key set (RFC 7517 §5). */
  keys: Schema.Array(Schema.Record(Schema.String, Schema.Unknown))
})

/** A key set behind a bearer token, as of Kubernetes; the token is read anew at each fetch. */
const GuardedKeySet = Schema.Struct({
  /** The URL of a key set that wants a bearer token. */
  url: Schema.NonEmptyString,
  /** The secret of that token, read anew at each fetch. */
  authorization: SecretReference
})

const KeySourceReference = Schema.Union([Schema.NonEmptyString, JsonWebKeySet, GuardedKeySet])
/** Where the keys of an issuer are: a URL, with a secret where it asks for one, or a set in place. */
export type KeySourceReference = typeof KeySourceReference.Type

const between = (low: number, high: number, message: string) =>
  Schema.makeFilter<number>((it) => (it >= low && it <= high) || message)

const Expiry = Schema.Struct({
  /**
   * `exp` must be there.
   * @default true
   */
  required: withDefault(Schema.Boolean, true),
  /**
   * The longest life of a token; none opts out.
   * @default "24h"
   */
  maxLifetime: block(Schema.Union([Schema.Literal("none"), Duration]), 86_400_000),
  /**
   * How much clocks may differ.
   * @default "60s"
   */
  skew: block(Duration.check(between(0, 300_000, "must be from 0s to 300s")), 60_000)
})

const ServiceAccounts = Schema.Union([
  Schema.Literals(["apart", "asUsers"]),
  Schema.Struct({
    /** What such a token is. */
    as: Schema.Literals(["apart", "asUsers"]),
    /** Which tokens these are: a pattern for the value at each claim path. */
    match: Schema.Record(Schema.String, /** A pattern over the claim. */ Schema.String)
  })
])

const RequiredValue = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])
const Required = Schema.Record(
  Schema.String,
  /** A value, or a list of values. */
  Schema.Union([RequiredValue, Schema.Array(RequiredValue)])
)

const issuerFields = {
  /** Its name here, in traces and metrics. */
  id: Schema.NonEmptyString,
  /** Compared with `iss` byte for byte; `any` takes what no other entry lists. */
  issuer: Schema.NonEmptyString,
  /**
   * With {tenant} in issuer: whose tokens are trusted, by `tid`, or any.
   * @default []
   */
  tenants: block(Schema.Union([Schema.Literal("any"), strings]), []),
  /** One of these must be in `aud`; `any` opts out. */
  audience: oneOrMany.check(Schema.isMinLength(1, nonEmpty)),
  /** Where its keys are, in order: key set URL, discovery URL, file:KEYS.json, file:CERT.pem or an inline key set. */
  jwks: Schema.optionalKey(Schema.Union([
    ...KeySourceReference.members,
    Schema.Array(KeySourceReference).check(Schema.isMinLength(1, nonEmpty))
  ])),
  /**
   * Signature algorithms that are accepted.
   * @default ["RS256","RS384","RS512","PS256","PS384","PS512","ES256","ES384","ES512","EdDSA","Ed25519"]
   */
  algorithms: block(Schema.Array(Schema.Literals(Algorithms)).check(Schema.isMinLength(1, nonEmpty)), Algorithms),
  /**
   * Accepted `typ` besides none.
   * @default ["JWT","at+jwt","application/at+jwt"]
   */
  types: withDefault(strings, ["JWT", "at+jwt", "application/at+jwt"]),
  /**
   * `access`: a token that shows itself as an ID token is refused.
   * @default "any"
   */
  tokens: withDefault(Schema.Literals(["any", "access"]), "any"),
  /** How long tokens live. */
  expiry: block(Expiry, { required: true, maxLifetime: 86_400_000, skew: 60_000 }),
  /**
   * Tokens that are bound to a key (`cnf`).
   * @default "refuse"
   */
  confirmation: withDefault(Schema.Literals(["refuse", "ignore"]), "refuse"),
  /**
   * Tokens whose `client_id` or `azp` is their `sub`: no directory user, or a user like any.
   * @default "apart"
   */
  serviceAccounts: block(ServiceAccounts, "apart"),
  /** Claims that must have one of these values, or 401. */
  require: block(Required, {}),
  /**
   * A scope that makes the token an admin's.
   * @default null
   */
  adminScope: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** The most that tokens of this issuer can get. */
  grants: block(
    Schema.Struct({
      /**
       * Patterns of teams.
       * @default ["*"]
       */
      teams: patterns,
      /**
       * Patterns of roles.
       * @default ["*"]
       */
      roles: patterns,
      /**
       * Patterns of models.
       * @default ["*"]
       */
      models: patterns,
      /**
       * Route entries.
       * @default ["*"]
       */
      routes: patterns,
      /** Patterns of tools of MCP servers, `SERVER/NAME`, with `!` in front of what is taken away; empty: none. */
      tools: toolLists.tools,
      /** Patterns of prompts of MCP servers, alike. */
      prompts: toolLists.prompts,
      /** Patterns of resources of MCP servers by URI, alike: `SERVER/URI`. */
      resources: toolLists.resources
    }),
    { teams: ["*"], roles: ["*"], models: ["*"], routes: ["*"] }
  ),
  /** How its subjects become people. */
  identities: block(
    Schema.Struct({
      /**
       * Keeps the subjects of issuers apart; at most one issuer may leave it out.
       * @default ""
       */
      namespace: withDefault(Schema.String, ""),
      /**
       * Whether an address finds a row: one with a proof, any (which then counts everywhere without one), or none.
       * @default "verified"
       */
      linkByEmail: withDefault(Schema.Literals(["verified", "always", "never"]), "verified")
    }),
    { namespace: "", linkByEmail: "verified" }
  ),
  /**
   * `userinfo`: what a verified token lacks is asked there; its failure is 503.
   * @default null
   */
  enrich: withDefault(Schema.NullOr(Schema.Literal("userinfo")), null),
  /**
   * A mapped claim that is there in a shape that nothing reads: 401, or as if it were not there.
   * @default "deny"
   */
  unreadable: withDefault(Schema.Literals(["deny", "ignore"]), "deny"),
  /** Which claim says what; what is left out keeps its default, null turns it off. */
  claims: block(ClaimMappings, {
    user: "sub",
    email: "email",
    emailVerified: ["email_verified"],
    scopes: ["scope", "scp"],
    overage: "deny"
  }),
  /** Tokens that are no JWT; absent: refused. */
  opaque: Schema.optionalKey(Opaque),
  /** How keys are kept. */
  keys: block(
    Schema.Struct({
      /**
       * How long a key set is used before it is fetched again; at least 30s.
       * @default "5m"
       */
      life: block(Duration.check(between(30_000, 31_536_000_000, "must be at least 30s")), 300_000),
      /**
       * How much longer it is used while the issuer cannot be reached.
       * @default "24h"
       */
      stale: block(Duration.check(between(0, 604_800_000, "must be from 0s to 7d")), 86_400_000),
      /**
       * Keeps the key set in cache.dir for the next start.
       * @default true
       */
      save: withDefault(Schema.Boolean, true),
      /**
       * Hosts besides the issuer's own where discovery may point.
       * @default []
       */
      hosts: withDefault(strings, [])
    }),
    { life: 300_000, stale: 86_400_000, save: true, hosts: [] }
  ),
  /** How its endpoints are trusted. */
  tls: Schema.optionalKey(Schema.Struct({
    /** Certificates of its authority (PEM), besides the system's. */
    ca: SecretReference
  })),
  /**
   * `http:` elsewhere than on loopback addresses.
   * @default false
   */
  allowInsecure: withDefault(Schema.Boolean, false)
}
/** The schema of one trusted issuer, by a name of its own: editors show what each key means then, in whatever holds it. */
export interface IssuerSchema extends Schema.Struct<typeof issuerFields> {}
/** One trusted issuer (CONFIG.md `issuers`). */
export const Issuer: IssuerSchema = Schema.Struct(issuerFields)
export type Issuer = typeof Issuer.Type
