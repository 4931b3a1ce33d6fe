/**
 * The host's own rows behind plain functions: each answers a row, nothing, or a
 * promise or an effect of it.
 *
 * What a function leaves out has its default, what it answers is checked by the
 * schema of its noun, and one that throws, fails or answers something else is a
 * directory that does not answer (503), never a missing row.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Directory from "../directory/Directory.ts"
import { foldEmail } from "../directory/MemoryRows.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import { Provisioner } from "../directory/Provisioner.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import { UserRepo } from "../directory/UserRepo.ts"
import { asking } from "../Once.ts"
import { findings, pathText, suggestion } from "../settings/SchemaFindings.ts"
import type { Now } from "../Trace.ts"

/** What a function may answer. */
export type Answer<A> =
  | A
  | null
  | undefined
  | PromiseLike<A | null | undefined>
  | Effect.Effect<A | null | undefined, unknown>

/** What every row has. */
interface Identified {
  /** The id, opaque and never empty. */
  readonly id: string
}

/** A row of a user: its id, and what is not as the default (`docs/directory.md`). */
export type UserRow = Identified & Partial<typeof Directory.User.Encoded>
/** A row of a team. An empty `models` allows every model. */
export type TeamRow = Identified & Partial<typeof Directory.Team.Encoded>
/** A row of an organization. */
export type OrganizationRow = Identified & Partial<typeof Directory.Organization.Encoded>
/** A row of an end user. */
export type EndUserRow = Identified & Partial<typeof Directory.EndUser.Encoded>
/** The limits of a user in a team. */
export type MembershipRow =
  & { readonly user: string; readonly team: string }
  & Partial<typeof Directory.Membership.Encoded>
/** A list of models that teams share. */
export type ModelGroupRow = typeof Directory.ModelGroup.Encoded

/** Where the host finds rows; what is left out finds nothing. */
export interface PlainDirectory {
  /** The user with this id. */
  readonly user?: (id: string) => Answer<UserRow>
  /** The user that this subject of an identity namespace ("" unless configured) is linked to. */
  readonly userBySubject?: (namespace: string, subject: string) => Answer<UserRow>
  /** Every user with this address, compared without case of A to Z. */
  readonly usersByEmail?: (email: string) => Answer<ReadonlyArray<UserRow>>
  /** The team with this id. */
  readonly team?: (id: string) => Answer<TeamRow>
  /** The teams among these ids, in any order; without it they are asked for one by one. */
  readonly teams?: (ids: ReadonlyArray<string>) => Answer<ReadonlyArray<TeamRow>>
  /** Every team with this alias; two are 403 `team_ambiguous`. */
  readonly teamsByAlias?: (alias: string) => Answer<ReadonlyArray<TeamRow>>
  /** The model groups among these ids. */
  readonly modelGroups?: (ids: ReadonlyArray<string>) => Answer<ReadonlyArray<ModelGroupRow>>
  /** The organization with this id. */
  readonly organization?: (id: string) => Answer<OrganizationRow>
  /** Every organization with this alias; two are 403 `organization_ambiguous`. */
  readonly organizationsByAlias?: (alias: string) => Answer<ReadonlyArray<OrganizationRow>>
  /** The end user with this id. */
  readonly endUser?: (id: string) => Answer<EndUserRow>
  /** The limits of a user in a team. Whether the user is a member is told by `teams` of its row. */
  readonly membership?: (user: string, team: string) => Answer<MembershipRow>
  /** Does what an allowed decision wants to be written; without it nothing is written. */
  readonly write?: (write: Directory.DirectoryWrite) => Answer<unknown>
}

type Kind = Directory.RowNotFound["kind"]

const isPromise = <A>(it: unknown): it is PromiseLike<A> =>
  typeof it === "object" && it !== null && "then" in it && typeof it.then === "function"

/** What the host's function says; `undefined` is nothing. */
type Found = Effect.Effect<unknown, Directory.DirectoryUnavailable>

/** What a function answers, an `Exit` when it does so at once; whatever goes wrong is a directory that does not answer. */
const asked = <A>(
  operation: string,
  ask: () => Answer<A>
): Effect.Effect<A | undefined, Directory.DirectoryUnavailable> => {
  const unavailable = (cause: unknown) =>
    Effect.andThen(
      Effect.logWarning("the host's directory failed", {
        operation,
        cause: cause instanceof Error ? cause.name : "failure"
      }),
      Exit.fail(new Directory.DirectoryUnavailable({ operation }))
    )
  const said = Result.try(ask)
  if (Result.isFailure(said)) return unavailable(said.failure)
  const answer = said.success
  if (Effect.isEffect(answer)) {
    return Effect.map(answer, (it) => it ?? undefined).pipe(Effect.catch(unavailable), Effect.catchDefect(unavailable))
  }
  return isPromise<A | null | undefined>(answer)
    ? Effect.tryPromise(() => answer).pipe(
      Effect.map((it) => it ?? undefined),
      Effect.catchTag("UnknownError", ({ cause }) => unavailable(cause))
    )
    : Exit.succeed(answer ?? undefined)
}

/** A question to one of the host's functions. */
interface Question {
  readonly operation: string
  /** What tells it from others of this operation. */
  readonly about: string
  readonly ask: () => Found
}

const isFound = (it: unknown): it is Found => Effect.isEffect(it)

/** Asks one of the host's functions, once about the same of one request, however often that is decided. */
const said = (question: Question | undefined, now: Now | undefined): Found | undefined => {
  if (question === undefined) return undefined
  const { about, ask, operation } = question
  return asking(now?.once, `${operation} ${about}`, isFound, ask)
}

type Decode<A> = (row: unknown) => Exit.Exit<A, Schema.SchemaError>

/** Checks a row, and that it is one of those that were asked for. */
type Read<A> = (row: unknown, isAsked: (row: A) => boolean) => Effect.Effect<A, Directory.DirectoryUnavailable>

const unknownColumn = (name: string, known: Iterable<string>): string => {
  const meant = suggestion(name, known)
  return `unknown column ${name}${meant === undefined ? "" : `, did you mean ${meant}?`}`
}

/**
 * A row with its defaults, checked by the schema of its noun, which is compiled for the first one. A column that the noun
 * does not have is refused: a misspelt list would be one that is left out, which allows everything.
 */
const reader = <A>(
  operation: string,
  columns: object,
  schema: () => Decode<A>,
  defaultsOf: () => object = () => ({})
) => {
  let made: { readonly decode: Decode<A>; readonly defaults: object } | undefined
  const known: ReadonlySet<string> = new Set(Object.keys(columns))
  const misfit = (why: string): Effect.Effect<never, Directory.DirectoryUnavailable> =>
    Effect.andThen(
      Effect.logWarning("a row of the host's directory does not fit", { rows: operation, why }),
      Exit.fail(new Directory.DirectoryUnavailable({ operation: `${operation}: a row does not fit: ${why}` }))
    )
  return (row: unknown, isAsked: (row: A) => boolean): Effect.Effect<A, Directory.DirectoryUnavailable> => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return misfit("it is no object")
    for (const name of Object.keys(row)) {
      if (!known.has(name) && Reflect.get(row, name) !== undefined) return misfit(unknownColumn(name, known))
    }
    made ??= { decode: schema(), defaults: defaultsOf() }
    const noun = made.decode({ ...made.defaults, ...row })
    if (Exit.isSuccess(noun)) {
      return isAsked(noun.value) ? Exit.succeed(noun.value) : misfit("it is not the one that was asked for")
    }
    const places = Option.match(Cause.findErrorOption(noun.cause), {
      onNone: () => [],
      onSome: ({ issue }) => findings(issue).map(({ path }) => pathText(path))
    })
    return misfit(`${places.join(", ")} is not what it may be`)
  }
}

const readUser = reader(
  "users",
  Directory.User.fields,
  () => Schema.decodeUnknownExit(Directory.User),
  () => Directory.makeUser({ id: Directory.UserId.make("-") })
)
const readTeam = reader(
  "teams",
  Directory.Team.fields,
  () => Schema.decodeUnknownExit(Directory.Team),
  () => Directory.makeTeam({ id: Directory.TeamId.make("-") })
)
const readOrganization = reader(
  "organizations",
  Directory.Organization.fields,
  () => Schema.decodeUnknownExit(Directory.Organization),
  () => Directory.makeOrganization({ id: Directory.OrganizationId.make("-") })
)
const readEndUser = reader(
  "endUsers",
  Directory.EndUser.fields,
  () => Schema.decodeUnknownExit(Directory.EndUser),
  () => Directory.makeEndUser({ id: Directory.EndUserId.make("-") })
)
const readMembership = reader(
  "memberships",
  Directory.Membership.fields,
  () => Schema.decodeUnknownExit(Directory.Membership),
  () => Directory.makeMembership({ user: Directory.UserId.make("-"), team: Directory.TeamId.make("-") })
)
const readGroup = reader(
  "modelGroups",
  Directory.ModelGroup.fields,
  () => Schema.decodeUnknownExit(Directory.ModelGroup)
)

/** One text for what is asked about; of one operation the arguments are always as many. */
const textOf = (args: ReadonlyArray<unknown>): string =>
  args.length === 1 && typeof args[0] === "string" ? args[0] : JSON.stringify(args)

/** A function of the host with what it is asked about, where there is one. */
const bound = <A extends ReadonlyArray<unknown>, B>(
  operation: string,
  f: ((...args: A) => Answer<B>) | undefined,
  ...args: A
): Question | undefined =>
  f === undefined
    ? undefined
    : { operation, about: textOf(args), ask: () => asked(operation, () => f(...args)) }

/** The row that a function answers, or its absence. */
const one = <A>(kind: Kind, read: Read<A>, said: Found | undefined, isAsked: (row: A) => boolean) =>
  said === undefined
    ? Directory.absent(kind)
    : Effect.flatMapEager(
      said,
      (row): Effect.Effect<A, Directory.RowNotFound | Directory.DirectoryUnavailable> =>
        row === undefined ? Directory.absent(kind) : read(row, isAsked)
    )

/** The rows that a function answers. */
const many = <A>(
  read: Read<A>,
  said: Found | undefined,
  isAsked: (row: A) => boolean
): Effect.Effect<ReadonlyArray<A>, Directory.DirectoryUnavailable> =>
  said === undefined
    ? Exit.succeed([])
    : Effect.flatMap(said, (rows = []) =>
      Effect.forEach(Array.isArray(rows) ? rows : [undefined], (row) => read(row, isAsked)))

/** The only row among those that a function answers. */
const only = <A>(
  kind: "team" | "organization",
  rows: Effect.Effect<ReadonlyArray<A>, Directory.DirectoryUnavailable>
) =>
  Effect.flatMap(
    rows,
    ([row, second]): Exit.Exit<A, Directory.RowNotFound | Directory.RowAmbiguous> =>
      row === undefined
        ? Directory.absent(kind)
        : second === undefined
        ? Exit.succeed(row)
        : Directory.several(kind)
  )

type Look<A> = Effect.Effect<A, Directory.RowNotFound | Directory.DirectoryUnavailable>

const none = Exit.succeed(undefined)

const orNone = <A>(row: Look<A>): Effect.Effect<A | undefined, Directory.DirectoryUnavailable> =>
  Effect.catchEager(row, (error) => error._tag === "RowNotFound" ? none : Exit.fail(error))

/** Every row that exists among those that are asked for one by one; an `Exit` when each is there at once. */
const found = <A>(rows: ReadonlyArray<Look<A>>): Effect.Effect<ReadonlyArray<A>, Directory.DirectoryUnavailable> => {
  const there: Array<A> = []
  for (const [i, row] of rows.entries()) {
    const one = orNone(row)
    if (!isAtHand(one)) {
      const rest = Effect.forEach([one, ...rows.slice(i + 1).map(orNone)], (it) => it, { concurrency: 8 })
      return Effect.map(rest, (more) => [...there, ...more.filter((it) => it !== undefined)])
    }
    if (one.value !== undefined) there.push(one.value)
  }
  return Exit.succeed(there)
}

const isAtHand = <A, E>(it: Effect.Effect<A, E>): it is Exit.Success<A> => Exit.isExit(it) && Exit.isSuccess(it)

/** Whether each row is one of these ids, and none comes twice. */
const among = (ids: ReadonlyArray<string>) => {
  const left = new Set(ids)
  return (row: { readonly id: string }): boolean => left.delete(row.id)
}

/** Whether a row has this alias; one that leaves it out says nothing else. */
const called = (alias: string) => (row: { readonly alias: string | null }): boolean =>
  row.alias === null || row.alias === alias

/** The repositories over the host's functions. */
export const layer = (
  directory: PlainDirectory
): Layer.Layer<UserRepo | TeamRepo | OrganizationRepo | Provisioner> => {
  const team = (id: Directory.TeamId, now?: Now) =>
    one("team", readTeam, said(bound("team", directory.team, id), now), (row) => row.id === id)
  const membership = (user: Directory.UserId, within: Directory.TeamId, now?: Now) =>
    one(
      "membership",
      readMembership,
      said(bound("membership", directory.membership, user, within), now),
      (row) => row.user === user && row.team === within
    )
  const teamsByAlias = (alias: string, now?: Now) =>
    many(readTeam, said(bound("teamsByAlias", directory.teamsByAlias, alias), now), called(alias))
  return Layer.mergeAll(
    Layer.succeed(UserRepo, {
      byId: (id, now) => one("user", readUser, said(bound("user", directory.user, id), now), (row) => row.id === id),
      bySubject: (namespace, subject, now) =>
        one(
          "user",
          readUser,
          said(bound("userBySubject", directory.userBySubject, namespace, subject), now),
          ({ subjects }) =>
            subjects.length === 0 || subjects.some((it) => it.namespace === namespace && it.subject === subject)
        ),
      byEmail: (email, now) =>
        many(
          readUser,
          said(bound("usersByEmail", directory.usersByEmail, email), now),
          (row) => row.email === null || foldEmail(row.email) === foldEmail(email)
        ),
      membership,
      memberships: (user, teams, now) => found(teams.map((it) => membership(user, it, now)))
    }),
    Layer.succeed(TeamRepo, {
      byId: team,
      byIds: (ids, now) =>
        directory.teams === undefined
          ? found(ids.map((it) => team(it, now)))
          : many(readTeam, said(bound("teams", directory.teams, ids), now), among(ids)),
      byAlias: (alias, now) => only("team", teamsByAlias(alias, now)),
      byAliases: (aliases, now) =>
        Effect.map(Effect.forEach(aliases, (it) => teamsByAlias(it, now)), (rows) => rows.flat()),
      modelGroups: (ids, now) =>
        many(readGroup, said(bound("modelGroups", directory.modelGroups, ids), now), among(ids))
    }),
    Layer.succeed(OrganizationRepo, {
      byId: (id, now) =>
        one(
          "organization",
          readOrganization,
          said(bound("organization", directory.organization, id), now),
          (row) => row.id === id
        ),
      byAlias: (alias, now) =>
        only(
          "organization",
          many(
            readOrganization,
            said(bound("organizationsByAlias", directory.organizationsByAlias, alias), now),
            called(alias)
          )
        ),
      endUser: (id, now) =>
        one("endUser", readEndUser, said(bound("endUser", directory.endUser, id), now), (row) => row.id === id)
    }),
    Layer.succeed(Provisioner, {
      run: (writes) => {
        const { write } = directory
        return write === undefined
          ? Effect.void
          : Effect.forEach(writes, (it) => {
            const done = asked("write", () => write(it))
            return Directory.isRequired(it) ? done : Effect.ignore(done)
          }, { discard: true })
      }
    })
  )
}
