/**
 * The host's own rows behind plain functions: each answers a row, nothing, or a
 * promise or an effect of it.
 *
 * What a function leaves out has its default, what it answers is checked by the
 * schema of its noun, and one that throws, fails or answers something else is a
 * directory that does not answer (503), never a missing row.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Directory from "../directory/Directory.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import { Provisioner } from "../directory/Provisioner.ts"
import { TeamRepo } from "../directory/TeamRepo.ts"
import { UserRepo } from "../directory/UserRepo.ts"

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

type Decode<A> = (row: unknown) => Exit.Exit<A, Schema.SchemaError>

/** A row with its defaults, checked by the schema of its noun, which is compiled for the first one. */
const reader = <A>(operation: string, schema: () => Decode<A>, defaultsOf: () => object = () => ({})) => {
  let made: { readonly decode: Decode<A>; readonly defaults: object } | undefined
  const misfit = () => Exit.fail(new Directory.DirectoryUnavailable({ operation: `${operation}: a row does not fit` }))
  return (row: unknown): Exit.Exit<A, Directory.DirectoryUnavailable> => {
    if (typeof row !== "object") return misfit()
    made ??= { decode: schema(), defaults: defaultsOf() }
    const noun = made.decode({ ...made.defaults, ...row })
    return Exit.isSuccess(noun) ? Exit.succeed(noun.value) : misfit()
  }
}

type Read<A> = (row: unknown) => Exit.Exit<A, Directory.DirectoryUnavailable>

const readUser = reader(
  "users",
  () => Schema.decodeUnknownExit(Directory.User),
  () => Directory.makeUser({ id: Directory.UserId.make("-") })
)
const readTeam = reader(
  "teams",
  () => Schema.decodeUnknownExit(Directory.Team),
  () => Directory.makeTeam({ id: Directory.TeamId.make("-") })
)
const readOrganization = reader(
  "organizations",
  () => Schema.decodeUnknownExit(Directory.Organization),
  () => Directory.makeOrganization({ id: Directory.OrganizationId.make("-") })
)
const readEndUser = reader(
  "endUsers",
  () => Schema.decodeUnknownExit(Directory.EndUser),
  () => Directory.makeEndUser({ id: Directory.EndUserId.make("-") })
)
const readMembership = reader(
  "memberships",
  () => Schema.decodeUnknownExit(Directory.Membership),
  () => Directory.makeMembership({ user: Directory.UserId.make("-"), team: Directory.TeamId.make("-") })
)
const readGroup = reader("modelGroups", () => Schema.decodeUnknownExit(Directory.ModelGroup))

/** The row that a function answers, or its absence. */
const one = <A>(kind: Kind, operation: string, read: Read<A>, ask: (() => Answer<object>) | undefined) =>
  ask === undefined
    ? Directory.absent(kind)
    : Effect.flatMapEager(
      asked(operation, ask),
      (row): Exit.Exit<A, Directory.RowNotFound | Directory.DirectoryUnavailable> =>
        row === undefined ? Directory.absent(kind) : read(row)
    )

/** The rows that a function answers. */
const many = <A>(
  operation: string,
  read: Read<A>,
  ask: (() => Answer<ReadonlyArray<object>>) | undefined
): Effect.Effect<ReadonlyArray<A>, Directory.DirectoryUnavailable> =>
  ask === undefined
    ? Exit.succeed([])
    : Effect.flatMap(asked(operation, ask), (rows) => Effect.forEach(rows ?? [], read))

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

const bound = <A extends ReadonlyArray<unknown>, B>(
  f: ((...args: A) => B) | undefined,
  ...args: A
): (() => B) | undefined => f === undefined ? undefined : () => f(...args)

/** The repositories over the host's functions. */
export const layer = (
  directory: PlainDirectory
): Layer.Layer<UserRepo | TeamRepo | OrganizationRepo | Provisioner> => {
  const team = (id: Directory.TeamId) => one("team", "team", readTeam, bound(directory.team, id))
  const membership = (user: Directory.UserId, within: Directory.TeamId) =>
    one("membership", "membership", readMembership, bound(directory.membership, user, within))
  const teamsByAlias = (alias: string) => many("teamsByAlias", readTeam, bound(directory.teamsByAlias, alias))
  return Layer.mergeAll(
    Layer.succeed(UserRepo, {
      byId: (id) => one("user", "user", readUser, bound(directory.user, id)),
      bySubject: (namespace, subject) =>
        one("user", "userBySubject", readUser, bound(directory.userBySubject, namespace, subject)),
      byEmail: (email) => many("usersByEmail", readUser, bound(directory.usersByEmail, email)),
      membership,
      memberships: (user, teams) => found(teams.map((it) => membership(user, it)))
    }),
    Layer.succeed(TeamRepo, {
      byId: team,
      byIds: (ids) =>
        directory.teams === undefined ? found(ids.map(team)) : many("teams", readTeam, bound(directory.teams, ids)),
      byAlias: (alias) => only("team", teamsByAlias(alias)),
      byAliases: (aliases) => Effect.map(Effect.forEach(aliases, teamsByAlias), (rows) => rows.flat()),
      modelGroups: (ids) => many("modelGroups", readGroup, bound(directory.modelGroups, ids))
    }),
    Layer.succeed(OrganizationRepo, {
      byId: (id) => one("organization", "organization", readOrganization, bound(directory.organization, id)),
      byAlias: (alias) =>
        only(
          "organization",
          many("organizationsByAlias", readOrganization, bound(directory.organizationsByAlias, alias))
        ),
      endUser: (id) => one("endUser", "endUser", readEndUser, bound(directory.endUser, id))
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
