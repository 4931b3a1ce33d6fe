/**
 * `jotgate decisions [WHO]`: answers of the past, searched as the admin API does,
 * the newest first; with `--steps` why each was given. Exit 1 when there are none.
 */
import type { AnswerRecord } from "@jotgate/server/AnswerRecord"
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { json, place, text } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { isDecisionId, oneOf } from "../Given.ts"
import { failure, Negative } from "../Outcome.ts"

const day = 86_400_000

const row = (it: AnswerRecord): Columns.Row => ({
  time: it.time,
  answer: `${it.status} ${it.code ?? it.verdict}`,
  who: it.user ?? it.claimed?.email ?? it.claimed?.user,
  agent: it.agent,
  team: it.team,
  asked: it.tools ?? it.tool ?? it.models ?? it.model,
  request: `${it.method} ${it.route}`,
  decision: it.decision
})

/** The first moment of a day, in Unix milliseconds. */
const dayOf = (text: string) => {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(start)
    ? failure(`--on ${text}: write a date (2026-11-24)`)
    : Effect.succeed(start)
}

export const decisions = Command.make(
  "decisions",
  {
    named: Argument.String("who").pipe(
      Argument.withDescription("The person: an id of the token or of a row, or an address"),
      Argument.optional
    ),
    who: text("who", "The person, as a flag"),
    team: text("team", "The team"),
    model: text("model", "The model"),
    tool: text("tool", "The tool of an MCP server: SERVER/NAME"),
    agent: text("agent", "The agent that acted"),
    code: text("code", "The code of the answer"),
    status: Flag.Int("status").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("The status of the answer"),
      Flag.filter((it) => it >= 100 && it <= 599, (it) => `${it} is no status`),
      Flag.optional
    ),
    on: text("on", "That day (2026-11-24), in UTC"),
    since: text("since", "From here on: a time, a date, or so long ago (15m, 7d)"),
    until: text("until", "Up to there"),
    after: text("after", "Where the page before ended"),
    limit: Flag.Int("limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("At most so many, 1 to 1000"),
      Flag.filter((it) => it >= 1 && it <= 1_000, (it) => `${it} is not 1 to 1000`),
      Flag.withDefault(20)
    ),
    steps: Flag.Boolean("steps").pipe(
      Flag.withDescription("Say why, for each; an allow is asked again with the rows and rules of now"),
      Flag.withDefault(false)
    ),
    at: place,
    json
  },
  Effect.fn("decisions")(function*({ at, json, named, on, since, steps, until, ...about }) {
    const who = yield* oneOf(named, about.who, "the person once: as an argument or with --who")
    if (Option.isSome(who) && isDecisionId(who.value)) {
      return yield* failure(`${who.value} is a decision: jotgate explain ${who.value} says why`)
    }
    if (Option.isSome(on) && (Option.isSome(since) || Option.isSome(until))) {
      return yield* failure("--on is a whole day: leave out --since and --until")
    }
    const start = Option.isSome(on) ? yield* dayOf(on.value) : undefined
    const RecordSource = yield* Effect.promise(() => import("../explain/RecordSource.ts"))
    const source = yield* RecordSource.connect(at)
    const { items, next } = yield* source.search({
      who: Option.getOrUndefined(who),
      team: Option.getOrUndefined(about.team),
      model: Option.getOrUndefined(about.model),
      tool: Option.getOrUndefined(about.tool),
      agent: Option.getOrUndefined(about.agent),
      code: Option.getOrUndefined(about.code),
      status: Option.getOrUndefined(about.status),
      since: start === undefined ? Option.getOrUndefined(since) : new Date(start).toISOString(),
      until: start === undefined ? Option.getOrUndefined(until) : new Date(start + day).toISOString(),
      after: Option.getOrUndefined(about.after),
      limit: about.limit
    })
    const told = yield* Effect.forEach(items, (it) => steps ? RecordSource.withSteps(source, it) : Effect.succeed(it))
    if (json) {
      yield* Console.log(JSON.stringify({ items: told, next }, null, 2))
    } else if (steps) {
      const { recordText } = yield* Effect.promise(() => import("../explain/ExplanationText.ts"))
      if (told.length > 0) {
        yield* Console.log(told.map((it) => recordText(it, Option.getOrUndefined(at.config))).join("\n\n"))
      }
    } else if (items.length > 0) {
      const agent = items.some((it) => it.agent !== null) ? ["agent"] : []
      const columns = ["time", "answer", "who", ...agent, "team", "asked", "request", "decision"]
      yield* Console.log(Columns.table(columns, items.map(row)).join("\n"))
      yield* Console.error("why: jotgate explain DECISION, or --steps here for all of them")
    }
    if (next !== null && !json) yield* Console.error(`there are more: --after ${next}`)
    if (items.length === 0) {
      return yield* new Negative({ lines: [["No decision is like this.", source.kept].filter(Boolean).join(" ")] })
    }
  }, Effect.scoped)
).pipe(Command.withDescription("Answers of the past: who asked for what, when, what it was, and why"))
