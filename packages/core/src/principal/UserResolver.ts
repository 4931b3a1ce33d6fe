/**
 * Finds the person behind an identity: by row id, then by linked subject, then
 * by an e-mail that may be trusted, or makes one, or says that there is none.
 *
 * Identity is (namespace, subject): a row id counts only in the empty namespace
 * (RULES D5). A row that is a proxy admin is never found by e-mail (RULES D6,
 * threat B15).
 */
import { Context, Effect, Exit, Layer } from "effect"
import { DirectoryWrite, makeUser, type User } from "../directory/Directory.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import type { Denial } from "../Errors.ts"
import type { Identity } from "../Identity.ts"
import { isUserId, type UserId } from "../Ids.ts"
import { domainOf } from "../rules/EmailDomain.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Standing } from "../rules/Role.ts"
import type { Now } from "../Trace.ts"
import { orAbsent, orOutage, raise } from "./Ruled.ts"
import { Rules } from "./Rules.ts"

/** A person: the row when there is one, the id, and what is to be written about them. */
export interface Person {
  readonly id: UserId | undefined
  readonly row: User | undefined
  readonly writes: ReadonlyArray<DirectoryWrite>
}

const noWrites: ReadonlyArray<DirectoryWrite> = []
const noPerson = Exit.succeed<Person>({ id: undefined, row: undefined, writes: noWrites })

/** The row that is made for a person at first sight. */
const fromTemplate = (identity: Identity, subject: UserId, policy: Policy): User => {
  const { template } = policy.settings.directory.users
  const id = identity.namespace === "" ? subject : `${identity.namespace}|${subject}`
  return makeUser({
    id: isUserId(id) ? id : subject,
    email: template.email ?? identity.email ?? null,
    subjects: identity.namespace === "" ? [] : [{ namespace: identity.namespace, subject }],
    role: template.role ?? null,
    models: template.models ?? [],
    maxBudget: template.maxBudget ?? null
  })
}

export class UserResolver extends Context.Service<UserResolver, {
  /** The person of an identity; `user_not_found` when unknown people are denied. */
  readonly find: (identity: Identity, standing: Standing, now: Now) => Effect.Effect<Person, Denial>
}>()("@jotgate/core/UserResolver") {
  static readonly layer = Layer.effect(
    UserResolver,
    Effect.gen(function*() {
      const policy = yield* Rules
      const users = yield* UserRepo
      const { create, unknown } = policy.settings.directory.users

      /** The address by which this identity may be found. */
      const linkable = ({ email, emailVerified, linkByEmail }: Identity): string | undefined =>
        email !== undefined && linkByEmail !== "never" && (linkByEmail === "always" || emailVerified) &&
          domainOf(email) !== undefined
          ? email
          : undefined

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
          (row) => row === undefined ? stranger(identity, subject, now) : personOf(row, now)
        )

      const byEmail = Effect.fnUntracedEager(function*(identity: Identity, subject: UserId, now: Now) {
        const email = linkable(identity)
        if (email === undefined) return undefined
        const rows = yield* orOutage(users.byEmail(email, now), now)
        const row = rows.find((it) => it.role !== "proxy_admin")
        if (row === undefined) return undefined
        const link = DirectoryWrite.make({ _tag: "LinkSubject", user: row.id, namespace: identity.namespace, subject })
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
          const row = fromTemplate(identity, subject, policy)
          const made: Person = { id: row.id, row, writes: [DirectoryWrite.make({ _tag: "CreateUser", user: row })] }
          return yield* checked(made, "created", now)
        }
        if (unknown === "allow") {
          return yield* checked({ id: subject, row: undefined, writes: noWrites }, "token alone", now)
        }
        return yield* raise({
          step: "user",
          code: "user_not_found",
          facts: { user: subject, namespace: identity.namespace, email: identity.email ?? null }
        }, now)
      })

      const checked = (person: Person, how: string, now: Now): Exit.Exit<Person, Denial> => {
        const ruling = person.row === undefined ? undefined : policy.roleOfUser(person.row)
        if (ruling !== undefined) return raise(ruling, now)
        note(person, how, now)
        return Exit.succeed(person)
      }

      const find = (identity: Identity, standing: Standing, now: Now): Effect.Effect<Person, Denial> => {
        const object = standing.role === "internal_user" && !identity.service ? identity.object : undefined
        const subject = object !== undefined && isUserId(object) ? object : identity.user
        if (subject === undefined) return noPerson
        // A row id counts in the empty namespace only (RULES D5).
        return identity.namespace !== "" ? linked(identity, subject, now) : Effect.flatMapEager(
          orAbsent(users.byId(subject, now), now),
          (row) => row === undefined ? linked(identity, subject, now) : personOf(row, now)
        )
      }

      return { find }
    })
  )

  /** Everybody is this person. */
  static readonly layerTest = (person: Person): Layer.Layer<UserResolver> =>
    Layer.succeed(UserResolver, { find: () => Exit.succeed(person) })
}
