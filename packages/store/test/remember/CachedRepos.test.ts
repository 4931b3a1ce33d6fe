import { assert, describe, it } from "@effect/vitest"
import { Cache } from "@jotgate/core/Cache"
import { makeMembership, makeTeam, makeUser, ModelGroupId, TeamId, UserId } from "@jotgate/core/Directory"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import type { Rows } from "@jotgate/core/MemoryRows"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { DirectorySuite } from "@jotgate/core/testing"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit, Layer } from "effect"
import * as CachedRepos from "../../src/remember/CachedRepos.ts"
import { Forgetting } from "../../src/remember/Forgetting.ts"

const layerOf = (rows: Rows, announced = true) =>
  CachedRepos.layer({ rows: 30_000, staleRows: 60_000, announced }).pipe(
    Layer.provideMerge(Layer.mergeAll(MemoryDirectory.layerRepos(rows), Cache.layer, Forgetting.layerLocal))
  )

const at = (ticks: number) => ({ time: 0, ticks, note: undefined })

const alice = makeUser({ id: UserId.make("alice"), email: "Alice@acme.com", teams: [TeamId.make("red")] })
const red = makeTeam({ id: TeamId.make("red"), alias: "Red" })
const rows: Rows = {
  users: [alice],
  teams: [red],
  memberships: [makeMembership({ user: alice.id, team: red.id })],
  modelGroups: [{ id: ModelGroupId.make("cheap"), models: [] }]
}

const tagOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string =>
  Exit.match(exit, {
    onSuccess: () => "found",
    onFailure: (cause) => cause.reasons.map((it) => it._tag === "Fail" ? it.error._tag : it._tag).join()
  })

describe("the repositories with a memory", () => {
  // What the cases write is not announced here, so those that write are the stores' own.
  const reading = [DirectorySuite.reads, DirectorySuite.agents, DirectorySuite.servers].flatMap((cases) =>
    cases(layerOf)
  )
  for (const { run, title } of reading) it.effect(`keep the contract: ${title}`, () => run)

  it.effect("threat E14: in an outage every kind of look-up goes on for its time, and then fails", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      const teams = yield* TeamRepo
      const memory = yield* MemoryDirectory
      const looks: Readonly<Record<string, (ticks: number) => Effect.Effect<unknown, { readonly _tag: string }>>> = {
        byId: (ticks) => users.byId(alice.id, at(ticks)),
        byEmail: (ticks) => users.byEmail("alice@ACME.com", at(ticks)),
        membership: (ticks) => users.membership(alice.id, red.id, at(ticks)),
        memberships: (ticks) => users.memberships(alice.id, [red.id], at(ticks)),
        team: (ticks) => teams.byId(red.id, at(ticks)),
        teams: (ticks) => teams.byIds([red.id], at(ticks)),
        alias: (ticks) => teams.byAlias("Red", at(ticks)),
        groups: (ticks) => teams.modelGroups([ModelGroupId.make("cheap")], at(ticks))
      }
      for (const [name, look] of Object.entries(looks)) {
        const fresh = yield* Effect.exit(look(0))
        assert.strictEqual(tagOf(fresh), "found", name)
        assert.isTrue(Exit.isExit(look(29_999)), `${name} is at hand`)
        memory.failing.add("users").add("teams").add("memberships").add("modelGroups")
        assert.deepStrictEqual(yield* Effect.exit(look(31_000)), fresh, name)
        assert.deepStrictEqual(yield* Effect.exit(look(89_000)), fresh, name)
        assert.strictEqual(tagOf(yield* Effect.exit(look(90_000))), "DirectoryUnavailable", name)
        memory.failing.clear()
        assert.deepStrictEqual(yield* Effect.exit(look(90_001)), fresh, `${name} is back`)
        yield* Forgetting.use((it) => it.announce({ everything: true }))
      }
    }).pipe(Effect.provide(layerOf(rows))))

  const absences = [
    ["as long as a row where rows are announced", true, 30_000],
    ["shortly where a row may appear without a word", false, 2_000]
  ] as const
  for (const [title, announced, life] of absences) {
    it.effect(`RULES D27: an absence is remembered ${title}, and never served in an outage`, () =>
      Effect.gen(function*() {
        const users = yield* UserRepo
        const memory = yield* MemoryDirectory
        const nobody = UserId.make("nobody")
        assert.strictEqual(tagOf(yield* Effect.exit(users.byId(nobody, at(0)))), "RowNotFound")
        assert.deepStrictEqual(yield* users.byEmail("nobody@acme.com", at(0)), [])
        memory.failing.add("users")
        const byEmail = (ticks: number) => users.byEmail("nobody@acme.com", at(ticks))
        assert.strictEqual(tagOf(yield* Effect.exit(users.byId(nobody, at(life - 1)))), "RowNotFound")
        assert.deepStrictEqual(yield* byEmail(life - 1), [])
        assert.strictEqual(tagOf(yield* Effect.exit(users.byId(nobody, at(life)))), "DirectoryUnavailable")
        assert.strictEqual(tagOf(yield* Effect.exit(byEmail(life))), "DirectoryUnavailable")
        // It is told with the outage that there was none a moment ago, for as long as a row would be served.
        const wasAbsent = (ticks: number) =>
          Effect.map(
            Effect.flip(users.byId(nobody, at(ticks))),
            (it) => it._tag === "DirectoryUnavailable" && it.wasAbsent
          )
        assert.isTrue(yield* wasAbsent(life + 1))
        assert.isTrue(yield* wasAbsent(life + 59_999))
        assert.isUndefined(yield* wasAbsent(life + 60_000))
        memory.failing.clear()
        assert.strictEqual(tagOf(yield* Effect.exit(users.byId(nobody, at(life + 61_000)))), "RowNotFound")
        memory.failing.add("users")
        yield* Forgetting.use((it) => it.announce({ users: [nobody] }))
        assert.isUndefined(yield* wasAbsent(life + 61_001), "somebody may have made it")
      }).pipe(Effect.provide(layerOf(rows, announced))))
  }

  it.effect("a row that was announced is no longer absent", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      const memory = yield* MemoryDirectory
      const bob = makeUser({ id: UserId.make("bob"), email: "bob@acme.com" })
      assert.strictEqual(tagOf(yield* Effect.exit(users.byId(bob.id, at(0)))), "RowNotFound")
      assert.deepStrictEqual(yield* users.byEmail("bob@acme.com", at(0)), [])
      assert.strictEqual(tagOf(yield* Effect.exit(users.membership(bob.id, red.id, at(0)))), "RowNotFound")
      memory.users.put(bob)
      memory.memberships.put(makeMembership({ user: bob.id, team: red.id }))
      yield* Forgetting.use((it) =>
        it.announce({ users: ["bob"], emails: ["bob@acme.com"], memberships: [["bob", "red"]] })
      )
      assert.strictEqual((yield* users.byId(bob.id, at(1))).id, bob.id)
      assert.lengthOf(yield* users.byEmail("bob@acme.com", at(1)), 1)
      assert.strictEqual(tagOf(yield* Effect.exit(users.membership(bob.id, red.id, at(1)))), "found")
    }).pipe(Effect.provide(layerOf(rows))))

  it.effect("what may have been missed is asked again", () =>
    Effect.gen(function*() {
      const teams = yield* TeamRepo
      const memory = yield* MemoryDirectory
      const forgetting = yield* Forgetting
      yield* teams.byId(red.id, at(0))
      memory.teams.put({ ...red, blocked: true })
      assert.isFalse((yield* teams.byId(red.id, at(1))).blocked)
      forgetting.hear({ unsure: true })
      assert.isTrue((yield* teams.byId(red.id, at(2))).blocked)
      memory.teams.put(red)
      forgetting.hear({ teams: ["red"] })
      assert.isFalse((yield* teams.byId(red.id, at(3))).blocked)
    }).pipe(Effect.provide(layerOf(rows))))
})
