/**
 * Executes the writes of allowed decisions on SQL.
 *
 * Every statement is idempotent, and the database decides races: of many
 * processes that see a person for the first time one makes the row, the others
 * find it made. What a decision rests on is committed before the answer; the
 * rest waits in `WriteQueue`. Text that cannot be kept is never written.
 */
import {
  DirectoryUnavailable,
  type DirectoryWrite,
  isRequired,
  makeMembership,
  type Team,
  type TeamId,
  type User,
  type UserId
} from "@jotgate/core/Directory"
import { RowId } from "@jotgate/core/DirectoryFile"
import { Provisioner } from "@jotgate/core/Provisioner"
import { Deferred, Effect, Exit, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Trouble from "../manage/Trouble.ts"
import * as Change from "../remember/Change.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import * as WriteQueue from "../remember/WriteQueue.ts"
import * as Dialect from "./Dialect.ts"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"
import * as Tables from "./Tables.ts"
import * as Transaction from "./Transaction.ts"

const canBeId = Schema.is(RowId)

/** The statements of one database, each inside the transaction of its caller. */
const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const inTransaction = Transaction.within(sql)
  const forgetting = yield* Forgetting
  const dialect = Dialect.of(sql)
  const run = (text: string, params: ReadonlyArray<Rows.Value>) =>
    sql.unsafe<Rows.Row>(Dialect.numbered(dialect, text), params).withoutTransform
  const insert = (kind: "users" | "teams", row: Readonly<Record<string, Rows.Value>>) => {
    const names = Object.keys(row)
    return run(
      `INSERT INTO ${kind} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})
        ON CONFLICT (id) DO NOTHING RETURNING id`,
      Object.values(row)
    )
  }
  const join = (user: UserId, team: TeamId, role: string, token: boolean) => {
    const row = Rows.ofMembership(makeMembership({ user, team, role, origin: token ? "token" : "api" }))
    const { team_id: _, user_id: __, ...rest } = row
    const names = Object.keys(rest)
    return run(
      `INSERT INTO memberships (user_id, team_id, ${names.join(", ")})
        SELECT u.id, t.id, ${names.map(() => "?").join(", ")} FROM users u, teams t WHERE u.id = ? AND t.id = ?
        ON CONFLICT (user_id, team_id) DO NOTHING RETURNING user_id`,
      [...Object.values(rest), user, team]
    )
  }

  /** The whole person or nothing: a subject that somebody else got meanwhile undoes the row. */
  const createUser = Effect.fnUntraced(function*(user: User) {
    const made = yield* insert("users", Rows.ofUser(user, "token"))
    if (made.length === 0) return
    for (const { namespace, subject } of user.subjects) {
      yield* run("INSERT INTO subjects (namespace, subject, user_id) VALUES (?, ?, ?)", [namespace, subject, user.id])
    }
    for (const team of user.teams) yield* join(user.id, team, "user", user.tokenTeams.includes(team))
  })

  const createTeam = (team: Team) => insert("teams", { ...Rows.ofTeam(team, "token"), organization_id: null })

  const write = (it: DirectoryWrite): Effect.Effect<unknown, SqlError.SqlError> => {
    switch (it._tag) {
      case "CreateUser":
        return Effect.catchReason(
          inTransaction(createUser(it.user)),
          "SqlError",
          "UniqueViolation",
          () => Effect.void
        )
      case "CreateTeam":
        return createTeam(it.team)
      case "LinkSubject":
        return run(
          `INSERT INTO subjects (namespace, subject, user_id) SELECT ?, ?, id FROM users WHERE id = ?
            ON CONFLICT (namespace, subject) DO NOTHING`,
          [it.namespace, it.subject, it.user]
        )
      case "SetRole":
        return run(`UPDATE users SET role = ?, role_origin = ? WHERE id = ?`, [it.role, it.origin, it.user])
      case "JoinTeam":
        return join(it.user, it.team, it.role, true)
      case "LeaveTeam":
        return run("DELETE FROM memberships WHERE user_id = ? AND team_id = ? AND origin = 'token'", [it.user, it.team])
    }
  }

  const byId = Dialect.numbered(dialect, Tables.byKeys(dialect, "users", false))

  /** What these writes may have changed; every key of a person is forgotten, as any of them may hold the old row. */
  const changeOf = Effect.fnUntraced(function*(writes: ReadonlyArray<DirectoryWrite>) {
    const people = new Set(writes.map(userOf).filter((id) => id !== undefined))
    const rows = people.size === 0
      ? []
      : yield* sql.unsafe<Rows.Row>(byId, [JSON.stringify(Array.from(people, (id) => ({ id })))]).withoutTransform
    const changes = rows.map((row) => {
      const user = Rows.user(row)
      return Exit.isSuccess(user)
        ? Change.ofStep({ kind: "users", id: user.value.id, before: undefined, after: user.value })
        : Change.everything
    })
    return Change.merge([...changes, ...writes.map(named)])
  })

  return (writes: ReadonlyArray<DirectoryWrite>, begun: Effect.Effect<void> = Effect.void) =>
    inTransaction(Effect.gen(function*() {
      yield* begun
      for (const it of writes) yield* write(it)
      yield* forgetting.announce(yield* changeOf(writes))
    }))
})

/** Whom a write is about. */
export const userOf = (write: DirectoryWrite): string | undefined =>
  write._tag === "CreateTeam" ? undefined : write._tag === "CreateUser" ? write.user.id : write.user

/** The keys that a write itself names: also when there is no row, an absence may be remembered. */
export const named = (write: DirectoryWrite): Change.Change => {
  switch (write._tag) {
    case "CreateUser":
      return Change.ofStep({ kind: "users", id: write.user.id, before: undefined, after: write.user })
    case "CreateTeam":
      return Change.ofStep({ kind: "teams", id: write.team.id, before: undefined, after: write.team })
    case "LinkSubject":
      return { users: [write.user], subjects: [[write.namespace, write.subject]] }
    case "SetRole":
      return { users: [write.user] }
    case "JoinTeam":
    case "LeaveTeam":
      return { users: [write.user], memberships: [[write.user, write.team]] }
  }
}

/** Whether every text of a write can be kept. */
const canBeKept = (write: DirectoryWrite): boolean => {
  switch (write._tag) {
    case "CreateUser": {
      const { email, id, subjects } = write.user
      return canBeId(id) && (email === null || Rows.isStorable(email)) &&
        subjects.every((it) => Rows.isStorable(it.namespace) && canBeId(it.subject))
    }
    case "CreateTeam":
      return canBeId(write.team.id) && (write.team.alias === null || Rows.isStorable(write.team.alias))
    case "LinkSubject":
      return Rows.isStorable(write.namespace) && canBeId(write.subject) && Rows.isStorable(write.user)
    case "SetRole":
      return Rows.isStorable(write.user)
    case "JoinTeam":
    case "LeaveTeam":
      return Rows.isStorable(write.user) && Rows.isStorable(write.team)
  }
}

/** One transaction that several wait for. */
interface Flight {
  readonly begun: Deferred.Deferred<void>
  readonly done: Deferred.Deferred<void, SqlError.SqlError>
}

/** The Provisioner of a way to write: `transact` does a batch in one transaction, or none of it, and says when it begins. */
export const provisionerOf = Effect.fnUntraced(function*(
  transact: (
    writes: ReadonlyArray<DirectoryWrite>,
    begun?: Effect.Effect<void>
  ) => Effect.Effect<void, SqlError.SqlError>
) {
  const forgetting = yield* Forgetting
  const lookups = yield* Lookups
  const queue = yield* WriteQueue.make({
    run: (writes) => transact(writes),
    reasonOf: Trouble.reasonOf,
    isTransient: (error) => error.isRetryable || Transaction.isCutOff(error) || error.reason._tag === "UnknownError"
  })
  yield* forgetting.listen(queue.reset)

  /** Those who want the same at the same time, as when one person opens many connections at once, share one transaction. */
  const flights = new Map<string, Flight>()
  const join = (writes: ReadonlyArray<DirectoryWrite>): Effect.Effect<Flight> =>
    // Nobody who is cut off leaves a flight behind that never begins: whoever wants the same would wait for it.
    Effect.uninterruptible(Effect.suspend(() => {
      const key = JSON.stringify(writes)
      const known = flights.get(key)
      if (known !== undefined) return Effect.succeed(known)
      const flight: Flight = { begun: Deferred.makeUnsafe(), done: Deferred.makeUnsafe() }
      flights.set(key, flight)
      const begun = Effect.sync(() => void Deferred.doneUnsafe(flight.begun, Effect.void))
      const run = Effect.onExit(transact(writes, begun), (exit) =>
        Effect.sync(() => {
          flights.delete(key)
          Deferred.doneUnsafe(flight.begun, Effect.void)
          Deferred.doneUnsafe(flight.done, exit)
        }))
      return Effect.as(Effect.forkDetach(run, { startImmediately: true }), flight)
    }))
  /** A transaction goes on when nobody waits for it any more. */
  const shared = (writes: ReadonlyArray<DirectoryWrite>) => (begun: Effect.Effect<void>) =>
    Effect.flatMap(
      join(writes),
      (flight) => Effect.andThen(Deferred.await(flight.begun), Effect.andThen(begun, Deferred.await(flight.done)))
    )

  return Provisioner.of({
    run: Effect.fnUntraced(function*(writes) {
      const required = writes.filter(isRequired)
      const later = writes.filter((it) => !isRequired(it) && canBeKept(it))
      if (required.length > 0) {
        const operation = required[0]?._tag === "CreateTeam" ? "create team" : "create user"
        const unavailable = Exit.fail(new DirectoryUnavailable({ operation }))
        if (!required.every(canBeKept)) return yield* unavailable
        yield* lookups.within(shared(required), () => unavailable).pipe(
          // What a lost connection did not do, or did without saying so, may be done again: it comes to the same.
          Effect.retry({ times: 1, while: (error) => error._tag === "SqlError" && Transaction.isCutOff(error) }),
          Effect.catchTag(
            "SqlError",
            (error) =>
              Effect.andThen(
                Effect.logWarning("directory write failed", { operation, reason: Trouble.reasonOf(error) }),
                unavailable
              )
          )
        )
      }
      if (later.length > 0) yield* queue.offer(later)
    })
  })
})

/** `Provisioner` on the directory's own tables. */
export const layer = Layer.effect(Provisioner, Effect.flatMap(make, provisionerOf))
