/**
 * Questions about somebody who is not there: "what would be decided for these
 * claims", "what for this person of the directory". Nothing is verified, because
 * nothing passes; nothing is written.
 */
import type { AuthBuilder, Said } from "@jotgate/core/AuthBuilder"
import type { Allowed } from "@jotgate/core/Decision"
import { TeamId, type User, UserId } from "@jotgate/core/Directory"
import type { Denial } from "@jotgate/core/Errors"
import type { Identity } from "@jotgate/core/Identity"
import type { IssuerProfile } from "@jotgate/core/Issuer"
import type { JsonObject } from "@jotgate/core/Json"
import type { Asked } from "@jotgate/core/Request"
import { fromClock, nowOf } from "@jotgate/core/Ticks"
import type { Noted, Now } from "@jotgate/core/Trace"
import type { UserRepo } from "@jotgate/core/UserRepo"
import { isNamedByItsId } from "@jotgate/core/UserResolver"
import { Clock, Effect, Exit, Result } from "effect"

/** Who is supposed to be asking. */
export type Somebody =
  & (
    | { readonly issuer?: string | undefined; readonly claims: JsonObject }
    /** A row of the empty namespace; without `teams` those of its memberships, in row order. */
    | { readonly user: string; readonly teams?: ReadonlyArray<string> | undefined }
    /** A team, whoever calls in its name. */
    | { readonly team: string }
    /** An agent on its own. */
    | { readonly agents: ReadonlyArray<string> }
  )
  & {
    /** The agents that act, outermost first, whatever the claims say of it. */
    readonly agents?: ReadonlyArray<string> | undefined
    /** The scopes of the token, where no claims say them. */
    readonly scopes?: ReadonlyArray<string> | undefined
    /** Whether the request names its trace, which some agents must; it does unless said. */
    readonly traced?: boolean | undefined
  }

/** What is needed to suppose somebody. */
export interface Supposing {
  /** Decides about whoever is supposed. */
  readonly auth: AuthBuilder["Service"]
  /** The issuers whose tokens may be supposed. */
  readonly issuers: ReadonlyArray<IssuerProfile>
  /** Where rows of people are found. */
  readonly users: UserRepo["Service"]
}

/** What was decided, with its steps. */
export interface Supposed {
  readonly result: Allowed | Denial
  readonly steps: ReadonlyArray<Noted>
  /** Milliseconds that the decision took. */
  readonly millis: number
}

/** Whether tokens of this issuer say who acts. */
const readsAgents = ({ settings: { claims: { agent } } }: IssuerProfile): boolean =>
  agent !== undefined && agent !== null && (agent.actor ?? agent.client ?? agent.id) !== null

/** The issuer of a question: the named one, that of the claims, or the only one there is. */
const issuerOf = (
  { issuers }: Supposing,
  who: Somebody
): Result.Result<IssuerProfile, string> => {
  if (who.agents !== undefined && !issuers.some(readsAgents)) {
    return Result.fail("nothing is read of who acts: set claims.agent of an issuer, as { actor: act }")
  }
  if (!("claims" in who)) {
    const local = issuers.find((it) => it.settings.identities.namespace === "") ?? issuers[0]
    return local === undefined ? Result.fail("the configuration trusts no issuer") : Result.succeed(local)
  }
  const iss = who.claims["iss"]
  const found = who.issuer === undefined
    ? issuers.find((it) => it.iss === iss) ?? (issuers.length === 1 ? issuers[0] : undefined)
    : issuers.find((it) => it.id === who.issuer || it.iss === who.issuer)
  return found === undefined
    ? Result.fail(
      `which issuer? Name one of ${issuers.map((it) => it.id).join(", ")}${
        who.issuer === undefined ? ", or let the claims have its iss" : `: ${who.issuer} is not among them`
      }`
    )
    : Result.succeed(found)
}

/** The identity of a row: a person with these teams, a team, or nobody, for whom agents act alone. */
const identityOf = (
  profile: IssuerProfile,
  { scopes = [], team, teams = [], user }: {
    readonly user?: string
    readonly teams?: ReadonlyArray<string>
    readonly team?: string
    readonly scopes?: ReadonlyArray<string> | undefined
  },
  source = ""
): Identity => ({
  issuer: profile.id,
  namespace: "",
  user: user === undefined ? undefined : UserId.make(user),
  userIsEmail: false,
  email: undefined,
  userIsAddress: false,
  userIsUnproven: false,
  tenant: undefined,
  linkByEmail: "never",
  service: false,
  team: team === undefined ? undefined : TeamId.make(team),
  teamAlias: undefined,
  teams: teams.map((it) => TeamId.make(it)),
  teamsBy: "id",
  namesTeams: team !== undefined || teams.length > 0,
  withheld: false,
  overage: false,
  organization: undefined,
  organizationAlias: undefined,
  severalOrganizations: false,
  endUser: undefined,
  object: undefined,
  roles: [],
  userRoles: [],
  scopes,
  facts: {
    ...(user === undefined ? {} : { user: `row "${user}"` }),
    ...(team === undefined ? {} : { team: `row "${team}"` }),
    ...(teams.length === 0 ? {} : { teams: [source, ...teams] }),
    ...(scopes.length === 0 ? {} : { scopes: ["the question", ...scopes] })
  }
})

/** What somebody says whose row no id finds: one of the subjects that are linked to it (RULES D61). */
const subjectOf = ({ subjects: [linked] }: User) =>
  linked === undefined ? {} : { namespace: linked.namespace, user: UserId.make(linked.subject) }

/** What is supposed besides claims or row. */
const said = ({ agents, traced }: Somebody): Said => ({ agents, traced })

const supposed = (issuer: IssuerProfile, payload: JsonObject) =>
  ({ issuer, payload, expiresAt: undefined, verifiedBy: { _tag: "Supposed" } }) as const

/** The decision about claims, without the steps; at once when every answer is in memory. `undefined` when it is not said whose they are. */
export const settle = (
  supposing: Supposing,
  who: Extract<Somebody, { readonly claims: JsonObject }>,
  asked: Asked,
  now: Now
): Effect.Effect<Allowed | Denial> | undefined => {
  const profile = issuerOf(supposing, who)
  if (Result.isFailure(profile)) return undefined
  const claims = supposed(profile.success, who.claims)
  return Effect.catchEager(supposing.auth.suppose(claims, asked, now, said(who)), (denial) => Exit.succeed(denial))
}

/** Decides about somebody. Fails with a line for the operator when it is not said who. */
export const suppose = Effect.fnUntraced(function*(
  supposing: Supposing,
  who: Somebody,
  asked: Asked
): Effect.fn.Return<Supposed, { readonly reason: string }> {
  const profile = yield* Result.match(issuerOf(supposing, who), {
    onFailure: (reason) => Effect.fail({ reason }),
    onSuccess: (it) => Effect.succeed(it)
  })
  const clock = yield* Clock.Clock
  const steps: Array<Noted> = []
  const now = nowOf(clock, (step) => void steps.push(step))
  const payload = "claims" in who ? who.claims : "user" in who ? { sub: who.user } : {}
  const claims = supposed(profile, payload)
  let identity: Identity | undefined
  if ("team" in who) identity = identityOf(profile, { team: who.team, scopes: who.scopes })
  else if ("user" in who) {
    const option = yield* Effect.option(supposing.users.byId(UserId.make(who.user)))
    const row = option._tag === "Some" ? option.value : undefined
    const teams = who.teams ?? row?.teams ?? []
    const found = identityOf(
      profile,
      { user: who.user, teams, scopes: who.scopes },
      who.teams === undefined ? "memberships" : "the question"
    )
    identity = row === undefined || isNamedByItsId(row) ? found : { ...found, ...subjectOf(row) }
  } else if (!("claims" in who)) identity = identityOf(profile, { scopes: who.scopes })
  const result = yield* Effect.match(supposing.auth.suppose(claims, asked, now, { identity, ...said(who) }), {
    onFailure: (denial): Allowed | Denial => denial,
    onSuccess: (allowed): Allowed | Denial => allowed
  })
  return { result, steps, millis: fromClock(clock) - now.ticks }
})
