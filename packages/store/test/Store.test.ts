import { assert, describe, it } from "@effect/vitest"
import { makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Context, Effect, Exit, Layer } from "effect"
import { DirectoryAdmin } from "../src/manage/DirectoryAdmin.ts"
import { StoreHealth } from "../src/StoreHealth.ts"
import * as Folder from "./support/Folder.ts"
import { storeOf } from "./support/StoreOf.ts"

const now = (ticks: number) => ({ time: 0, ticks, note: undefined })

describe("Store", () => {
  it.live("a store in memory and one in a file do the same", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      for (const url of ["memory:", `sqlite:${folder}/jotgate.db`]) {
        yield* Effect.gen(function*() {
          const admin = yield* DirectoryAdmin
          const teams = yield* TeamRepo
          yield* admin.put("teams", { id: "red", models: ["gpt-4o"] }, { actor: "test" })
          assert.deepStrictEqual((yield* teams.byId(TeamId.make("red"))).models, ["gpt-4o"])
          yield* StoreHealth.use((it) => it.check)
        }).pipe(Effect.provide(storeOf({ url })))
      }
    }))

  it.live("two stores of one graph have each their own rows; one that is used twice is one", () =>
    Effect.gen(function*() {
      class Other extends Context.Service<Other, TeamRepo["Service"]>()("test/Other") {}
      const folder = yield* Folder.make
      const otherOver = (store: ReturnType<typeof storeOf>) => Layer.effect(Other, TeamRepo).pipe(Layer.provide(store))
      const found = Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        yield* admin.put("teams", { id: "red" }, { actor: "test" })
        return Exit.isSuccess(yield* Effect.exit((yield* Other).byId(TeamId.make("red"), now(0))))
      })
      const first = storeOf({ url: `sqlite:${folder}/first.db` })
      const second = storeOf({ url: `sqlite:${folder}/second.db` })
      assert.isFalse(yield* Effect.provide(found, Layer.merge(first, otherOver(second))))
      assert.isTrue(yield* Effect.provide(found, Layer.merge(first, otherOver(first))))
    }))

  it.live("rows are at hand once they were looked up, and forgotten when they change", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        const users = yield* UserRepo
        const id = UserId.make("u-1")
        assert.strictEqual((yield* Effect.flip(users.byId(id, now(0))))._tag, "RowNotFound")
        yield* admin.put("users", { id: "u-1", email: "A@acme.com" }, { actor: "test" })
        assert.strictEqual((yield* users.byId(id, now(1))).blocked, false, "an absence is forgotten too")
        assert.isTrue(Exit.isExit(users.byId(id, now(2))))
        assert.strictEqual((yield* users.byEmail("a@ACME.com", now(2))).length, 1)
        assert.isTrue(Exit.isExit(users.byEmail("A@acme.com", now(3))))
        yield* admin.put("users", { id: "u-1", email: "A@acme.com", blocked: true }, { actor: "test" })
        assert.strictEqual((yield* users.byId(id, now(4))).blocked, true)
        assert.strictEqual((yield* users.byEmail("a@acme.com", now(4)))[0]?.blocked, true)
      }).pipe(Effect.provide(storeOf({ url: `sqlite:${folder}/jotgate.db` })))
    }))

  it.live("directory.write: false writes nothing, and keeps the deny list in a file", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const url = `sqlite:${folder}/jotgate.db`
      yield* DirectoryAdmin.use((it) => it.put("teams", { id: "red" }, { actor: "test" })).pipe(
        Effect.provide(storeOf({ url }))
      )
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        const users = yield* UserRepo
        const error = yield* Effect.flip(admin.put("teams", { id: "blue" }, { actor: "test" }))
        assert.deepStrictEqual(error._tag === "ChangeRefused" && error.reason, "readonly")
        yield* Provisioner.use((it) => it.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make("new") }) }]))
        assert.strictEqual((yield* Effect.flip(users.byId(UserId.make("new"))))._tag, "RowNotFound")
        assert.strictEqual((yield* admin.get("teams", "red")).id, "red")
        yield* RevocationRepo.use((it) => it.add({ issuer: "okta", jti: "1" }))
      }).pipe(Effect.provide(storeOf({ url, write: false }, { dir: `${folder}/cache` })))
      const entries = yield* RevocationRepo.use((it) => it.all).pipe(
        Effect.provide(storeOf({ url, write: false }, { dir: `${folder}/cache` }))
      )
      assert.deepStrictEqual(entries, [{ issuer: "okta", jti: "1" }])
    }))

  it.live.each<readonly [url: string, message: string]>([
    ["mysql://localhost/x", "directory.url must be"],
    ["sqlite:", "directory.url sqlite: needs the path of a file"],
    ["sqlite:/nowhere/at/all/jotgate.db", "the directory cannot be opened"],
    ["postgres://user:p%ss@", "directory.url must be"]
  ])("%s is one clear line", ([url, message]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Layer.build(storeOf({ url })))
      const error = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      assert.strictEqual(error?._tag, "Fail")
      if (error?._tag === "Fail") assert.include(error.error.message, message)
    }))
})
