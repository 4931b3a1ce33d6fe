/** What is remembered about a token is what would be decided anew, whatever happens to rows and time in between. */
import { assert, it } from "@effect/vitest"
import type { Allowed } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import type { MemoryTables } from "@jotgate/core/MemoryRows"
import { type Asked, knownModel } from "@jotgate/core/Request"
import { CoreArbitrary, CoreTest } from "@jotgate/core/testing"
import { Arbitrary, Effect, Schema } from "effect"
import type { Change } from "../src/remember/Change.ts"
import * as Remembering from "./support/Remembering.ts"

const models = ["gpt-4o", "claude-3", "o1"] as const

/** Everything that a door can see of an answer. */
const shown = (answer: Allowed | Denial): unknown => {
  if (answer._tag !== "Allowed") return answer
  const { reach, ...rest } = answer
  return {
    ...rest,
    principal: CoreTest.withoutMadeIds(rest.principal),
    writes: CoreTest.withoutMadeIds(rest.writes),
    identity: { ...rest.identity, facts: undefined },
    listed: reach.models(),
    may: models.map((it) => reach.mayCall(it))
  }
}

const Name = Schema.Literals(["t-1", "t-2", "t-3", "t-9"])
const Flag = Schema.Literals(["yes", "no"])
const Event = Schema.Union([
  Schema.Struct({
    _tag: Schema.Literal("Asked"),
    whose: Schema.Literals(["first", "second"]),
    model: Schema.Literals(["its own", "its own, listed", ...models])
  }),
  Schema.Struct({ _tag: Schema.Literal("Waited"), seconds: Schema.Literals([0.5, 3, 31, 61]) }),
  Schema.Struct({
    _tag: Schema.Literal("Team"),
    name: Name,
    blocked: Flag,
    list: Schema.Literals(["all", "gpt", "none"]),
    told: Flag
  }),
  Schema.Struct({ _tag: Schema.Literal("User"), name: Schema.Literals(["u-1", "u-2"]), blocked: Flag, told: Flag }),
  Schema.Struct({
    _tag: Schema.Literal("Member"),
    team: Name,
    list: Schema.Literals(["all", "gpt", "none"]),
    told: Flag
  }),
  Schema.Struct({
    _tag: Schema.Literal("Failing"),
    table: Schema.Literals(["users", "teams", "memberships"]),
    broken: Flag
  }),
  Schema.Struct({ _tag: Schema.Literal("Unsure") })
])
type Event = typeof Event.Type

/** The question of a token for its own model or for another. */
const questionOf = (asked: Asked, model: Extract<Event, { _tag: "Asked" }>["model"]): Asked =>
  model === "its own"
    ? asked
    : model === "its own, listed"
    ? { ...asked, listsModels: true }
    : { ...asked, model: knownModel(model) }

/** Does what happened to the rows, and answers with what is announced of it. */
const apply = (tables: MemoryTables, event: Event): Change | undefined => {
  switch (event._tag) {
    case "Team":
      tables.teams.put(
        CoreTest.team(event.name, { models: CoreArbitrary.modelLists[event.list], blocked: event.blocked === "yes" })
      )
      return event.told === "yes" ? { teams: [event.name] } : undefined
    case "User":
      tables.users.put(CoreTest.user(event.name, { role: "internal_user", blocked: event.blocked === "yes" }))
      return event.told === "yes" ? { users: [event.name], subjects: [["okta", event.name]] } : undefined
    case "Member":
      tables.memberships.put(CoreTest.membership("u-1", event.team, { models: CoreArbitrary.modelLists[event.list] }))
      return event.told === "yes" ? { memberships: [["u-1", event.team]] } : undefined
    case "Failing":
      if (event.broken === "yes") tables.failing.add(event.table)
      else tables.failing.delete(event.table)
      return undefined
    case "Unsure":
      return { unsure: true }
    default:
      return undefined
  }
}

it.live.prop(
  "a decision that is remembered is the one that would be made anew",
  {
    world: CoreArbitrary.world,
    first: CoreArbitrary.ask,
    second: CoreArbitrary.ask,
    events: Arbitrary.schema(Schema.Array(Event).check(Schema.isMinLength(12), Schema.isMaxLength(40)))
  },
  ({ events, first, second, world }) =>
    Effect.scoped(Effect.gen(function*() {
      const { announce, anew, asked, remembered, tables } = yield* Remembering.make(world)
      const tokens = { first: yield* asked(first), second: yield* asked(second) }
      let seconds = 0
      let asking = tokens.first
      for (const event of events) {
        if (event._tag === "Asked") asking = questionOf(tokens[event.whose], event.model)
        if (event._tag === "Waited") seconds += event.seconds
        const change = apply(tables, event)
        if (change !== undefined) yield* announce(change)
        for (let again = 0; again < 3; again++) {
          const answer = yield* remembered(asking, seconds)
          assert.deepStrictEqual(shown(answer), shown(yield* anew(asking, seconds)))
        }
      }
    })),
  { arbitrary: { runs: 200, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
)
