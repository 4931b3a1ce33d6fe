import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { makeTeam, makeUser, TeamId, UserId } from "../../src/directory/Directory.ts"
import { MemoryDirectory } from "../../src/directory/MemoryDirectory.ts"
import { Provisioner } from "../../src/directory/Provisioner.ts"
import { TeamRepo } from "../../src/directory/TeamRepo.ts"
import { UserRepo } from "../../src/directory/UserRepo.ts"
import * as DirectorySuite from "../../src/testing/DirectorySuite.ts"

describe("the directory in memory keeps the contract", () => {
  for (const { run, title } of DirectorySuite.suite(MemoryDirectory.layerRepos)) it.effect(title, () => run)

  const away = new Set(
    ["users", "teams", "organizations", "endUsers", "memberships", "modelGroups", "users.write"] as const
  )
  const broken = MemoryDirectory.layerRepos(DirectorySuite.rows, { failing: away })
  for (const { run, title } of [...DirectorySuite.outages(broken), ...DirectorySuite.writeOutages(broken)]) {
    it.effect(title, () => run)
  }
})

describe("MemoryDirectory", () => {
  const alice = makeUser({ id: UserId.make("alice") })
  const red = makeTeam({ id: TeamId.make("red") })

  it.effect("every look-up is an Exit", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      const teams = yield* TeamRepo
      assert.isTrue(Exit.isExit(users.byId(alice.id)))
      assert.isTrue(Exit.isExit(users.byEmail("a@b.c")))
      assert.isTrue(Exit.isExit(teams.byIds([red.id])))
    }).pipe(Effect.provide(MemoryDirectory.layerRepos({ users: [alice], teams: [red] }))))

  it.effect("threat E14: what is failing does not answer, and nothing else fails", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      const teams = yield* TeamRepo
      assert.strictEqual((yield* Effect.flip(teams.byId(red.id)))._tag, "DirectoryUnavailable")
      assert.strictEqual((yield* Effect.flip(teams.byIds([])))._tag, "DirectoryUnavailable")
      assert.strictEqual((yield* users.byId(alice.id)).id, alice.id)
      const rows = yield* MemoryDirectory
      rows.failing.delete("teams")
      assert.strictEqual((yield* teams.byId(red.id)).id, red.id)
    }).pipe(
      Effect.provide(MemoryDirectory.layerRepos({ users: [alice], teams: [red] }, { failing: new Set(["teams"]) }))
    ))

  it.effect("RULES D33: a required write that fails is unavailable, another is not", () =>
    Effect.gen(function*() {
      const provisioner = yield* Provisioner
      const rows = yield* MemoryDirectory
      const create = { _tag: "CreateUser", user: makeUser({ id: UserId.make("new") }) } as const
      assert.strictEqual((yield* Effect.flip(provisioner.run([create])))._tag, "DirectoryUnavailable")
      yield* provisioner.run([{ _tag: "SetRole", user: alice.id, role: "proxy_admin", origin: "token" }])
      assert.deepStrictEqual(rows.users.all(), [alice])
    }).pipe(
      Effect.provide(MemoryDirectory.layerRepos({ users: [alice] }, { failing: new Set(["users.write"]) }))
    ))

  it.effect("layerNone of the Provisioner writes nothing", () =>
    Effect.gen(function*() {
      const rows = yield* MemoryDirectory
      yield* Provisioner.use((it) => it.run([{ _tag: "CreateUser", user: alice }]))
      assert.deepStrictEqual(rows.users.all(), [])
    }).pipe(Effect.provide(Layer.merge(MemoryDirectory.layer(), Provisioner.layerNoop))))
})
