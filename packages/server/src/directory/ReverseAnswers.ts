/** What `/admin/v1` answers when it is asked what somebody may; apart from the contract, so that whoever asks loads this alone. */
import { Schema } from "effect"

const optional = Schema.optionalKey

/** Most rows that are looked at for one page of those who may. */
export const maxWhoPage = 10_000

/** What a team or a user may. */
export const CanView = Schema.Struct({
  allowed: Schema.Boolean,
  models: Schema.Array(Schema.String),
  /** Patterns of the tools of MCP servers, where some are configured. */
  tools: optional(Schema.Array(Schema.String)),
  ways: Schema.Array(Schema.Struct({
    team: Schema.NullOr(Schema.String),
    allowed: Schema.Boolean,
    code: Schema.NullOr(Schema.String),
    models: Schema.Array(Schema.String),
    tools: optional(Schema.Array(Schema.String))
  }))
}).annotate({ identifier: "Can" })

/** What anybody with a valid token may: no row, no team. */
export const AnybodyView = Schema.Struct({
  allowed: Schema.Boolean,
  models: Schema.Array(Schema.String),
  issuers: Schema.Array(Schema.Struct({
    issuer: Schema.String,
    allowed: Schema.Boolean,
    code: Schema.NullOr(Schema.String),
    models: Schema.Array(Schema.String)
  }))
}).annotate({ identifier: "Anybody" })
