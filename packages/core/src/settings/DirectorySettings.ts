/**
 * The schema of where rows are, what a decision may create, and what is remembered (CONFIG.md `directory`, `cache`).
 */
import * as Schema from "effect/Schema"
import { LinearPattern, strings, withDefault } from "./Fields.ts"
import { Duration } from "./Quantity.ts"
import { SecretReference } from "./Secrets.ts"
import { UserRole } from "./UserRole.ts"

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
  /**
   * Models that they may call.
   * @default ["no-default-models"]
   */
  models: Schema.optionalKey(strings),
  /** Their model groups. */
  modelGroups: Schema.optionalKey(strings),
  /** Pass-through routes that they list. */
  passThroughRoutes: Schema.optionalKey(strings),
  /** The most that they may spend. */
  maxBudget: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})

const directoryFields = {
  /**
   * `memory:`, sqlite:PATH, postgres://… or litellm+postgres://….
   * @default "sqlite:./jotgate.db"
   */
  url: withDefault(Schema.String, "sqlite:./jotgate.db"),
  /** `false`: nothing is created in the database; default false for litellm+postgres. */
  write: Schema.optionalKey(Schema.Boolean),
  /** How a database server is reached. */
  connection: withDefault(
    Schema.Struct({
      /**
       * Connections.
       * @default 10
       */
      pool: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10),
      /**
       * How long a statement may take.
       * @default "1s"
       */
      timeout: withDefault(Duration, "1s"),
      /**
       * Certificates of its authority.
       * @default null
       */
      ca: withDefault(Schema.NullOr(SecretReference), null)
    }),
    {}
  ),
  /**
   * Rows that are kept in a file.
   * @default null
   */
  file: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** People without a row. */
  users: withDefault(
    Schema.Struct({
      /**
       * `deny`: 404; allow: an internal_user without a row.
       * @default "deny"
       */
      unknown: withDefault(Schema.Literals(["deny", "allow"]), "deny"),
      /**
       * Unknown people get a row.
       * @default false
       */
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
       * @default "single"
       */
      fromMemberships: withDefault(Schema.Literals(["none", "single", "first"]), "single"),
      /**
       * `deny`: 404; next: on to the membership and the default team.
       * @default "deny"
       */
      whenUnknown: withDefault(Schema.Literals(["deny", "next"]), "deny"),
      /**
       * Which unknown teams get a row.
       * @default "never"
       */
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
      /**
       * The team of whoever has none.
       * @default null
       */
      default: withDefault(Schema.NullOr(Schema.NonEmptyString), null)
    }),
    {}
  ),
  /**
   * None; join: whoever arrives with a team joins it; replace: the token's teams are the teams.
   * @default "none"
   */
  memberships: withDefault(Schema.Literals(["none", "join", "replace"]), "none"),
  /**
   * Roles of rows from roles of tokens; the first match wins.
   * @default []
   */
  userRoles: withDefault(
    Schema.Array(Schema.Struct({
      /** A shell-style glob over the roles of the token. */
      claim: Schema.NonEmptyString,
      /** The role of the row. */
      role: UserRole
    })),
    []
  )
}
/** The schema of rows, by a name of its own: editors show what each key means then, in whatever holds it. */
export interface DirectorySchema extends Schema.Struct<typeof directoryFields> {}
/** Where people and teams are, and what a decision may create (CONFIG.md `directory`). */
export const DirectorySettings: DirectorySchema = Schema.Struct(directoryFields)
export type DirectorySettings = typeof DirectorySettings.Type

const cacheFields = {
  /**
   * The folder of saved key sets.
   * @default "./jotgate-cache"
   */
  dir: withDefault(Schema.NullOr(Schema.String), "./jotgate-cache"),
  /**
   * Verified tokens that are remembered.
   * @default 10000
   */
  tokens: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 10_000),
  /**
   * How long rows are remembered.
   * @default "30s"
   */
  rows: withDefault(Duration, "30s"),
  /**
   * How much longer they serve while the directory cannot be reached.
   * @default "60s"
   */
  staleRows: withDefault(Duration, "60s"),
  /**
   * A shared second tier; a secret with its URL.
   * @default null
   */
  redis: withDefault(Schema.NullOr(SecretReference), null)
}
/** The schema of the caches, by a name of its own: editors show what each key means then, in whatever holds it. */
export interface CacheSchema extends Schema.Struct<typeof cacheFields> {}
/** Sizes and ages of the caches (CONFIG.md `cache`). */
export const CacheSettings: CacheSchema = Schema.Struct(cacheFields)
export type CacheSettings = typeof CacheSettings.Type
