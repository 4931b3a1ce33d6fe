/**
 * `jotgate who --model M`: which teams and users may call a model, and from which issuers anybody may who has a valid
 * token, without a row and a team. Exit 1 when nobody may.
 */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { Negative } from "../Outcome.ts"
import * as Anybody from "./Anybody.ts"

export const route = Flag.String("route").pipe(
  Flag.withAlias("path"),
  Flag.withMetavar("PATH"),
  Flag.withDescription("The path of the call; default /v1/chat/completions"),
  Flag.optional
)

export const method = Flag.String("method").pipe(
  Flag.withMetavar("METHOD"),
  Flag.withDescription("The method of the call; default POST"),
  Flag.optional
)

export const who = Command.make(
  "who",
  {
    model: Flag.String("model").pipe(Flag.withMetavar("NAME"), Flag.withDescription("The model")),
    route,
    method,
    at: place,
    json
  },
  Effect.fn("who")(function*({ at, json, method, model, route }) {
    const ask = yield* AdminClient.connect(at)
    const query = { model, route: Option.getOrUndefined(route), method: Option.getOrUndefined(method) }
    const found: Record<"teams" | "users", Array<Columns.Row>> = { teams: [], users: [] }
    for (const kind of ["teams", "users"] as const) {
      yield* AdminClient.pages(
        ask,
        { path: `/who/${kind}`, query },
        (rows) => Effect.sync(() => void found[kind].push(...rows))
      )
    }
    const anybody = (yield* Anybody.ask(ask, query)).issuers.filter((it) => it.allowed).map(({ issuer }) => ({
      issuer
    }))
    if (json) {
      yield* Console.log(JSON.stringify({ ...found, anybody }, null, 2))
    } else {
      const rows = [
        ...found.teams.map((it) => ({ what: "team", id: it["id"], name: it["alias"], "in": null, alone: null })),
        ...found.users.map((it) => ({
          what: "user",
          id: it["id"],
          name: it["email"],
          "in": it["teams"],
          alone: it["alone"]
        })),
        ...anybody.map(({ issuer }) => ({
          what: "anybody",
          id: null,
          name: `with a token of ${issuer}`,
          "in": null,
          alone: true
        }))
      ]
      yield* Console.log(Columns.table(["what", "id", "name", "in", "alone"], rows).join("\n"))
    }
    if (found.teams.length + found.users.length + anybody.length === 0) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(Command.withDescription("Which teams and users may call a model, and whether anybody may"))
