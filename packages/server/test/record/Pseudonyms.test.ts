import { assert, describe, it } from "@effect/vitest"
import { DirectoryUnavailable, makeUser, UserId } from "@jotgate/core/Directory"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import { Effect } from "effect"
import * as Pseudonyms from "../../src/record/Pseudonyms.ts"
import { make } from "../../src/record/Redaction.ts"

const redact = make("key")
const people = Array.from({ length: 2_500 }, (_, i) => {
  const name = `p-${String(i).padStart(4, "0")}`
  return makeUser({ id: UserId.make(name), email: `${name}@acme.test` })
})

/** The directory, and how many pages of it were read. */
const counted = Effect.map(DirectoryAdmin, (directory) => {
  const read = { pages: 0 }
  const list: DirectoryAdmin["Service"]["list"] = (...asked) => {
    read.pages += 1
    return directory.list(...asked)
  }
  return { directory: { ...directory, list }, read }
})

describe("a question of a record, as it was", () => {
  const cases: Readonly<Record<string, readonly [text: string, pages: number]>> = {
    "without an address": [`{"sub":"x"}`, 0],
    "with the address of somebody on the first page": [`{"email":"p-0007@acme.test"}`, 1],
    "with two of one page": [`{"email":"p-0007@acme.test","cc":"p-0008@acme.test"}`, 1],
    "with those of two pages": [`{"email":"p-1500@acme.test","cc":"p-0008@acme.test"}`, 2],
    "with one of nobody": [`{"email":"nobody@acme.test","cc":"p-0008@acme.test"}`, 3]
  }
  for (const [name, [text, pages]] of Object.entries(cases)) {
    it.effect(`${name}: ${pages} pages of rows are read`, () =>
      Effect.gen(function*() {
        const { directory, read } = yield* counted
        const told = yield* Pseudonyms.plain(redact(text), redact, directory)
        const stays = redact("nobody@acme.test")
        assert.strictEqual(told, text.replace("nobody@acme.test", stays))
        assert.strictEqual(read.pages, pages)
      }).pipe(Effect.provide(MemoryStore.layer({ users: people }))))
  }

  it.effect("stays as it is while rows cannot be read", () =>
    Effect.gen(function*() {
      const { directory } = yield* counted
      const away = { ...directory, list: () => Effect.fail(new DirectoryUnavailable({ operation: "list" })) }
      const text = redact(`{"email":"p-0007@acme.test"}`)
      assert.strictEqual(yield* Pseudonyms.plain(text, redact, away), text)
    }).pipe(Effect.provide(MemoryStore.layer({ users: people }))))
})
