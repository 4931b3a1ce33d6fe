import { assert, describe, it } from "@effect/vitest"
import { makeUser, UserId } from "@jotgate/core/Directory"
import { RowId } from "@jotgate/core/DirectoryFile"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import * as SqliteStore from "../src/sqlite/SqliteStore.ts"
import * as Folder from "./support/Folder.ts"
import { seed } from "./support/Seed.ts"

const canBeId = Schema.is(RowId)

/** Texts that are nearly another one: other case, other form, something before or after. */
const variants = (text: string): ReadonlyArray<string> => [
  text.toUpperCase(),
  text.toLowerCase(),
  text.normalize("NFD"),
  text.normalize("NFKC"),
  ` ${text}`,
  `${text} `,
  `${text}\0`,
  `${text}\ud800`,
  text.slice(1),
  `%${text}`
]

describe("text in a database", () => {
  const store = Layer.unwrap(
    Effect.map(Folder.make, (folder) => SqliteStore.layer({ filename: `${folder}/jotgate.db` }))
  )

  it.effect.prop(
    "threat E13: an id finds its own row or none, whatever its text",
    { ids: Arbitrary.schema(Schema.Array(Schema.NonEmptyString)) },
    ({ ids }) =>
      Effect.gen(function*() {
        const kept = Array.from(new Set(ids)).filter(canBeId)
        yield* seed({
          users: kept.map((id) =>
            makeUser({ id: UserId.make(id), email: `${id}@acme.com`, subjects: [{ namespace: id, subject: id }] })
          )
        })
        const users = yield* UserRepo
        for (const text of [...ids, ...ids.flatMap(variants)]) {
          if (text === "") continue
          const found = (look: ReturnType<typeof users.byId>) =>
            Effect.match(look, { onSuccess: (row): string | undefined => row.id, onFailure: () => undefined })
          const own = kept.includes(text) ? text : undefined
          assert.strictEqual(yield* found(users.byId(UserId.make(text))), own)
          assert.strictEqual(yield* found(users.bySubject(text, text)), own)
        }
      }).pipe(Effect.provide(Layer.fresh(store))),
    { arbitrary: { runs: 30, seed: process.env["SEED"] ?? "jotgate" }, timeout: 60_000 }
  )
})
