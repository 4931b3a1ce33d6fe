/** What a question the other way round rests on, case by case; that it agrees with each decision is a law of its own. */
import { assert, it } from "@effect/vitest"
import { absent } from "@jotgate/core/Directory"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer, Schema } from "effect"
import type { Supposed } from "../../src/directory/Questioner.ts"
import { ReverseQuestions } from "../../src/directory/ReverseQuestions.ts"

const decode = Schema.decodeUnknownSync(Settings)

/** The questions over a directory of these rows, in which no team is called `ghost`. */
const over = (settings: object, rows: DirectoryFile) => {
  const all = decode({
    issuers: [{ id: "idp", issuer: "https://idp.test", audience: "x" }],
    cache: { dir: null },
    directory: { url: "memory:" },
    ...settings
  })
  const haunted = Layer.effect(
    TeamRepo,
    Effect.map(TeamRepo, (behind): TeamRepo["Service"] => ({
      ...behind,
      byId: (id, now) => id === "ghost" ? absent("team") : behind.byId(id, now),
      byIds: (ids, now) => behind.byIds(ids.filter((it) => it !== "ghost"), now)
    }))
  )
  const store = Store.layer(all).pipe(Layer.provide(Secrets.layerTest({})))
  const filled = Layer.effectDiscard(
    DirectoryAdmin.use((it) => it.apply(rows, { actor: "test", prune: "all" }))
  )
  const isHaunted = rows.teams?.some(({ id }) => id === "ghost") === true
  return ReverseQuestions.layer(all).pipe(
    Layer.provide(isHaunted ? haunted : Layer.empty),
    Layer.provideMerge(filled),
    Layer.provide(store)
  )
}

const gpt = { method: "POST", model: "gpt-4o" }
const page = { limit: 100 }

it.effect("a named team without a row leads to the default team, with the limits that somebody has there", () =>
  Effect.gen(function*() {
    const questions = yield* ReverseQuestions
    const { rows } = yield* questions.users(gpt, page)
    assert.deepStrictEqual(rows.map((it) => [it.id, it.teams]), [["free", ["ghost", "home"]]])
  }).pipe(Effect.provide(over(
    {
      policy: { teamHeaders: [] },
      directory: { url: "memory:", teams: { default: "home", whenUnknown: "next", fromMemberships: "none" } }
    },
    {
      teams: [{ id: "ghost" }, { id: "home" }],
      users: [{ id: "free" }, { id: "limited" }],
      memberships: [
        { user: "free", team: "ghost" },
        { user: "free", team: "home" },
        { user: "limited", team: "ghost" },
        { user: "limited", team: "home", models: ["o1"] }
      ]
    }
  ))))

it.effect("who asks about a call in one team has no say in what is known of the call without it", () =>
  Effect.gen(function*() {
    const questions = yield* ReverseQuestions
    const inBlue: Supposed = { ...gpt, team: "blue" }
    const of = (about: Supposed) => Effect.map(questions.users(about, page), ({ rows }) => rows)
    const asked = yield* of(inBlue)
    assert.deepStrictEqual(asked, yield* of(gpt))
    assert.deepStrictEqual(asked.map((it) => [it.id, it.teams, it.alone]), [["u-1", ["blue"], true], ["u-2", [], true]])
  }).pipe(Effect.provide(over({}, {
    teams: [{ id: "blue" }],
    users: [{ id: "u-1" }, { id: "u-2", models: ["gpt-4o"] }],
    memberships: [{ user: "u-1", team: "blue" }]
  }))))
