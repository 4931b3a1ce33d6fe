import { assert, describe, it } from "@effect/vitest"
import { makeUser, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit } from "effect"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

const revoked = { issuer: "okta", jti: "j-1" }
const audit = { actor: "ada", action: "create", kind: "deny", id: "j-1", before: null, after: revoked } as const

describe("DirectoryAdmin", () => {
  it.live("a change beside the rows and its audit row are made together or not at all", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        const revocations = yield* RevocationRepo
        const failed = yield* Effect.exit(
          admin.recorded(Effect.andThen(revocations.add(revoked), Effect.fail("no")), audit)
        )
        assert.isTrue(Exit.isFailure(failed))
        assert.deepStrictEqual(yield* revocations.all, [])
        assert.deepStrictEqual(yield* admin.audits({ limit: 10 }), [])
        yield* admin.recorded(revocations.add(revoked), audit)
        assert.deepStrictEqual(yield* revocations.all, [revoked])
        const [row] = yield* admin.audits({ limit: 10 })
        assert.deepInclude(row, audit)
      }).pipe(Effect.provide(storeOf({ url: `sqlite:${folder}/jotgate.db` })))
    }))

  it.live("a directory that is only read keeps the deny list beside it, without audit rows", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const url = `sqlite:${folder}/jotgate.db`
      yield* DirectoryAdmin.use((it) => it.put("teams", { id: "red" }, { actor: "ada" })).pipe(
        Effect.provide(storeOf({ url }))
      )
      yield* Effect.gen(function*() {
        const admin = yield* DirectoryAdmin
        const revocations = yield* RevocationRepo
        yield* admin.recorded(revocations.add(revoked), audit)
        assert.deepStrictEqual(yield* revocations.all, [revoked])
        assert.strictEqual((yield* admin.audits({ limit: 10 })).length, 1)
      }).pipe(Effect.provide(storeOf({ url, write: false })))
    }))

  it.live("a directory in memory that is only read takes the rows of its file and nothing else", () =>
    Effect.gen(function*() {
      const admin = yield* DirectoryAdmin
      const users = yield* UserRepo
      yield* admin.apply({ teams: [{ id: "red" }] }, { actor: "directory.file", prune: "file" })
      const refused = [
        yield* Effect.flip(admin.put("teams", { id: "blue" }, { actor: "ada" })),
        yield* Effect.flip(admin.remove("teams", "red", { actor: "ada" })),
        yield* Effect.flip(admin.apply({}, { actor: "ada", prune: "all", origin: "api" })),
        yield* Effect.flip(admin.once("key", "body", Effect.succeed("done")))
      ]
      assert.deepStrictEqual(refused.map((it) => it._tag === "ChangeRefused" && it.reason), [
        "readonly",
        "readonly",
        "readonly",
        "readonly"
      ])
      const person = makeUser({ id: UserId.make("new") })
      yield* Provisioner.use((it) => it.run([{ _tag: "CreateUser", user: person }]))
      assert.strictEqual((yield* Effect.flip(users.byId(person.id)))._tag, "RowNotFound")
      assert.deepStrictEqual((yield* admin.list("teams", { limit: 9 })).rows.map((it) => it.id as string), ["red"])
    }).pipe(Effect.provide(storeOf({ url: "memory:", write: false }))))

  it.live("changes that belong together are made together or not at all", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      for (const url of ["memory:", `sqlite:${folder}/jotgate.db`]) {
        yield* Effect.gen(function*() {
          const admin = yield* DirectoryAdmin
          const put = (id: string) => admin.put("teams", { id }, { actor: "ada" })
          const ids = Effect.map(admin.list("teams", { limit: 9 }), ({ rows }) => rows.map((it) => it.id))
          yield* Effect.exit(admin.together(Effect.andThen(put("red"), Effect.fail("no"))))
          assert.deepStrictEqual(yield* ids, [], url)
          yield* admin.together(Effect.andThen(put("red"), put("blue")))
          assert.deepStrictEqual(yield* ids, ["blue", "red"], url)
        }).pipe(Effect.provide(storeOf({ url })))
      }
    }))

  it.live("an import tells how far it is, up to its last row", () =>
    Effect.gen(function*() {
      const told: Array<readonly [number, number]> = []
      const teams = Array.from({ length: 1200 }, (_, index) => ({ id: `team-${index}` }))
      yield* DirectoryAdmin.use((it) =>
        it.apply({ teams }, { actor: "ada", prune: "none", onProgress: (done, of) => told.push([done, of]) })
      ).pipe(Effect.provide(storeOf({ url: "memory:" })))
      assert.isAbove(told.length, 1)
      assert.deepStrictEqual(told.at(-1), [1200, 1200])
    }))
})
