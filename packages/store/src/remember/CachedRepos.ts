/**
 * The repositories with a memory: what was looked up is at hand, as an `Exit`,
 * for `cache.rows`, and goes on for `cache.staleRows` while the directory does
 * not answer. Absences are remembered as long as rows where whoever makes a row
 * announces it, shortly elsewhere; outages never.
 *
 * An absence is never served past its time: while the directory is away nobody
 * is told that a person does not exist (RULES D27). That nobody had an id a
 * moment ago is told with the outage: whoever is found by a subject goes on.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import * as Cache from "@jotgate/core/Cache"
import * as Directory from "@jotgate/core/Directory"
import { absent } from "@jotgate/core/Directory"
import { compound, foldEmail } from "@jotgate/core/MemoryRows"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { RowMemory } from "@jotgate/core/RowMemory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { nowOf } from "@jotgate/core/Ticks"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import type { Now } from "@jotgate/core/Trace"
import { UserRepo } from "@jotgate/core/UserRepo"
import { type Cause, Context, Effect, Exit, Layer, Schema } from "effect"
import type { Change } from "./Change.ts"
import { Forgetting } from "./Forgetting.ts"
import * as SharedRecord from "./SharedRecord.ts"

/** Milliseconds: how long rows are fresh, and how much longer they serve in an outage. */
export interface Options {
  /** How long a row is fresh, in milliseconds. */
  readonly rows: number
  /** How much longer it is served while the directory does not answer, in milliseconds. */
  readonly staleRows: number
  /** Whether everybody who writes to the directory announces it (`Forgetting`); LiteLLM, for one, does not. */
  readonly announced: boolean
}

/** How long an absence is remembered at most where a row may appear without a word. */
const UNANNOUNCED_MILLIS = 2_000

/** Entries of each region. */
const CAPACITY = 20_000

/** One for each person and each of their groups, most of them absences of some 300 bytes. */
const MEMBERSHIPS = 100_000

type Unavailable = Directory.DirectoryUnavailable
type Failure = Directory.RowNotFound | Directory.RowAmbiguous | Unavailable

const isOutage = (error: Failure): boolean => error._tag === "DirectoryUnavailable"

/** The only failure of a cause, if there is one. */
const failureOf = <E>(cause: Cause.Cause<E>): E | undefined => {
  const [reason] = cause.reasons
  return reason?._tag === "Fail" ? reason.error : undefined
}

const none = Exit.succeed([])

const isAtHand = <A, E>(answer: Effect.Effect<A, E>): answer is Exit.Exit<A, E> => Exit.isExit(answer)

/** Applies `f` to an answer, at once when it is at hand. */
const continued = <A, E, B, E2>(
  answer: Effect.Effect<A, E>,
  f: (exit: Exit.Exit<A, E>) => Exit.Exit<B, E2>
): Effect.Effect<B, E2> => isAtHand(answer) ? f(answer) : Effect.flatMap(Effect.exit(answer), f)

/** The failure that is no absence, as the failure of a list. */
const passOn = (cause: Cause.Cause<Directory.RowNotFound | Unavailable>): Exit.Exit<never, Unavailable> => {
  const error = failureOf(cause)
  return error?._tag === "DirectoryUnavailable" ? Exit.fail(error) : Exit.die(error ?? cause)
}

const isAbsent = (cause: Cause.Cause<Failure>): boolean => failureOf(cause)?._tag === "RowNotFound"

/** An absence as the empty list. */
const orNone = <A>(exit: Exit.Exit<ReadonlyArray<A>, Directory.RowNotFound | Unavailable>) =>
  Exit.isSuccess(exit) ? Exit.succeed(exit.value) : isAbsent(exit.cause) ? none : passOn(exit.cause)

/** The rows among several answers; an outage of one is an outage of all. */
const present = <A>(
  exit: Exit.Exit<ReadonlyArray<Exit.Exit<A, Directory.RowNotFound | Unavailable>>>
): Exit.Exit<ReadonlyArray<A>, Unavailable> => {
  if (Exit.isFailure(exit)) return Exit.failCause(exit.cause)
  const rows: Array<A> = []
  for (const it of exit.value) {
    if (Exit.isSuccess(it)) rows.push(it.value)
    else if (!isAbsent(it.cause)) return passOn(it.cause)
  }
  return Exit.succeed(rows)
}

/** The answers to several keys, of the rows that were found. */
const answersOf = <K, A>(
  keys: ReadonlyArray<K>,
  rows: ReadonlyArray<A>,
  nameOfKey: (key: K) => string,
  nameOfRow: (row: A) => string,
  missing: Exit.Exit<never, Directory.RowNotFound>
): ReadonlyArray<Exit.Exit<A, Directory.RowNotFound | Unavailable>> => {
  const found = new Map(rows.map((row) => [nameOfRow(row), row]))
  return keys.map((key) => {
    const row = found.get(nameOfKey(key))
    return row === undefined ? missing : Exit.succeed(row)
  })
}

/** With a moment given the answer may be at hand; without one the clock is read first. */
const at = <A, E>(now: Now | undefined, ask: (now: Now) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  now !== undefined ?
    ask(now) :
    Effect.clockWith((clock) => ask(nowOf(clock)))

const makeRegions = Effect.fnUntraced(function*(options: Options) {
  const cache = yield* Cache.Cache
  const forgetting = yield* Forgetting
  const absence = () =>
    options.announced && forgetting.isConnected() ? options.rows : Math.min(options.rows, UNANNOUNCED_MILLIS)
  return <K, A, E extends Failure>(
    region: Pick<Cache.RegionOptions<K, A, E>, "name" | "lookup" | "lookupMany" | "key" | "doubted">,
    schema: Schema.ConstraintDecoder<A>,
    capacity = CAPACITY
  ) =>
    cache.region<K, A, E>({
      ...region,
      capacity,
      timeToLive: (answer) => answer._tag === "Success" ? options.rows : isOutage(answer.error) ? 0 : absence(),
      staleOnError: options.staleRows,
      isOutage,
      unchanged: forgetting.unchanged,
      shared: SharedRecord.of(schema, region.key)
    })
})

/** What a change says about whole regions: forget them, or be unsure of them. */
const forgetAll = (
  regions: ReadonlyArray<{ readonly clear: () => void; readonly expire: () => void }>,
  { everything, unsure }: Change,
  all: true | undefined = undefined
): void => {
  for (const region of regions) {
    if (everything === true || all === true) region.clear()
    else if (unsure === true) region.expire()
  }
}

const itself = (id: string): string => id

const makeUsers = Effect.fnUntraced(function*(options: Options) {
  const inner = yield* UserRepo
  const region = yield* makeRegions(options)
  type Pair = readonly [string, string]
  // Injective like `compound`, and a quarter of its cost: every warm decision asks for one.
  const pair = ([a, b]: Pair) => `${a.length}:${a}${b}`
  const byId = yield* region(
    {
      name: "user",
      key: itself,
      lookup: (id: Directory.UserId) => inner.byId(id),
      doubted: (outage, known) =>
        outage._tag === "DirectoryUnavailable" && known._tag === "RowNotFound"
          ? new Directory.DirectoryUnavailable({ operation: outage.operation, wasAbsent: true })
          : outage
    },
    Directory.User
  )
  const bySubject = yield* region(
    { name: "subject", key: pair, lookup: ([namespace, subject]: Pair) => inner.bySubject(namespace, subject) },
    Directory.User
  )
  const byEmail = yield* region({
    name: "email",
    key: itself,
    lookup: (folded: string) =>
      Effect.flatMapEager(inner.byEmail(folded), (rows) => rows.length === 0 ? absent("user") : Exit.succeed(rows))
  }, Schema.Array(Directory.User))
  type Key = readonly [Directory.UserId, Directory.TeamId]
  const noMembership = absent("membership")
  const membership = yield* region(
    {
      name: "membership",
      key: pair,
      lookup: ([user, team]: Key) => inner.membership(user, team),
      // The keys of one question are one person's: that is who asks for many.
      lookupMany: (keys: ReadonlyArray<Key>) => {
        const [first] = keys
        return first === undefined ? none : Effect.mapEager(
          inner.memberships(first[0], keys.map(([, team]) => team)),
          (rows) => answersOf(keys, rows, pair, (row) => pair([row.user, row.team]), noMembership)
        )
      }
    },
    Directory.Membership,
    MEMBERSHIPS
  )
  const users = UserRepo.of({
    byId: (id, now) => at(now, (it) => byId.get(id, it)),
    bySubject: (namespace, subject, now) => at(now, (it) => bySubject.get([namespace, subject], it)),
    byEmail: (email, now) => at(now, (it) => continued(byEmail.get(foldEmail(email), it), orNone)),
    membership: (user, team, now) => at(now, (it) => membership.get([user, team], it)),
    memberships: (user, teams, now) =>
      at(
        now,
        (it) => continued(membership.getMany(Array.from(new Set(teams), (team) => [user, team] as const), it), present)
      )
  })
  const forget = (change: Change) => {
    forgetAll([byId, bySubject, byEmail, membership], change, change.everyone)
    for (const id of change.users ?? []) byId.invalidate(Directory.UserId.make(id))
    for (const it of change.subjects ?? []) bySubject.invalidate(it)
    for (const email of change.emails ?? []) byEmail.invalidate(email)
    for (const [user, team] of change.memberships ?? []) {
      membership.invalidate([Directory.UserId.make(user), Directory.TeamId.make(team)])
    }
  }
  return { users, forget }
})

const makeTeams = Effect.fnUntraced(function*(options: Options) {
  const inner = yield* TeamRepo
  const region = yield* makeRegions(options)
  const noTeam = absent("team")
  const noGroup = absent("modelGroup")
  const idOf = (row: { readonly id: string }) => row.id
  const byId = yield* region({
    name: "team",
    key: itself,
    lookup: (id: Directory.TeamId) => inner.byId(id),
    lookupMany: (ids: ReadonlyArray<Directory.TeamId>) =>
      Effect.mapEager(inner.byIds(ids), (rows) => answersOf(ids, rows, itself, idOf, noTeam))
  }, Directory.Team)
  const byAlias = yield* region({
    name: "teamAlias",
    key: itself,
    lookup: (alias: string) => inner.byAlias(alias)
  }, Directory.Team)
  const byAliases = yield* region({
    name: "teamsOfAlias",
    key: itself,
    lookup: (alias: string) =>
      Effect.flatMapEager(inner.byAliases([alias]), (rows) => rows.length === 0 ? noTeam : Exit.succeed(rows)),
    lookupMany: (aliases: ReadonlyArray<string>) =>
      Effect.mapEager(inner.byAliases(aliases), (rows) => {
        const found = Map.groupBy(rows, (row) => row.alias)
        return aliases.map((alias) => {
          const some = found.get(alias)
          return some === undefined ? noTeam : Exit.succeed(some)
        })
      })
  }, Schema.Array(Directory.Team))
  const groups = (ids: ReadonlyArray<Directory.ModelGroupId>) =>
    Effect.mapEager(inner.modelGroups(ids), (rows) => answersOf(ids, rows, itself, idOf, noGroup))
  const group = yield* region({
    name: "modelGroup",
    key: itself,
    lookup: (id: Directory.ModelGroupId) => Effect.flatMapEager(groups([id]), ([answer]) => answer ?? noGroup),
    lookupMany: groups
  }, Directory.ModelGroup)
  const teams = TeamRepo.of({
    byId: (id, now) => at(now, (it) => byId.get(id, it)),
    byIds: (ids, now) => at(now, (it) => continued(byId.getMany(ids, it), present)),
    byAlias: (alias, now) => at(now, (it) => byAlias.get(alias, it)),
    byAliases: (aliases, now) =>
      at(now, (it) => Effect.mapEager(continued(byAliases.getMany(aliases, it), present), (rows) => rows.flat())),
    modelGroups: (ids, now) => at(now, (it) => continued(group.getMany(Array.from(new Set(ids)), it), present))
  })
  const forget = (change: Change) => {
    forgetAll([byId, byAlias, byAliases, group], change)
    for (const id of change.teams ?? []) byId.invalidate(Directory.TeamId.make(id))
    for (const alias of change.teamAliases ?? []) {
      byAlias.invalidate(alias)
      byAliases.invalidate(alias)
    }
    for (const id of change.modelGroups ?? []) group.invalidate(Directory.ModelGroupId.make(id))
  }
  return { teams, forget }
})

const makeOrganizations = Effect.fnUntraced(function*(options: Options) {
  const inner = yield* OrganizationRepo
  const region = yield* makeRegions(options)
  const byId = yield* region({
    name: "organization",
    key: itself,
    lookup: (id: Directory.OrganizationId) => inner.byId(id)
  }, Directory.Organization)
  const byAlias = yield* region({
    name: "organizationAlias",
    key: itself,
    lookup: (alias: string) => inner.byAlias(alias)
  }, Directory.Organization)
  const endUser = yield* region({
    name: "endUser",
    key: itself,
    lookup: (id: Directory.EndUserId) => inner.endUser(id)
  }, Directory.EndUser)
  const organizations = OrganizationRepo.of({
    byId: (id, now) => at(now, (it) => byId.get(id, it)),
    byAlias: (alias, now) => at(now, (it) => byAlias.get(alias, it)),
    endUser: (id, now) => at(now, (it) => endUser.get(id, it))
  })
  const forget = (change: Change) => {
    forgetAll([byId, byAlias, endUser], change)
    for (const id of change.organizations ?? []) byId.invalidate(Directory.OrganizationId.make(id))
    for (const alias of change.organizationAliases ?? []) byAlias.invalidate(alias)
    for (const id of change.endUsers ?? []) endUser.invalidate(Directory.EndUserId.make(id))
  }
  return { organizations, forget }
})

const makeAgents = Effect.fnUntraced(function*(options: Options) {
  const inner = yield* AgentRepo
  const region = yield* makeRegions(options)
  const { identities } = inner
  const byId = yield* region(
    { name: "agent", key: itself, lookup: (id: Directory.AgentId) => inner.byId(id) },
    Directory.Agent
  )
  const byName = yield* region(
    { name: "agentName", key: itself, lookup: (name: string) => inner.byName(name) },
    Directory.Agent
  )
  type Parts = ReadonlyArray<string>
  const parts = (it: Parts) => compound(...it)
  const bound = identities === undefined ? undefined : yield* region({
    name: "agentBinding",
    key: parts,
    lookup: ([tenant = "", client = ""]: Parts) => identities.bound(tenant, client)
  }, Directory.AgentBinding)
  const person = identities === undefined ? undefined : yield* region({
    name: "agentSubject",
    key: parts,
    lookup: ([issuer = "", tenant = "", object = ""]: Parts) => identities.person(issuer, tenant, object)
  }, Directory.User)
  const agents: AgentRepo = {
    byId: (id, now) => at(now, (it) => byId.get(id, it)),
    byName: (name, now) => at(now, (it) => byName.get(name, it)),
    identities: bound === undefined || person === undefined ? undefined : {
      bound: (tenant, client, now) => at(now, (it) => bound.get([tenant, client], it)),
      person: (issuer, tenant, object, now) => at(now, (it) => person.get([issuer, tenant, object], it))
    }
  }
  const forget = (change: Change) => {
    forgetAll([byId, byName, ...(bound === undefined ? [] : [bound])], change)
    if (person !== undefined) forgetAll([person], change, change.everyone)
    // Whose subject a change of a person touches is not told: nobody is remembered past it.
    if (person !== undefined && (change.users ?? []).length > 0) person.clear()
    for (const id of change.agents ?? []) byId.invalidate(Directory.AgentId.make(id))
    for (const name of change.agentNames ?? []) byName.invalidate(name)
  }
  return { agents, forget }
})

const Names = Schema.Struct({
  tool: Schema.Array(Schema.String),
  prompt: Schema.Array(Schema.String),
  resource: Schema.Array(Schema.String)
})

const makeTools = Effect.fnUntraced(function*(options: Options) {
  const inner = yield* ToolRepo
  const region = yield* makeRegions(options)
  const servers = yield* region({ name: "toolServers", key: itself, lookup: (_: string) => inner.servers() }, Names)
  const tools: ToolRepo = { servers: (now) => at(now, (it) => servers.get("", it)) }
  const forget = (change: Change) => {
    forgetAll([servers], change)
    if (change.tools === true) servers.clear()
  }
  return { tools, forget }
})

/** Puts a memory in front of the repositories that it is provided with, and says that all rows come out of it. */
export const layer = (options: Options) =>
  Layer.effectContext(Effect.gen(function*() {
    const forgetting = yield* Forgetting
    const { reads } = yield* Cache.Cache
    const { forget: forgetUsers, users } = yield* makeUsers(options)
    const { forget: forgetTeams, teams } = yield* makeTeams(options)
    const { forget: forgetOrganizations, organizations } = yield* makeOrganizations(options)
    const { agents, forget: forgetAgents } = yield* makeAgents(options)
    const { forget: forgetTools, tools } = yield* makeTools(options)
    yield* forgetting.listen((change) => {
      forgetUsers(change)
      forgetTeams(change)
      forgetOrganizations(change)
      forgetAgents(change)
      forgetTools(change)
    })
    return Context.make(UserRepo, users).pipe(
      Context.add(TeamRepo, teams),
      Context.add(OrganizationRepo, organizations),
      Context.add(AgentRepo, agents),
      Context.add(ToolRepo, tools),
      Context.add(
        RowMemory,
        reads === undefined
          ? undefined
          : { reads, repositories: new Set<object>([users, teams, organizations, agents, tools]) }
      )
    )
  }))
