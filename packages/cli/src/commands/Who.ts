/**
 * `jotgate who MODEL | --tool SERVER/NAME | --prompt … | --resource …`: which teams and users may call it, which agents may, and for whom, and
 * from which issuers anybody may who has a valid token, without a row and a team. Exit 1 when nobody may.
 */
import { maxWhoPage } from "@jotgate/server/ReverseAnswers"
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place, text } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { oneOf } from "../Given.ts"
import { failure, Negative } from "../Outcome.ts"
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

const withoutAgents = ({ agents: _, ...row }: Columns.Row): Columns.Row => row

/** Whether an agent may for the team or the user of a row. */
const mayFor = (agent: unknown) => (row: Columns.Row): boolean =>
  Array.isArray(row["agents"]) && row["agents"].includes(agent)

/** What of an MCP server is asked about, besides its tools. */
export const items = {
  prompt: text("prompt", "The prompt of an MCP server: SERVER/NAME"),
  resource: text("resource", "The resource of an MCP server: SERVER/URI")
}

/** The call in question, as the API is asked about it. */
export const aboutOf = (
  { agent, method, model, prompt, resource, route, tool }: Readonly<
    Record<"agent" | "method" | "model" | "prompt" | "resource" | "route" | "tool", Option.Option<string>>
  >
) => ({
  model: Option.getOrUndefined(model),
  tool: Option.getOrUndefined(tool),
  prompt: Option.getOrUndefined(prompt),
  resource: Option.getOrUndefined(resource),
  agent: Option.getOrUndefined(agent),
  route: Option.getOrUndefined(route),
  method: Option.getOrUndefined(method)
})

export const who = Command.make(
  "who",
  {
    named: Argument.String("model").pipe(Argument.withDescription("The model"), Argument.optional),
    model: text("model", "The model, as a flag"),
    tool: text("tool", "The tool of an MCP server: SERVER/NAME"),
    ...items,
    agent: text("agent", "Only those for whom this agent may act"),
    route,
    method,
    at: place,
    json
  },
  Effect.fn("who")(function*({ agent, at, json, method, model: flag, named, prompt, resource, route, tool }) {
    const model = yield* oneOf(named, flag, "the model once: as an argument or with --model")
    if ([model, tool, prompt, resource].every(Option.isNone)) {
      return yield* failure("what? Give the model, or --tool, --prompt or --resource SERVER/NAME")
    }
    const ask = yield* AdminClient.connect(at)
    const about = aboutOf({ model, tool, prompt, resource, agent, route, method })
    const listed = Effect.fnUntraced(function*(kind: "teams" | "users" | "agents", more: { readonly agents?: "true" }) {
      const found: Array<Columns.Row> = []
      yield* AdminClient.pages(
        ask,
        { path: `/who/${kind}`, query: { ...about, ...more } },
        (rows) =>
          Effect.sync(() => {
            for (const row of rows) found.push(row)
          }),
        { size: maxWhoPage }
      )
      return found
    })
    /** Every agent with whether it may on its own, unless one is asked about. */
    const alone = Option.isNone(agent) ? yield* listed("agents", {}) : []
    const withAgents = alone.length > 0 ? { agents: "true" as const } : {}
    const [teams, users, { issuers }] = yield* Effect.all([
      listed("teams", withAgents),
      listed("users", withAgents),
      Anybody.ask(ask, about)
    ], { concurrency: "unbounded" })
    const found = alone.length > 0
      ? { teams: teams.map(withoutAgents), users: users.map(withoutAgents) }
      : { teams, users }
    /** Each agent with those for whom it may: on its own, for whole teams, for users. */
    const agents = alone.map(({ alone, id, name }) => ({
      id,
      name,
      alone,
      teams: teams.filter(mayFor(id)).map((it) => it["id"]),
      users: users.filter(mayFor(id)).map((it) => it["id"])
    }))
    const acting = agents.filter((it) => it.alone === true || it.teams.length + it.users.length > 0)
    const anybody = issuers.filter((it) => it.allowed).map(({ issuer }) => ({ issuer }))
    if (json) {
      yield* Console.log(JSON.stringify({ ...found, agents: acting, anybody }, null, 2))
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
        ...acting.map((it) => ({
          what: "agent",
          id: it.id,
          name: it.name,
          "in": [...it.teams.map((team) => `team ${team}`), ...it.users],
          alone: it.alone
        })),
        ...anybody.map(({ issuer }) => ({
          what: "anybody",
          id: null,
          name: `with a token of ${issuer}`,
          "in": null,
          alone: true
        }))
      ]
      yield* Console.log(
        rows.length === 0
          ? "nobody: no team, no user, no agent, and nobody without a row"
          : Columns.table(["what", "id", "name", "in", "alone"], rows).join("\n")
      )
    }
    if (found.teams.length + found.users.length + acting.length + anybody.length === 0) {
      return yield* new Negative({ lines: [] })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Which teams, users and agents may call a model or a tool, for whom, and whether anybody may")
)
