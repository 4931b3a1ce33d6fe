/**
 * The schema of where rows are, what a decision may create, and what is remembered (CONFIG.md `directory`, `cache`).
 */
import * as Schema from "effect/Schema"
import { LinearPattern, strings, withDefault } from "./Fields.ts"
import { Duration } from "./Quantity.ts"
import { SecretReference } from "./Secrets.ts"

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
  /** Their role. */
  role: Schema.optionalKey(Schema.NullOr(UserRole)),
  /** Models that they may call. */
  models: Schema.optionalKey(strings),
  /** The most that they may spend. */
  maxBudget: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  /** Their e-mail address. */
  email: Schema.optionalKey(Schema.NullOr(Schema.String))
})

const TeamTemplate = Schema.Struct({
  /** Models that they may call. */
  models: Schema.optionalKey(strings),
  /** Their model groups. */
  modelGroups: Schema.optionalKey(strings),
  /** Pass-through routes that they list. */
  passThroughRoutes: Schema.optionalKey(strings),
  /** The most that they may spend. */
  maxBudget: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})

/** Where people and teams are, and what a decision may create (CONFIG.md `directory`). */
export const DirectorySettings = Schema.Struct({
  /** `memory:`, sqlite:PATH, postgres://… or litellm+postgres://…. */
  url: withDefault(Schema.String, "sqlite:./jotgate.db"),
  /** `false`: nothing is created in the database; default false for litellm+postgres. */
  write: Schema.optionalKey(Schema.Boolean),
  /** How a database server is reached. */
  connection: withDefault(
    Schema.Struct({
      /** Connections. */
      pool: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10),
      /** How long a statement may take. */
      timeout: withDefault(Duration, "1s"),
      /** Certificates of its authority. */
      ca: withDefault(Schema.NullOr(SecretReference), null)
    }),
    {}
  ),
  /** Rows that are kept in a file. */
  file: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** People without a row. */
  users: withDefault(
    Schema.Struct({
      /** `deny`: 404; allow: an internal_user without a row. */
      unknown: withDefault(Schema.Literals(["deny", "allow"]), "deny"),
      /** Unknown people get a row. */
      create: withDefault(Schema.Boolean, false),
      /** Columns of people who are created. */
      template: withDefault(UserTemplate, {})
    }),
    {}
  ),
  /** Teams without a row. */
  teams: withDefault(
    Schema.Struct({
      /**
       * The team of a token without a team claim: none, the user's only one, or the first that may use model and
       * route.
       */
      fromMemberships: withDefault(Schema.Literals(["none", "single", "first"]), "single"),
      /** `deny`: 404; next: on to the membership and the default team. */
      whenUnknown: withDefault(Schema.Literals(["deny", "next"]), "deny"),
      /** Which unknown teams get a row. */
      create: withDefault(
        Schema.Union([
          Schema.Literals(["never", "always"]),
          Schema.Struct({
            /** A regular expression over the id. */
            match: LinearPattern
          })
        ]),
        "never"
      ),
      /** Columns of teams that are created. */
      template: withDefault(TeamTemplate, { models: ["no-default-models"] }),
      /** The team of whoever has none. */
      default: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
    }),
    {}
  ),
  /** None; join: whoever arrives with a team joins it; replace: the token's teams are the teams. */
  memberships: withDefault(Schema.Literals(["none", "join", "replace"]), "none"),
  /** Roles of rows from roles of tokens; the first match wins. */
  userRoles: withDefault(
    Schema.Array(Schema.Struct({
      /** A shell-style glob over the roles of the token. */
      claim: Schema.NonEmptyString,
      /** The role of the row. */
      role: UserRole
    })),
    []
  )
})
export type DirectorySettings = typeof DirectorySettings.Type

/** Sizes and ages of the caches (CONFIG.md `cache`). */
export const CacheSettings = Schema.Struct({
  /** The folder of saved key sets. */
  dir: withDefault(Schema.NullOr(Schema.String), "./jotgate-cache"),
  /** Verified tokens that are remembered. */
  tokens: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10_000),
  /** How long rows are remembered. */
  rows: withDefault(Duration, "30s"),
  /** How much longer they serve while the directory cannot be reached. */
  staleRows: withDefault(Duration, "60s"),
  /** A shared second tier; a secret with its URL. */
  redis: withDefault(Schema.NullOr(SecretReference), null)
})
export type CacheSettings = typeof CacheSettings.Type
