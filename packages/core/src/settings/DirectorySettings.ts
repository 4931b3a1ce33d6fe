/**
 * The schema of where rows are, what a decision may create, and what is remembered (CONFIG.md `directory`, `cache`).
 */
import * as Schema from "effect/Schema"
import { block, LinearPattern, strings, withDefault } from "./Fields.ts"
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

/** What is so where nothing is said. */
const standard = {
  connection: { pool: 10, timeout: 1_000, ca: null },
  users: { unknown: "deny", create: false, template: {} },
  teams: {
    fromMemberships: "single",
    whenUnknown: "deny",
    create: "never",
    template: { models: ["no-default-models"] },
    default: null
  }
} as const

const directoryFields = {
  /**
   * `memory:`, sqlite:PATH, postgres://… or litellm+postgres://….
   * @default "sqlite:./jotgate.db"
   */
  url: withDefault(Schema.String, "sqlite:./jotgate.db"),
  /** `false`: nothing is created in the database; default false for litellm+postgres. */
  write: Schema.optionalKey(Schema.Boolean),
  /** How a database server is reached. */
  connection: block(
    Schema.Struct({
      /**
       * Connections.
       * @default 10
       */
      pool: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), standard.connection.pool),
      /**
       * How long a statement may take; of a database that is near a look-up of a decision has 200 ms.
       * @default "1s"
       */
      timeout: block(Duration, standard.connection.timeout),
      /**
       * Certificates of its authority.
       * @default null
       */
      ca: withDefault(Schema.NullOr(SecretReference), standard.connection.ca)
    }),
    standard.connection
  ),
  /**
   * Rows that are kept in a file.
   * @default null
   */
  file: withDefault(Schema.NullOr(Schema.NonEmptyString), null),
  /** People without a row. */
  users: block(
    Schema.Struct({
      /**
       * `deny`: 404; allow: an internal_user without a row.
       * @default "deny"
       */
      unknown: withDefault(Schema.Literals(["deny", "allow"]), standard.users.unknown),
      /**
       * Unknown people get a row.
       * @default false
       */
      create: withDefault(Schema.Boolean, standard.users.create),
      /** Columns of people who are created. */
      template: block(UserTemplate, standard.users.template)
    }),
    standard.users
  ),
  /** Teams without a row. */
  teams: block(
    Schema.Struct({
      /**
       * The team of a token without a team claim: none, the user's only one, or the first that may use model and
       * route.
       * @default "single"
       */
      fromMemberships: withDefault(Schema.Literals(["none", "single", "first"]), standard.teams.fromMemberships),
      /**
       * `deny`: 404; next: on to the membership and the default team.
       * @default "deny"
       */
      whenUnknown: withDefault(Schema.Literals(["deny", "next"]), standard.teams.whenUnknown),
      /**
       * Which unknown teams get a row.
       * @default "never"
       */
      create: block(
        Schema.Union([
          Schema.Literals(["never", "always"]),
          Schema.Struct({
            /** A regular expression over the id. */
            match: LinearPattern
          })
        ]),
        standard.teams.create
      ),
      /** Columns of teams that are created. */
      template: block(TeamTemplate, standard.teams.template),
      /**
       * The team of whoever has none.
       * @default null
       */
      default: withDefault(Schema.NullOr(Schema.NonEmptyString), standard.teams.default)
    }),
    standard.teams
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
  userRoles: block(
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
/** What is done about people and teams where nothing is said. */
export const standardDirectory: DirectorySettings = {
  url: "sqlite:./jotgate.db",
  file: null,
  memberships: "none",
  userRoles: [],
  ...standard
}

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
  rows: block(Duration, 30_000),
  /**
   * How much longer they serve while the directory cannot be reached.
   * @default "60s"
   */
  staleRows: block(Duration, 60_000),
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
/** The caches where nothing is said. */
export const standardCache: CacheSettings = {
  dir: "./jotgate-cache",
  tokens: 10_000,
  rows: 30_000,
  staleRows: 60_000,
  redis: null
}
