/**
 * Finds the person behind an identity: by row id, then by linked subject, then
 * by an e-mail that may be trusted, or makes one, or says that there is none.
 *
 * A person is (namespace, subject): a row id counts only in the empty namespace
 * (RULES D5), ids of created rows are made, and who has no row is told by
 * namespace and subject (RULES D61). A row that is a proxy admin is never found
 * by an address, whatever stood in for the id (RULES D6, D57, threat B15).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { type DirectoryUnavailable, type DirectoryWrite, makeUser, type User } from "../directory/Directory.ts"
import * as MadeId from "../directory/MadeId.ts"
import { compound } from "../directory/MemoryRows.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import type { Denial, Unavailable } from "../Errors.ts"
import { type Identity, nameOf, subjectOf } from "../Identity.ts"
import { isUserId, type UserId } from "../Ids.ts"
import { domainOf } from "../rules/EmailDomain.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Standing } from "../rules/Role.ts"
import type { Now } from "../Trace.ts"
import { isAtHand, orAbsent, orOutage, outage, raise } from "./Ruled.ts"
import { Rules } from "./Rules.ts"

/** A person: the row when there is one, the id, and what is to be written about them. */
export interface Person {
  readonly id: UserId | undefined
  readonly row: User | undefined
  readonly writes: ReadonlyArray<DirectoryWrite>
}

const noWrites: ReadonlyArray<DirectoryWrite> = []
const noRow = Exit.succeed<User | undefined>(undefined)
const noPerson = Exit.succeed<Person>({ id: undefined, row: undefined, writes: noWrites })

/** The row that is made for a person at first sight: its subject is linked, its id says nothing (RULES D61). */
const fromTemplate = (identity: Identity, subject: UserId, id: UserId, policy: Policy): User => {
  const { template } = policy.settings.directory.users
  return makeUser({
    id,
    email: template.email ?? identity.email ?? null,
    subjects: [{ namespace: identity.namespace, subject }],
    role: template.role ?? null,
    models: template.models ?? [],
    maxBudget: template.maxBudget ?? null
  })
}

/**
 * Whether a row may be found by its id: one whose id was made, by this program or put together from namespace and subject
 * by an earlier one, belongs to the subjects that are linked to it and to nobody who says its id (RULES D61).
 */
export const isNamedByItsId = ({ id, subjects }: User): boolean =>
  subjects.length === 0 ||
  !(MadeId.isMade(id) || subjects.some((it) => it.namespace !== "" && id === nameOf(it, it.subject)))

/** Whether a person with this identity may be found in a row: a proxy admin is never found by an address (RULES D57). */
const mayBe = (row: User, { userIsAddress }: Identity): boolean => !userIsAddress || row.role !== "proxy_admin"

/** How many ids of people who are being created are remembered. */
const MOST_MADE = 1_000

/** One id for each person who is being created, however many of their requests arrive at once. */
const makeIds = () => {
  const made = new Map<string, UserId>()
  return ({ namespace }: Identity, subject: string, now: Now): UserId => {
    const key = compound(namespace, subject)
    const known = made.get(key)
    if (known !== undefined) return known
    const id = MadeId.make(now.time)
    const [oldest] = made.keys()
    if (made.size >= MOST_MADE && oldest !== undefined) made.delete(oldest)
    made.set(key, id)
    return id
  }
}

export class UserResolver extends Context.Service<UserResolver, {
  /** The person of an identity; `user_not_found` when unknown people are denied. */
  readonly find: (identity: Identity, standing: Standing, now: Now) => Effect.Effect<Person, Denial>
  /** The row of an identity, by id or linked subject, if there is one; nobody is made and nobody is refused. */
  readonly known: (identity: Identity, now: Now) => Effect.Effect<User | undefined, Unavailable>
}>()("@jotgate/core/UserResolver") {
  static readonly layer = Layer.effect(
    UserResolver,
    Effect.gen(function*() {
      const policy = yield* Rules
      const users = yield* UserRepo
      const { create, unknown } = policy.settings.directory.users

      const idFor = makeIds()

      /** The address by which this identity may be found. */
      const linkable = ({ email, linkByEmail }: Identity): string | undefined =>
        email !== undefined && linkByEmail !== "never" && domainOf(email) !== undefined ? email : undefined

      /** The person of a row, checked once per row. */
      const persons = new WeakMap<User, Exit.Exit<Person, Denial>>()

      const personOf = (row: User, now: Now): Exit.Exit<Person, Denial> => {
        const known = now.note === undefined ? persons.get(row) : undefined
        if (known !== undefined) return known
        const person = checked({ id: row.id, row, writes: noWrites }, "id or subject", now)
        if (now.note === undefined) persons.set(row, person)
        return person
      }

      /** By linked subject; a stranger otherwise. */
      const linked = (identity: Identity, subject: UserId, now: Now): Effect.Effect<Person, Denial> =>
        Effect.flatMapEager(
          orAbsent(users.bySubject(identity.namespace, subject, now), now),
          (row) =>
            row === undefined
              ? stranger(identity, subject, now)
              : mayBe(row, identity)
              ? personOf(row, now)
              : unknownTo(identity, subject, now)
        )

      const byEmail = Effect.fnUntracedEager(function*(identity: Identity, subject: UserId, now: Now) {
        const email = linkable(identity)
        if (email === undefined) return undefined
        const rows = yield* orOutage(users.byEmail(email, now), now)
        const row = rows.find((it) => it.role !== "proxy_admin")
        if (row === undefined) return undefined
        const link: DirectoryWrite = { _tag: "LinkSubject", user: row.id, namespace: identity.namespace, subject }
        return { id: row.id, row, writes: [link] }
      })

      const note = (person: Person, how: string, now: Now): void => {
        const { id, row } = person
        if (now.note === undefined || id === undefined) return
        now.note({
          step: "user",
          outcome: "ok",
          facts: { user: id, row: row !== undefined, role: row?.role ?? null, foundBy: how },
          resolved: { user: { id, email: row?.email ?? null, role: row?.role ?? "internal_user" } }
        })
      }

      /** A person whom no id and no subject finds. */
      const stranger = Effect.fnUntracedEager(function*(identity: Identity, subject: UserId, now: Now) {
        const addressed = yield* byEmail(identity, subject, now)
        if (addressed !== undefined) return yield* checked(addressed, "e-mail", now)
        if (create) {
          const row = fromTemplate(identity, subject, idFor(identity, subject, now), policy)
          const made: Person = { id: row.id, row, writes: [{ _tag: "CreateUser", user: row }] }
          return yield* checked(made, "created", now)
        }
        if (unknown === "allow") {
          const name = nameOf(identity, subject)
          // Whoever is told by the name of another's row would be taken for them by the upstream.
          const other = isUserId(name) ? yield* orAbsent(users.byId(name, now), now) : undefined
          if (isUserId(name) && other === undefined) {
            return yield* checked({ id: name, row: undefined, writes: noWrites }, "token alone", now)
          }
        }
        return yield* unknownTo(identity, subject, now)
      })

      const unknownTo = (identity: Identity, subject: UserId, now: Now): Exit.Exit<never, Denial> =>
        raise({
          step: "user",
          code: "user_not_found",
          facts: { user: subject, namespace: identity.namespace, email: identity.email ?? null }
        }, now)

      const checked = (person: Person, how: string, now: Now): Exit.Exit<Person, Denial> => {
        const ruling = person.row === undefined ? undefined : policy.rows.roleOfUser(person.row)
        if (ruling !== undefined) return raise(ruling, now)
        note(person, how, now)
        return Exit.succeed(person)
      }

      const find = (identity: Identity, standing: Standing, now: Now): Effect.Effect<Person, Denial> => {
        const object = standing.role === "internal_user" && !identity.service ? identity.object : undefined
        const subject = object !== undefined && isUserId(object) ? subjectOf(identity, object) : identity.user
        if (subject === undefined) return noPerson
        // A row id counts in the empty namespace only (RULES D5), and only where it is somebody's name (RULES D61).
        if (identity.namespace !== "") return linked(identity, subject, now)
        const own = (row: User) =>
          isNamedByItsId(row) && mayBe(row, identity) ? personOf(row, now) : linked(identity, subject, now)
        const byId = users.byId(subject, now)
        if (isAtHand(byId)) return own(byId.value)
        return Effect.flatMapEager(
          Effect.catchEager(
            Effect.mapEager(byId, own),
            (error) =>
              Exit.succeed<Effect.Effect<Person, Denial>>(
                error._tag === "RowNotFound"
                  ? linked(identity, subject, now)
                  : Effect.flatMapEager(linkedBefore(identity, subject, error, now), (row) => personOf(row, now))
              )
          ),
          (person) => person
        )
      }

      /**
       * The row that this subject is linked to, while the directory is away and nobody had the id a moment ago: they are
       * found as they were then. Of nobody else is anything known.
       */
      const linkedBefore = (
        identity: Identity,
        subject: UserId,
        error: DirectoryUnavailable,
        now: Now
      ): Effect.Effect<User, Unavailable> =>
        error.wasAbsent !== true ? outage(error, now) : Effect.flatMapEager(
          Effect.catchEager(users.bySubject(identity.namespace, subject, now), () => outage(error, now)),
          (row) => mayBe(row, identity) ? Exit.succeed(row) : outage(error, now)
        )

      /** The row of a person by id or subject, whether or not they may be unknown. */
      const known = (identity: Identity, now: Now): Effect.Effect<User | undefined, Unavailable> => {
        const { namespace, user: subject } = identity
        if (subject === undefined) return noRow
        const bySubject = () =>
          Effect.mapEager(
            orAbsent(users.bySubject(namespace, subject, now), now),
            (row) => row !== undefined && mayBe(row, identity) ? row : undefined
          )
        return namespace !== "" ? bySubject() : Effect.flatMapEager(
          orAbsent(users.byId(subject, now), now),
          (row) => row !== undefined && isNamedByItsId(row) && mayBe(row, identity) ? Exit.succeed(row) : bySubject()
        )
      }

      return { find, known }
    })
  )

  /** Everybody is this person. */
  static readonly layerTest = (person: Person): Layer.Layer<UserResolver> =>
    Layer.succeed(UserResolver, { find: () => Exit.succeed(person), known: () => Exit.succeed(person.row) })
}
