import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { DirectoryAdmin } from "../../src/DirectoryAdmin.ts"
import * as Backup from "../../src/sqlite/Backup.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

const teams = (version: number) =>
  Array.from({ length: 100 }, (_, index) => ({ id: `team-${index}`, models: [`version-${version}`] }))

const apply = (version: number) =>
  DirectoryAdmin.use((admin) => admin.apply({ teams: teams(version) }, { actor: "test", prune: "none" }))

const versions = Effect.map(
  DirectoryAdmin.use((admin) => admin.list("teams", { limit: 1_000 })),
  ({ rows }) => new Set(rows.flatMap((it) => it.models))
)

describe("backup and restore", () => {
  it.live("a copy is consistent under load, and comes back as it was", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const file = `${folder}/jotgate.db`
      const context = yield* Layer.build(storeOf({ url: `sqlite:${file}` }))
      yield* Effect.provide(apply(0), context)
      const load = yield* Effect.forkChild(
        Effect.provide(Effect.forever(Effect.andThen(apply(1), apply(2))), context)
      )
      for (let round = 0; round < 5; round++) {
        const copy = `${folder}/copy-${round}.db`
        assert.isAbove(yield* Backup.make(file, copy), 5)
        const kept = yield* Effect.provide(versions, storeOf({ url: `sqlite:${copy}` }))
        assert.strictEqual(kept.size, 1, "one version, not half of two")
      }
      yield* Fiber.interrupt(load)
      yield* Effect.provide(apply(7), context)
      yield* Backup.make(file, `${folder}/last.db`)
      yield* Effect.provide(apply(8), context)
      yield* Backup.restore(`${folder}/last.db`, file)
      assert.deepStrictEqual(yield* Effect.provide(versions, context), new Set(["version-7"]))
    }), 30_000)

  it.live("what cannot be copied or put back says so in one line, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      const file = `${folder}/jotgate.db`
      yield* Effect.provide(apply(0), storeOf({ url: `sqlite:${file}` }))
      writeFileSync(`${folder}/text.db`, "this is no database, and it is long enough to be looked at as if it were one")
      const failures = [
        yield* Effect.flip(Backup.make(`${folder}/none.db`, `${folder}/copy.db`)),
        yield* Effect.flip(Backup.make(file, `${folder}/no/such/folder/copy.db`)),
        yield* Effect.flip(Backup.restore(`${folder}/none.db`, file)),
        yield* Effect.flip(Backup.restore(`${folder}/text.db`, file))
      ]
      for (const { message } of failures) assert.match(message, /^[^\n]+$/)
      assert.isFalse(existsSync(`${folder}/none.db`))
      assert.deepStrictEqual(readdirSync(folder).filter((it) => it.startsWith("copy")), [])
      assert.deepStrictEqual(
        yield* Effect.provide(versions, storeOf({ url: `sqlite:${file}` })),
        new Set(["version-0"])
      )
    }))
})
