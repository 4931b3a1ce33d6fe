/** What anybody may who has a valid token, without a row and without a team, as the admin listener tells. */
import { Effect, Schema } from "effect"
import type * as AdminClient from "../admin/AdminClient.ts"
import { failure } from "../Outcome.ts"

const Answer = Schema.Struct({
  allowed: Schema.Boolean,
  models: Schema.Array(Schema.String),
  issuers: Schema.Array(Schema.Struct({
    issuer: Schema.String,
    allowed: Schema.Boolean,
    code: Schema.NullOr(Schema.String),
    models: Schema.Array(Schema.String)
  }))
})

const decode = Schema.decodeUnknownEffect(Answer)

/** Asks about one call. */
export const ask = (client: AdminClient.Ask, query: Readonly<Record<string, string | undefined>>) =>
  client({ method: "GET", path: "/anybody/can", query }).pipe(
    Effect.flatMap(decode),
    Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
  )
