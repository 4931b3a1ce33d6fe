/**
 * `jotgate can USER | --team T | --agent A | --anybody`: what a user, a team, an agent or anybody with a valid token
 * may call, and why not; with a team or a user and an agent: what that agent may for them. Exit 1 when nothing.
 */
import { CanView } from "@jotgate/server/ReverseAnswers"
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place, text } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { oneOf } from "../Given.ts"
import { failure, Negative } from "../Outcome.ts"
import * as Anybody from "./Anybody.ts"
import { aboutOf, items, method, route } from "./Who.ts"

/** What came of one way, as columns. */
const told = (
  { allowed, code, models, tools }:
    & Pick<(typeof CanView.Type)["ways"][number], "allowed" | "code" | "models">
    & { readonly tools?: ReadonlyArray<string> }
) => ({
  allowed,
  models: allowed ? models : code,
  tools: allowed ? tools ?? null : null
})

/** Whom a plain name may have meant. */
const hinted = (name: string): ReadonlyArray<string> => [
  `no user has the id ${name}: for others give --team ${name} or --agent ${name}; jotgate user list has the ids`
]

const decode = Schema.decodeUnknownEffect(CanView)

export const can = Command.make(
  "can",
  {
    team: text("team", "The team"),
    named: Argument.String("user").pipe(
      Argument.withDescription("The user, by the id of their row; --team, --agent or --anybody for somebody else"),
      Argument.optional
    ),
    user: text("user", "The user, as a flag"),
    anybody: Flag.Boolean("anybody").pipe(
      Flag.withDescription("Whoever has a valid token, without a row and without a team"),
      Flag.withDefault(false)
    ),
    agent: text("agent", "The agent: on its own, or for the team or the user"),
    model: text("model", "Only this model"),
    tool: text("tool", "Only this tool of an MCP server: SERVER/NAME"),
    ...items,
    route,
    method,
    at: place,
    json
  },
  Effect.fn("can")(
    function*({ agent, anybody, at, json, method, model, named, prompt, resource, route, team, tool, user: flag }) {
      const user = yield* oneOf(named, flag, "the user once: as an argument or with --user")
      const isAgent = Option.isSome(agent) && Option.isNone(team) && Option.isNone(user) && !anybody
      if ([Option.isSome(team), Option.isSome(user), anybody, isAgent].filter((it) => it).length !== 1) {
        return yield* failure("who? Give the id of a user, or one of --team ID, --agent ID and --anybody")
      }
      const ask = yield* AdminClient.connect(at)
      const acting = isAgent ? Option.none() : agent
      const query = aboutOf({ model, tool, prompt, resource, agent: acting, route, method })
      const id = encodeURIComponent(
        Option.getOrElse(Option.orElse(Option.orElse(team, () => user), () => agent), () => "")
      )
      const answer = anybody
        ? yield* Anybody.ask(ask, query)
        : yield* ask({
          method: "GET",
          path: `/${Option.isSome(team) ? "teams" : isAgent ? "agents" : "users"}/${id}/can`,
          query
        }).pipe(
          Effect.catchTag("Negative", (it) => Option.isNone(named) ? it : new Negative({ lines: hinted(named.value) })),
          Effect.flatMap(decode),
          Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
        )
      if (json) {
        yield* Console.log(JSON.stringify(answer, null, 2))
      } else {
        const table = "issuers" in answer
          ? Columns.table(
            ["issuer", "allowed", "models"],
            answer.issuers.map((it) => ({ issuer: it.issuer, ...told(it) }))
          )
          : Columns.table(
            ["team", "allowed", "models", "tools"],
            answer.ways.map((it) => ({ team: it.team ?? "(none)", ...told(it) }))
          )
        yield* Console.log(table.join("\n"))
      }
      if (!answer.allowed) return yield* new Negative({ lines: [] })
    },
    Effect.scoped
  )
).pipe(Command.withDescription("What a team, a user or anybody may call"))
