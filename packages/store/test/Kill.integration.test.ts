import { describe, it } from "@effect/vitest"
import { describeWith, Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import * as Folder from "./support/Folder.ts"
import * as Kill from "./support/Kill.ts"

const TIMES = 5

describe("kill -9 of a process that provisions and applies", { concurrent: true }, () => {
  it.live("on SQLite: no half-made row set, nothing lost that was acknowledged", () =>
    Effect.gen(function*() {
      const folder = yield* Folder.make
      yield* Kill.writers(`sqlite:${folder}/jotgate.db`, TIMES)
    }), 120_000)
})

describeWith("postgres", "kill -9 of a process that provisions and applies", () => {
  it.live("on PostgreSQL: no half-made row set, nothing lost that was acknowledged", () =>
    Effect.gen(function*() {
      const server = yield* Postgres.make()
      yield* Kill.writers(server.url, TIMES)
    }), 120_000)
}, { concurrent: true })
