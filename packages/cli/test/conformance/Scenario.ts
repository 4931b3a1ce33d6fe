/**
 * A recorded scenario: one configuration, one directory, and the decisions that
 * the reference took on some tokens and requests.
 *
 * Members that are not here are not looked at; most of those that are may be
 * left out.
 */
import { LitellmReleases } from "@jotgate/core/Settings"
import { Effect, Schema } from "effect"

const Row = Schema.Record(Schema.String, Schema.Unknown)
const rows = Schema.optionalKey(Schema.NullOr(Schema.Array(Row)))

const Token = Schema.Struct({
  header: Schema.optionalKey(Row),
  payload: Schema.optionalKey(Schema.Unknown),
  key: Schema.optionalKey(Schema.String),
  tampered: Schema.optionalKey(Row),
  raw: Schema.optionalKey(Schema.String)
})
export type Token = typeof Token.Type

const Expected = Schema.Struct({
  allowed: Schema.Boolean,
  userId: Schema.optionalKey(Schema.NullOr(Schema.String)),
  teamId: Schema.optionalKey(Schema.NullOr(Schema.String)),
  orgId: Schema.optionalKey(Schema.NullOr(Schema.String)),
  endUserId: Schema.optionalKey(Schema.Unknown),
  isAdmin: Schema.optionalKey(Schema.Boolean),
  reason: Schema.optionalKey(Schema.NullOr(Schema.String)),
  expectedStatus: Schema.optionalKey(Schema.NullOr(Schema.Number)),
  message: Schema.optionalKey(Schema.NullOr(Schema.String))
})
export type Expected = typeof Expected.Type

const Case = Schema.Struct({
  token: Token,
  request: Schema.Struct({
    method: Schema.String,
    path: Schema.String,
    headers: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.String))),
    body: Schema.optionalKey(Schema.Unknown)
  }),
  expect: Expected,
  mayDeviate: Schema.optionalKey(Schema.Array(Schema.String))
})
export type Case = typeof Case.Type

/** The directory in the reference's own columns. */
const Directory = Schema.Struct({
  teams: rows,
  users: rows,
  organizations: rows,
  endUsers: rows,
  teamMemberships: rows,
  budgets: rows,
  accessGroups: rows,
  agents: rows,
  agentIdentities: rows,
  objectPermissions: rows,
  failing: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String)))
})
export type Directory = typeof Directory.Type

export const Scenario = Schema.Struct({
  id: Schema.String,
  now: Schema.Number,
  /** The release that was asked; the first recordings do not say it. */
  reference: Schema.Literals(LitellmReleases).pipe(Schema.withDecodingDefaultKey(Effect.succeed("1.90" as const))),
  config: Row,
  jwks: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.Array(Schema.Struct({ kid: Schema.optionalKey(Schema.NullOr(Schema.String)), key: Schema.String }))
    )
  ),
  discovery: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  directory: Schema.optionalKey(Directory),
  cases: Schema.optionalKey(Schema.Array(Case))
})
export type Scenario = typeof Scenario.Type

/** Reads one line of a file; fails with a `SchemaError` that says where it is no scenario. */
export const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Scenario))
