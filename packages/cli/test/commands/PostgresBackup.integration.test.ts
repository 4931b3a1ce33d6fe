/** What docs/directory.md says of PostgreSQL: the way there from SQLite, and the copy that `pg_dump` makes and `pg_restore` takes. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Catalog, describeWith, Postgres } from "@jotgate/servers"
import { Effect, FileSystem } from "effect"
import { dirname } from "node:path"
import { textOf } from "../support/Documents.ts"
import { commandsOf } from "../support/PageCommands.ts"
import { pasted } from "../support/Process.ts"

const page = "docs/directory.md"
const moves = commandsOf(page).map(({ text }) => text).filter((it) =>
  /(?:sqlite|postgres)\.yaml/.test(it) && !it.includes(" | ")
)
const dump = commandsOf(page).find(({ text }) => text.startsWith("pg_dump"))?.text ?? ""

describeWith("postgres", "a directory in PostgreSQL", () => {
  it.live("takes the rows of SQLite, and is the same after a dump, a lost schema and a restore", () =>
    Effect.gen(function*() {
      const postgres = yield* Effect.acquireRelease(
        Effect.promise(() => Postgres.start()),
        (it) => Effect.promise(() => it.stop())
      )
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      for (const [name, url] of [["sqlite", `sqlite:${folder}/jotgate.db`], ["postgres", postgres.url]] as const) {
        yield* files.writeFileString(
          `${folder}/${name}.yaml`,
          JSON.stringify({
            issuers: [{ id: "a", issuer: "https://idp.test", audience: "gate" }],
            directory: { url },
            gateway: { admin: "127.0.0.1:1" }
          })
        )
      }
      const path = `${dirname(Catalog.beside(Catalog.locate("postgres"), "pg_dump"))}:${process.env["PATH"]}`
      const paste = (line: string) =>
        Effect.tap(
          pasted(line, { cwd: folder, env: { PATH: path } }),
          ({ code, text }) => Effect.sync(() => assert.strictEqual(code, 0, `${line}\n${text}`))
        )
      yield* paste("jotgate team create red --models gpt-4o --config sqlite.yaml")
      assert.lengthOf(moves, 3)
      for (const line of moves) yield* paste(line)
      const exported = "jotgate directory export --config postgres.yaml --json"
      const before = yield* paste(exported)
      assert.include(before.out, `"red"`)

      yield* paste(`${dump} '${postgres.url}' > dump`)
      yield* Effect.promise(() => postgres.query("DROP SCHEMA jotgate CASCADE"))
      assert.include(textOf(page), "`pg_restore`")
      yield* paste(`pg_restore -d '${postgres.url}' dump`)
      assert.strictEqual((yield* paste(exported)).out, before.out)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
