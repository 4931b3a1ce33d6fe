/**
 * The deny list in the directory's database.
 *
 * An entry is found by what it denies, so adding it twice is one entry. A
 * change is announced like any other change of the directory, and every process
 * reads the list again.
 */
import { identityOf, RevocationRepo, RevocationsUnavailable, Revoked } from "@jotgate/core/RevocationRepo"
import { Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { Forgetting } from "../remember/Forgetting.ts"
import * as Dialect from "./Dialect.ts"
import type { Row, Value } from "./Rows.ts"
import * as Transaction from "./Transaction.ts"

const decode = Schema.decodeUnknownEffect(Revoked)

const fields = {
  issuer: "issuer",
  jti: "jti",
  subject: "subject",
  issuedBefore: "issued_before",
  kid: "kid",
  expiresAt: "expires_at"
} as const

const entryOf = (row: Row): unknown =>
  Object.fromEntries(
    Object.entries(fields).map(([name, column]) => [name, row[column]]).filter(([, value]) => value !== null)
  )

export const layer = Layer.effect(
  RevocationRepo,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const inTransaction = Transaction.within(sql)
    const forgetting = yield* Forgetting
    const dialect = Dialect.of(sql)
    const columns = ["id", ...Object.values(fields)]
    const run = (text: string, params: ReadonlyArray<Value>) =>
      sql.unsafe<Row>(Dialect.numbered(dialect, text), params).withoutTransform
    const change = (text: string, params: ReadonlyArray<Value>) =>
      inTransaction(Effect.andThen(run(text, params), forgetting.announce({ revocations: true })))
    const unavailable = (operation: string) => (error: SqlError.SqlError | Schema.SchemaError) =>
      new RevocationsUnavailable({
        reason: `${operation}: ${error._tag === "SqlError" ? error.reason._tag : "a row does not fit"}`
      })

    return {
      all: run(`SELECT ${Object.values(fields).join(", ")} FROM revocations ORDER BY seq`, []).pipe(
        Effect.flatMap((rows) => Effect.forEach(rows, (row) => decode(entryOf(row)))),
        Effect.mapError(unavailable("read"))
      ),
      add: (entry) =>
        Effect.mapError(
          change(
            `INSERT INTO revocations (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
              ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
            [
              identityOf(entry),
              entry.issuer,
              entry.jti ?? null,
              entry.subject ?? null,
              entry.issuedBefore ?? null,
              entry.kid ?? null,
              entry.expiresAt ?? null
            ]
          ),
          unavailable("add")
        ),
      remove: (entry) =>
        Effect.mapError(change("DELETE FROM revocations WHERE id = ?", [identityOf(entry)]), unavailable("remove")),
      listen: (changed) =>
        forgetting.listen((it) => {
          if (it.revocations === true || it.everything === true || it.unsure === true) changed()
        })
    }
  })
)
