/**
 * The way through, told on one page:
 * `Credential → Claims → Identity → Principal → Decision`.
 *
 * `decide` takes each step in the order of RULES: a look-up (an `Exit` when
 * memory has the answer) and a pure rule. It writes nothing; what it wants to be
 * written stands in the decision, and `authenticate` has it done after Allow.
 * Denials are values without a stack. There is no other way to a decision.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Tallies } from "./cache/Tally.ts"
import { nowOf } from "./cache/Ticks.ts"
import type { Allowed } from "./Decision.ts"
import * as Allowance from "./decision/Allowance.ts"
import type { Caller } from "./decision/Caller.ts"
import { objections } from "./decision/Custom.ts"
import * as DecisionMemory from "./decision/DecisionMemory.ts"
import { Decisions } from "./decision/Decisions.ts"
import * as Hint from "./decision/Hint.ts"
import * as Judgement from "./decision/Judgement.ts"
import * as Question from "./decision/Question.ts"
import { type RequestCheck, type RequestFacts, RequestPolicy } from "./decision/RequestPolicy.ts"
import * as VerifiedTokens from "./decision/VerifiedTokens.ts"
import { AgentRepo } from "./directory/AgentRepo.ts"
import { Provisioner } from "./directory/Provisioner.ts"
import { TeamRepo } from "./directory/TeamRepo.ts"
import { ToolRepo } from "./directory/ToolRepo.ts"
import { UserRepo } from "./directory/UserRepo.ts"
import type { Denial } from "./Errors.ts"
import type { Identity } from "./Identity.ts"
import { ClaimExtractor } from "./identity/ClaimExtractor.ts"
import * as McpClients from "./identity/McpClients.ts"
import { Issuers } from "./issuer/Issuer.ts"
import { KeyStore } from "./keys/KeyStore.ts"
import { keepingLate, type Once } from "./Once.ts"
import * as AgentResolver from "./principal/AgentResolver.ts"
import { namesOrganization, OrganizationResolver } from "./principal/OrganizationResolver.ts"
import { orAbsent, orOutage, outage, raise, raiseTelling, unless } from "./principal/Ruled.ts"
import { Rules } from "./principal/Rules.ts"
import * as Sync from "./principal/Sync.ts"
import { TeamResolver } from "./principal/TeamResolver.ts"
import { UserResolver } from "./principal/UserResolver.ts"
import type { Asked } from "./Request.ts"
import { notAsked } from "./rules/patterns/ToolPattern.ts"
import type { PolicyOptions } from "./rules/Policy.ts"
import { hasTraceId } from "./rules/TraceId.ts"
import * as UnknownModel from "./rules/UnknownModel.ts"
import type { Settings } from "./Settings.ts"
import { Token } from "./Token.ts"
import type { Claims } from "./token/Claims.ts"
import { type ClaimsCheck, ClaimsPolicy } from "./token/ClaimsPolicy.ts"
import { layerAround } from "./token/Given.ts"
import type { IssuerUnavailable, TokenRefused } from "./token/Refusal.ts"
import { Revocation } from "./token/Revocation.ts"
import { Signature } from "./token/Signature.ts"
import { type Now, Trace } from "./Trace.ts"

export { OpaqueToken } from "./opaque/OpaqueToken.ts"
export { Revocation } from "./token/Revocation.ts"

/** The caller with those of the named teams in which the agents of the request may act. */
const within = (caller: Caller, acting: AgentResolver.Acting | undefined): Caller => {
  const { identity } = caller
  const may = acting?.teams
  if (may === undefined || identity.teamsBy !== "id") return caller
  const { team, teams } = identity
  const teamOf = team !== undefined && may(team) ? team : undefined
  return { ...caller, identity: { ...identity, teams: teams.filter(may), team: teamOf } }
}

/** The teams that a token names, none of which the agents of the request may act in. */
const displaced = ({ identity: { team, teamAlias, teams } }: Caller, within: Caller, acting: AgentResolver.Acting) => {
  const named = team ?? teams[0]
  const { identity: left } = within
  const isLeft = left.team !== undefined || left.teams.length > 0 || teamAlias !== undefined
  return named === undefined || isLeft
    ? undefined
    : { step: "agent", code: "team_denied", facts: { agent: acting.id, team: named } } as const
}

/** What became of the check of a token. */
type Proof = Exit.Exit<VerifiedTokens.VerifiedToken, TokenRefused | IssuerUnavailable>

const isProof = (it: unknown): it is Proof => Exit.isExit(it)

/** Whether a proof counts later in the same request: a refusal does; what memory holds with its epochs is looked up there. */
const stands = (proof: Proof, { time }: Now): boolean => {
  if (Exit.isFailure(proof)) return true
  const { expiresAt, verifiedBy } = proof.value.claims
  return verifiedBy._tag !== "Signature" && (expiresAt === undefined || time < expiresAt)
}

/** What is supposed of a caller besides its claims, or in their place. */
export interface Said {
  /** Instead of what the claims say. */
  readonly identity?: Identity | undefined
  /** The agents that act, outermost first. */
  readonly agents?: ReadonlyArray<string> | undefined
  /** Whether the request names its trace; it does unless said. */
  readonly traced?: boolean | undefined
}

/** The checks that a pipeline is made with; nobody else asks them. */
export interface OwnChecks {
  /** Looks at verified claims before any rule. */
  readonly hook?: ClaimsCheck | undefined
  /** Looks at what everything else allows. */
  readonly rule?: RequestCheck | undefined
}

/** Parts of the way itself that a host has instead of ours. */
export interface OwnSteps {
  /** Reads the identity out of verified claims; `ClaimExtractor.layer` may stand below it. */
  readonly claims?: Layer.Layer<ClaimExtractor>
  /** Chooses the team that a call counts for; `TeamResolver.layer` may stand below it. */
  readonly teams?: Layer.Layer<TeamResolver, never, Rules | TeamRepo>
}

const Own = Context.Reference<OwnChecks>("@jotgate/core/OwnChecks", { defaultValue: () => ({}) })

/** The way through, from a request to a decision; every door asks it, and there is no other way to one. */
export class AuthBuilder extends Context.Service<AuthBuilder, {
  /**
   * Decides, and after Allow has the wanted writes executed. Lazy: every door calls this. `brief`: without a hint; `once`:
   * what was said on behalf of the request, where it was asked about before.
   */
  readonly authenticate: (asked: Asked, brief?: boolean, once?: Once) => Effect.Effect<Allowed, Denial>
  /** Whether the credential alone lets the request go on, before anything else is read or asked. */
  readonly admit: (asked: Asked, now: Now) => Effect.Effect<void, Denial>
  /** Decides and writes nothing; works when called, and is an `Exit` when every answer is in memory. */
  readonly decide: (asked: Asked, now: Now) => Effect.Effect<Allowed, Denial>
  /**
   * Decides as if these claims had been proven: for questions about a person, never for a request. Reads no
   * credential of `asked`, only its team header; writes nothing. What `said` has stands instead of what the claims say.
   */
  readonly suppose: (claims: Claims, asked: Asked, now: Now, said?: Said) => Effect.Effect<Allowed, Denial>
  /** The team that a request asks for, where it asks for one. */
  readonly teamAskedFor: (asked: Asked) => string | undefined
  /** The header that names the application, with its value, where one does (RULES D71). */
  readonly clientAskedFor: (asked: Asked) => readonly [name: string, value: string] | undefined
}>()("@jotgate/core/AuthBuilder") {
  /** The pipeline over services that somebody else has provided; `layerFor` is the one for settings. */
  static readonly layer = Layer.effect(
    AuthBuilder,
    Effect.gen(function*() {
      const policy = yield* Rules
      const teams = yield* TeamResolver
      const people = yield* UserResolver
      const organizations = yield* OrganizationResolver
      const provisioner = yield* Provisioner
      const memory = yield* DecisionMemory.DecisionMemory
      const own = yield* Own
      const hooks = yield* ClaimsPolicy.offers.take(yield* ClaimsPolicy, own.hook)
      const rules = yield* RequestPolicy.offers.take(yield* RequestPolicy, own.rule)
      const question = Question.make(policy, hooks)
      const users = yield* UserRepo
      const judge = Judgement.make(policy, organizations, people, users)
      const extractor = yield* ClaimExtractor
      const verify = VerifiedTokens.make(
        {
          signature: yield* Signature,
          token: yield* Token,
          extractor,
          keys: yield* KeyStore,
          revocation: yield* Revocation,
          policy
        },
        policy.settings.cache.tokens,
        (yield* Tallies).tokens
      )

      const clients = McpClients.compile(policy.settings.policy)
      const repo = yield* AgentRepo
      const named = yield* ToolRepo
      const agents = AgentResolver.make(policy, repo, yield* TeamRepo)
      const hasIdentities = repo.identities !== undefined

      /** A managed agent: on its own, or for the person who delegated to it; roles, scopes and sync are not asked. */
      const managed = Effect.fnUntracedEager(
        function*(caller: Caller, { acting, user }: AgentResolver.Managed, now: Now) {
          if (user === undefined) return yield* judge.agent(caller, acting, now)
          const asked = within({ ...caller, standing: Judgement.bare(caller.standing) }, acting)
          const claimed = yield* teams.fromToken(asked, now)
          // An agent makes nobody an admin.
          const row = { ...user, role: "internal_user" }
          const choice = claimed.mayFallBack || claimed.provisional
            ? yield* teams.fromMembership(claimed, row, asked, now)
            : claimed
          yield* unless(Judgement.outsideTeams(choice.chosen?.team, acting), now)
          const found = { choice, person: { id: row.id, row, writes: [] }, joined: { row, writes: [] } }
          return yield* judge.member(asked, { ...found, organization: undefined, endUser: undefined, acting }, now)
        }
      )

      /** Steps that rest on the caller, the question and rows. */
      const judged = Effect.fnUntracedEager(function*(caller: Caller, now: Now) {
        const { asked, identity, standing } = caller
        const agent = hasIdentities ? yield* agents.managed(caller, now) : undefined
        if (agent !== undefined) return yield* managed(caller, agent, now)
        const refused = policy.token.admit(identity, standing, asked)
        if (refused !== undefined) return yield* raise(refused, now)
        const acting = agents.readsClaims || caller.agents !== undefined ? yield* agents.acting(caller, now) : undefined
        const misplaced = policy.routes.adminRoute(standing, asked)
        if (misplaced !== undefined) return yield* raise(misplaced, now)
        if (standing.admin) return yield* judge.admin(caller, yield* teams.forAdmin(caller, now), acting, now)

        const narrowed = within(caller, acting)
        if (acting !== undefined) yield* unless(displaced(caller, narrowed, acting), now)
        const claimed = yield* teams.fromToken(
          acting === undefined ? narrowed : { ...narrowed, acting: acting.chain },
          now
        )
        const organization = namesOrganization(identity) ? yield* organizations.find(identity, now) : undefined
        const foreign = policy.rows.organizationOfTeam(claimed.chosen?.team, organization?.id) ??
          policy.token.emailDomain(identity)
        if (foreign !== undefined) return yield* raise(foreign, now)
        const person = yield* people.find(identity, standing, now)
        const synced = Sync.fromToken(person.row, identity, claimed, policy)
        const reserved = policy.routes.adminOnly(policy.token.isAdmin(synced.row, identity), asked)
        if (reserved !== undefined) return yield* raise(reserved, now)
        const choice = claimed.mayFallBack || claimed.provisional
          ? yield* teams.fromMembership(claimed, synced.row, caller, now)
          : claimed
        if (acting !== undefined) yield* unless(Judgement.outsideTeams(choice.chosen?.team, acting), now)
        const joined = Sync.chosen(synced, choice.chosen?.team, policy)
        const endUser = identity.endUser === undefined ? undefined : yield* organizations.endUser(identity, now)
        return yield* judge.member(caller, { choice, person, joined, organization, endUser, acting }, now)
      })

      /** Which MCP servers are named by rows, where it matters. */
      const withNames = (caller: Caller, now: Now): Effect.Effect<Allowed, Denial> =>
        now.note === undefined && !policy.tools.concerns(caller.asked)
          ? judged(caller, now)
          : Effect.flatMapEager(orOutage(named.servers(now), now), (names) => judged({ ...caller, names }, now))

      const hinted = Hint.make(policy, policy.tools.isConfigured ? withNames : judged)

      /**
       * The host's own rule has the last word, at every request. Nobody may call everything where there is one: what is
       * asked for and not known would be none to it (RULES D53), so it is denied before the rule is asked.
       */
      const ruled = (
        checks: ReadonlyArray<RequestCheck>,
        identity: Identity,
        asked: Asked,
        { principal, reach }: Allowed,
        now: Now
      ): Effect.Effect<void, Denial> => {
        const { method, model, path } = asked
        const tool = policy.tools.asked(asked)
        if (model._tag === "Unnamed" || model._tag === "Unseen") {
          return raise(UnknownModel.denied(model, reach.models()), now)
        }
        if (tool._tag === "Unseen") {
          return raise({ step: "tool", code: "tool_unseen", facts: { server: tool.server } }, now)
        }
        const meant = policy.rows.meant(model, principal.team)
        const facts: RequestFacts = { identity, principal, method, path, model: meant, tool }
        return Effect.mapEager(
          objections(checks, facts, "rule", now),
          () => now.note?.({ step: "rule", outcome: "ok", facts: {} })
        )
      }

      const listed = (refused: McpClients.Refused | undefined, now: Now): Exit.Exit<void, Denial> =>
        refused === undefined
          ? Exit.void
          : raiseTelling(McpClients.ruling(refused), McpClients.changeFor(refused), now)

      /** The verified token; whoever had to be asked about it is asked once a request. */
      const proven = (token: string, now: Now): ReturnType<VerifiedTokens.Verify> => {
        const { once } = now
        if (once === undefined) return verify(token, now)
        const known = once.get(verify)
        if (isProof(known) && stands(known, now)) return known
        return keepingLate(once, verify, verify(token, now))
      }

      const admit = Effect.fnUntracedEager(function*(asked: Asked, now: Now) {
        if (policy.routes.isOpen(asked.path, asked.method)) return
        const { token } = yield* question.read(asked, now)
        const { claims } = yield* question.verified(proven(token, now), now)
        yield* question.meant(claims, asked, now)
      })

      const decide = Effect.fnUntracedEager(function*(asked: Asked, now: Now) {
        if (policy.routes.isOpen(asked.path, asked.method)) return Allowance.open(asked, now)
        const { header, token } = yield* question.read(asked, now)
        const { claims, decisions, identity, standing } = yield* question.verified(proven(token, now), now)
        if (question.objects(asked)) yield* question.objection(claims, asked, now)
        // Only an agent may have to name its trace.
        const traced = (!agents.readsClaims && !hasIdentities) || hasTraceId(asked)
        const caller = { claims, identity, standing, decisions, asked, header, traced, names: notAsked }
        const allowed = yield* memory.decision(caller, now, hinted)
        if (clients !== undefined) yield* listed(clients(claims.payload, asked), now)
        const checks = rules()
        if (checks.length > 0) yield* ruled(checks, identity, asked, allowed, now)
        return allowed
      })

      const suppose = Effect.fnUntracedEager(function*(
        claims: Claims,
        asked: Asked,
        now: Now,
        { agents, identity: known, traced = true }: Said = {}
      ) {
        if (policy.routes.isOpen(asked.path, asked.method)) return Allowance.open(asked, now)
        const header = yield* question.headerOf(asked, now)
        const read = known === undefined ? extractor.extract(claims) : Exit.succeed(known)
        const supposed = Effect.mapEager(read, (identity): VerifiedTokens.VerifiedToken => ({
          claims,
          identity,
          standing: policy.token.standing(identity),
          decisions: new Decisions()
        }))
        const { decisions, identity, standing } = yield* question.verified(supposed, now)
        if (question.objects(asked)) yield* question.objection(claims, asked, now)
        // Whether a call that is only supposed would tell its trace is up to whoever makes it.
        const caller = { claims, identity, standing, decisions, asked, header, traced, names: notAsked, agents }
        const allowed = yield* hinted(caller, now)
        if (clients !== undefined) yield* listed(clients(claims.payload, asked), now)
        const checks = rules()
        if (checks.length > 0) yield* ruled(checks, identity, asked, allowed, now)
        return allowed
      })

      const written = (allowed: Allowed, now: Now): Effect.Effect<Allowed, Denial> =>
        Effect.as(
          Effect.catchTag(provisioner.run(allowed.writes), "DirectoryUnavailable", (error) => outage(error, now)),
          allowed
        )

      /** Has the writes done. Who was created by somebody else meanwhile is the person in that row: decided once more. */
      const provisioned = Effect.fnUntracedEager(function*(asked: Asked, allowed: Allowed, now: Now) {
        if (allowed.writes.length === 0) return allowed
        const done = yield* written(allowed, now)
        const after = { ...now, once: undefined }
        const created = allowed.writes.find((it) => it._tag === "CreateUser")?.user
        const subject = created?.subjects[0]
        if (subject === undefined) return done
        const row = yield* orAbsent(users.bySubject(subject.namespace, subject.subject, after), after)
        if (row === undefined || row.id === created?.id) return done
        const again = yield* decide(asked, after)
        return again.writes.length === 0 ? again : yield* written(again, after)
      })

      const authenticate = (asked: Asked, brief = false, once?: Once): Effect.Effect<Allowed, Denial> =>
        Effect.withFiber((fiber) => {
          const now = nowOf(fiber.getRef(Clock.Clock), fiber.getRef(Trace), brief, once)
          return Effect.flatMapEager(decide(asked, now), (allowed) => provisioned(asked, allowed, now))
        })

      return {
        authenticate,
        admit,
        decide,
        suppose,
        teamAskedFor: question.teamAskedFor,
        clientAskedFor: question.clientAskedFor
      }
    })
  )

  /**
   * The whole pipeline for one configuration. What remains to be provided are the
   * seams: keys, opaque tokens, revocation, signature check, repositories, who
   * writes, and the host's own hook and rule (`layerNone` of each where there is none,
   * or where they stand in the options). Two of them in one graph share none of it.
   */
  static readonly layerFor = (settings: Settings, options?: PolicyOptions & OwnChecks & OwnSteps) =>
    Layer.fresh(
      Layer.merge(AuthBuilder.layer, layerAround).pipe(
        Layer.provide([
          options?.teams ?? TeamResolver.layer,
          UserResolver.layer,
          OrganizationResolver.layer,
          options?.claims ?? ClaimExtractor.layer,
          options?.maxTokenLength === undefined ? Token.layer : Token.layerWith({ maxLength: options.maxTokenLength }),
          DecisionMemory.layer
        ]),
        Layer.provide(Rules.layer(settings, options)),
        Layer.provide(Layer.succeed(Own, { hook: options?.hook, rule: options?.rule })),
        Layer.provide(Issuers.layerFor(settings))
      )
    )
}
