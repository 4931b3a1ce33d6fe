/**
 * A record as everybody reads it: the line of `audit`, the admin listener and
 * the store have this one shape (DESIGN §10).
 */
import { Schema } from "effect"

const Text = Schema.NullOr(Schema.String)
const Texts = Schema.Array(Schema.String)

/** One step of a decision. */
export const StepRecord = Schema.Struct({
  step: Schema.String,
  outcome: Schema.String,
  facts: Schema.Record(Schema.String, Schema.Unknown)
}).annotate({ identifier: "StepRecord" })

/** What was answered, to whom, and why. `status` and `code` are what the caller saw, `verdict` is what the rules said. */
export const AnswerRecord = Schema.Struct({
  time: Schema.String,
  decision: Schema.String,
  requestId: Text,
  door: Schema.String,
  method: Schema.String,
  route: Schema.String,
  model: Text,
  models: Schema.optionalKey(Texts),
  tool: Text,
  tools: Schema.optionalKey(Texts),
  agent: Text,
  status: Schema.Int,
  code: Text,
  verdict: Schema.Literals(["allow", "deny"]),
  verdictCode: Text,
  issuer: Text,
  user: Text,
  team: Text,
  organization: Text,
  endUser: Text,
  claimed: Schema.NullOr(Schema.Struct({ user: Text, email: Text, teams: Texts })),
  cause: Text,
  millis: Schema.Finite,
  upstream: Schema.NullOr(
    Schema.Struct({
      name: Schema.String,
      status: Schema.NullOr(Schema.Int),
      firstByteMillis: Schema.NullOr(Schema.Finite)
    })
  ),
  aborted: Schema.optionalKey(Schema.Boolean),
  dry: Schema.optionalKey(Schema.Boolean),
  steps: Schema.optionalKey(Schema.Array(StepRecord))
}).annotate({ identifier: "AnswerRecord" })
export type AnswerRecord = typeof AnswerRecord.Type
