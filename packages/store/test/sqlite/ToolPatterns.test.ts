/** What no writer takes, but a row holds all the same: it gives nothing, and no server goes unnamed for it. */
import { assert, it } from "@effect/vitest"
import { makeTeam, TeamId } from "@jotgate/core/Directory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as SqliteClient from "../../src/sqlite/SqliteClient.ts"
import * as SqliteStore from "../../src/sqlite/SqliteStore.ts"
import * as Folder from "../support/Folder.ts"
import { seed } from "../support/Seed.ts"

it.live("patterns that are none are read as they stand, and name every server that they could mean", () =>
  Effect.gen(function*() {
    const filename = `${yield* Folder.make}/jotgate.db`
    const write = (tools: string) =>
      SqlClient.SqlClient.use((sql) => sql`UPDATE teams SET tools = ${tools} WHERE id = 'red'`).pipe(
        Effect.provide(SqliteClient.layer({ filename, readonly: false }))
      )
    const read = Effect.gen(function*() {
      const { tool } = yield* Effect.flatMap(ToolRepo, (it) => it.servers())
      const team = yield* Effect.exit(Effect.flatMap(TeamRepo, (it) => it.byId(TeamId.make("red"))))
      return { tool: tool.toSorted(), team }
    })
    const fresh = Effect.suspend(() => Effect.provide(read, SqliteStore.layer({ filename })))
    yield* Effect.provide(
      Effect.void,
      Layer.effectDiscard(seed({ teams: [makeTeam({ id: TeamId.make("red") })] })).pipe(
        Layer.provideMerge(SqliteStore.layer({ filename }))
      )
    )
    for (
      const [tools, names] of [
        [`["github"]`, ["github"]],
        [`["/x", "!github/"]`, ["*", "github"]],
        [`["!!github/x"]`, ["*"]],
        [`[""]`, ["*"]]
      ] as const
    ) {
      yield* write(tools)
      assert.deepStrictEqual((yield* fresh).tool, [...names].toSorted(), tools)
    }
    // What is no list of texts is no row that a decision could rest on.
    yield* write(`[1]`)
    assert.strictEqual((yield* fresh).team._tag, "Failure")
  }).pipe(Effect.scoped))
