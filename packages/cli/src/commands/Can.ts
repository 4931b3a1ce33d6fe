/** `jotgate can --team T | --user U`: what a team or a user may call, and why not. Exit 1 when nothing. */
import { Console, Effect, Option, Schema } from "effect"
import { Command } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place, text } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { failure, Negative } from "../Outcome.ts"
import { method, route } from "./Who.ts"

const Answer = Schema.Struct({
  allowed: Schema.Boolean,
  models: Schema.Array(Schema.String),
  ways: Schema.Array(Schema.Struct({
    team: Schema.NullOr(Schema.String),
    allowed: Schema.Boolean,
    code: Schema.NullOr(Schema.String),
    models: Schema.Array(Schema.String)
  }))
})

const decode = Schema.decodeUnknownEffect(Answer)

export const can = Command.make(
  "can",
  {
    team: text("team", "The team"),
    user: text("user", "The user"),
    model: text("model", "Only this model"),
    route,
    method,
    at: place,
    json
  },
  Effect.fn("can")(function*({ at, json, method, model, route, team, user }) {
    if (Option.isSome(team) === Option.isSome(user)) {
      return yield* failure("who? Give one of --team ID and --user ID")
    }
    const ask = yield* AdminClient.connect(at)
    const id = encodeURIComponent(Option.getOrElse(Option.orElse(team, () => user), () => ""))
    const answer = yield* ask({
      method: "GET",
      path: `/${Option.isSome(team) ? "teams" : "users"}/${id}/can`,
      query: {
        model: Option.getOrUndefined(model),
        route: Option.getOrUndefined(route),
        method: Option.getOrUndefined(method)
      }
    }).pipe(
      Effect.flatMap(decode),
      Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
    )
    if (json) {
      yield* Console.log(JSON.stringify(answer, null, 2))
    } else {
      const rows = answer.ways.map((it) => ({
        team: it.team ?? "(none)",
        allowed: it.allowed,
        models: it.allowed ? it.models : it.code
      }))
      yield* Console.log(Columns.table(["team", "allowed", "models"], rows).join("\n"))
    }
    if (!answer.allowed) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(Command.withDescription("What a team or a user may call"))
