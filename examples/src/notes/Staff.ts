/** The host's own people: a table `staff` that knows nothing of jotgate. */
import { DirectoryUnavailable, makeUser, RowNotFound, type User, UserId } from "@jotgate/core/Directory"
import { UserRepo } from "@jotgate/core/Repositories"
import { Effect, Layer, Schema } from "effect"
import { SqlClient, SqlSchema } from "effect/sql"

const Row = Schema.Struct({ number: Schema.String, mail: Schema.String, left: Schema.Int })

const toUser = (row: typeof Row.Type): User =>
  makeUser({ id: UserId.make(row.number), email: row.mail, role: "internal_user", blocked: row.left === 1 })

const unavailable = new DirectoryUnavailable({ operation: "staff" })
const notFound = new RowNotFound({ kind: "user" })

/** `UserRepo` over the table; a failing statement is "not known", never "not found". */
export const layer = Layer.effect(
  UserRepo,
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const byNumber = SqlSchema.findAll({
      Request: Schema.String,
      Result: Row,
      execute: (number) => sql`SELECT number, mail, "left" FROM staff WHERE number = ${number}`
    })
    const byMail = SqlSchema.findAll({
      Request: Schema.String,
      Result: Row,
      execute: (mail) => sql`SELECT number, mail, "left" FROM staff WHERE mail = ${mail.toLowerCase()}`
    })
    return UserRepo.of({
      byId: (id) =>
        byNumber(id).pipe(
          Effect.mapError(() => unavailable),
          Effect.flatMap((rows) => rows[0] === undefined ? Effect.fail(notFound) : Effect.succeed(toUser(rows[0])))
        ),
      bySubject: () => Effect.fail(notFound),
      byEmail: (email) =>
        byMail(email).pipe(Effect.mapError(() => unavailable), Effect.map((rows) => rows.map(toUser))),
      membership: () => Effect.fail(new RowNotFound({ kind: "membership" })),
      memberships: () => Effect.succeed([])
    })
  })
)

/** Makes the table of the example. */
export const table = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS staff (number TEXT PRIMARY KEY, mail TEXT NOT NULL, "left" INTEGER NOT NULL)`
  yield* sql`INSERT OR IGNORE INTO staff VALUES ('s-1', 'ada@acme.test', 0), ('s-2', 'bob@acme.test', 1)`
}))
