/**
 * The way through, told on one page:
 * `Credential → Claims → Identity → Principal → Decision`.
 *
 * `decide` takes each step in the order of RULES: a look-up (an `Exit` when
 * memory has the answer) and a pure rule. It writes nothing; what it wants to be
 * written stands in the decision, and `authenticate` has it done after Allow.
 * Denials are values without a stack. There is no other way to a decision.
 */
import { Clock, Context, Effect, Exit, Layer } from "effect"
import { fromClock } from "./cache/Ticks.ts"
import type { Allowed } from "./Decision.ts"
import type { Caller } from "./decision/Caller.ts"
import { refusedBy } from "./decision/Custom.ts"
import * as DecisionMemory from "./decision/DecisionMemory.ts"
import { Decisions } from "./decision/Decisions.ts"
import * as Hint from "./decision/Hint.ts"
import * as Judgement from "./decision/Judgement.ts"
import * as Question from "./decision/Question.ts"
import { RequestPolicy } from "./decision/RequestPolicy.ts"
import * as VerifiedTokens from "./decision/VerifiedTokens.ts"
import { Provisioner } from "./directory/Provisioner.ts"
import { UserRepo } from "./directory/UserRepo.ts"
import type { Denial } from "./Errors.ts"
import type { Identity } from "./Identity.ts"
import { ClaimExtractor } from "./identity/ClaimExtractor.ts"
import { Issuers } from "./issuer/Issuer.ts"
import { KeyStore } from "./keys/KeyStore.ts"
import { namesOrganization, OrganizationResolver } from "./principal/OrganizationResolver.ts"
import { orAbsent, outage, raise } from "./principal/Ruled.ts"
import { Rules } from "./principal/Rules.ts"
import * as Sync from "./principal/Sync.ts"
import { TeamResolver } from "./principal/TeamResolver.ts"
import { UserResolver } from "./principal/UserResolver.ts"
import type { Asked } from "./Request.ts"
import type { PolicyOptions } from "./rules/Policy.ts"
import type { Settings } from "./Settings.ts"
import { Token } from "./Token.ts"
import type { Claims } from "./token/Claims.ts"
import { ClaimsPolicy } from "./token/ClaimsPolicy.ts"
import { Revocation } from "./token/Revocation.ts"
import { Signature } from "./token/Signature.ts"
import { type Now, Trace } from "./Trace.ts"

export class AuthBuilder extends Context.Service<AuthBuilder, {
  /** Decides, and after Allow has the wanted writes executed. Lazy: every door calls this. `brief`: without a hint. */
  readonly authenticate: (asked: Asked, brief?: boolean) => Effect.Effect<Allowed, Denial>
  /** Decides and writes nothing; works when called, and is an `Exit` when every answer is in memory. */
  readonly decide: (asked: Asked, now: Now) => Effect.Effect<Allowed, Denial>
  /**
   * Decides as if these claims had been proven: for questions about a person, never for a request. Reads no
   * credential of `asked`, only its team header; writes nothing. `identity` stands instead of what the claims say.
   */
  readonly suppose: (claims: Claims, asked: Asked, now: Now, identity?: Identity) => Effect.Effect<Allowed, Denial>
  /** The team that a request asks for, where it asks for one. */
  readonly teamAskedFor: (asked: Asked) => string | undefined
}>()("@jotgate/core/AuthBuilder") {
  static readonly layer = Layer.effect(
    AuthBuilder,
    Effect.gen(function*() {
      const policy = yield* Rules
      const teams = yield* TeamResolver
      const people = yield* UserResolver
      const organizations = yield* OrganizationResolver
      const provisioner = yield* Provisioner
      const memory = yield* DecisionMemory.DecisionMemory
      const question = Question.make(policy, (yield* ClaimsPolicy).validate)
      const rule = (yield* RequestPolicy).check
      const users = yield* UserRepo
      const judge = Judgement.make(policy, organizations, people, users)
      const extractor = yield* ClaimExtractor
      const verify = VerifiedTokens.make({
        signature: yield* Signature,
        token: yield* Token,
        extractor,
        keys: yield* KeyStore,
        revocation: yield* Revocation,
        policy
      }, policy.settings.cache.tokens)

      /** Steps that rest on the caller, the question and rows. */
      const judged = Effect.fnUntracedEager(function*(caller: Caller, now: Now) {
        const { asked, identity, standing } = caller
        const refused = policy.admit(identity, standing, asked)
        if (refused !== undefined) return yield* raise(refused, now)
        if (standing.admin) return yield* judge.admin(caller, yield* teams.forAdmin(caller, now), now)

        const claimed = yield* teams.fromToken(caller, now)
        const organization = namesOrganization(identity) ? yield* organizations.find(identity, now) : undefined
        const foreign = policy.organizationOfTeam(claimed.chosen?.team, organization?.id) ??
          policy.emailDomain(identity)
        if (foreign !== undefined) return yield* raise(foreign, now)
        const person = yield* people.find(identity, standing, now)
        const synced = Sync.fromToken(person.row, identity, claimed, policy)
        const reserved = policy.adminOnly(synced.row, identity, asked)
        if (reserved !== undefined) return yield* raise(reserved, now)
        const choice = claimed.mayFallBack ? yield* teams.fromMembership(claimed, synced.row, caller, now) : claimed
        const joined = Sync.chosen(synced, choice.chosen?.team, policy)
        const endUser = identity.endUser === undefined ? undefined : yield* organizations.endUser(identity, now)
        return yield* judge.member(caller, { choice, person, joined, organization, endUser }, now)
      })

      const hinted = Hint.make(policy, judged)

      /** The host's own rule has the last word, at every request. */
      const ruled = (
        check: NonNullable<RequestPolicy["Service"]["check"]>,
        identity: Identity,
        { method, model, path }: Asked,
        { principal }: Allowed,
        now: Now
      ): Effect.Effect<void, Denial> =>
        Effect.mapEager(
          Effect.catchEager(
            check({ identity, principal, method, path, model }),
            (error) => refusedBy(error, "rule", now)
          ),
          () => now.note?.({ step: "rule", outcome: "ok", facts: {} })
        )

      const decide = Effect.fnUntracedEager(function*(asked: Asked, now: Now) {
        if (policy.isOpen(asked.path, asked.method)) return Judgement.open(asked, now)
        const { header, token } = yield* question.read(asked, now)
        const { claims, decisions, identity, standing } = yield* question.verified(verify(token, now), now)
        if (question.objects(asked)) yield* question.objection(claims, asked, now)
        const allowed = yield* memory.decision({ claims, identity, standing, decisions, asked, header }, now, hinted)
        if (rule !== undefined) yield* ruled(rule, identity, asked, allowed, now)
        return allowed
      })

      const suppose = Effect.fnUntracedEager(function*(claims: Claims, asked: Asked, now: Now, known?: Identity) {
        if (policy.isOpen(asked.path, asked.method)) return Judgement.open(asked, now)
        const header = yield* question.headerOf(asked, now)
        const read = known === undefined ? extractor.extract(claims) : Exit.succeed(known)
        const supposed = Effect.mapEager(read, (identity): VerifiedTokens.VerifiedToken => ({
          claims,
          identity,
          standing: policy.standing(identity),
          decisions: new Decisions()
        }))
        const { decisions, identity, standing } = yield* question.verified(supposed, now)
        if (question.objects(asked)) yield* question.objection(claims, asked, now)
        const allowed = yield* hinted({ claims, identity, standing, decisions, asked, header }, now)
        if (rule !== undefined) yield* ruled(rule, identity, asked, allowed, now)
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
        const created = allowed.writes.find((it) => it._tag === "CreateUser")?.user
        const subject = created?.subjects[0]
        if (subject === undefined) return done
        const row = yield* orAbsent(users.bySubject(subject.namespace, subject.subject, now), now)
        if (row === undefined || row.id === created?.id) return done
        const again = yield* decide(asked, now)
        return again.writes.length === 0 ? again : yield* written(again, now)
      })

      const authenticate = (asked: Asked, brief = false): Effect.Effect<Allowed, Denial> =>
        Effect.withFiber((fiber) => {
          const clock = fiber.getRef(Clock.Clock)
          const time = clock.currentTimeMillisUnsafe()
          const now = { time, ticks: fromClock(clock), note: fiber.getRef(Trace), brief }
          return Effect.flatMapEager(decide(asked, now), (allowed) => provisioned(asked, allowed, now))
        })

      return { authenticate, decide, suppose, teamAskedFor: question.teamAskedFor }
    })
  )

  /**
   * The whole pipeline for one configuration. What remains to be provided are the
   * seams: keys, opaque tokens, revocation, signature check, repositories, who
   * writes, and the host's own hook and rule (`layerNone` of each where there is none).
   */
  static readonly layerFor = (settings: Settings, options?: PolicyOptions) =>
    AuthBuilder.layer.pipe(
      Layer.provide([
        TeamResolver.layer,
        UserResolver.layer,
        OrganizationResolver.layer,
        ClaimExtractor.layer,
        options?.maxTokenLength === undefined ? Token.layer : Token.layerWith({ maxLength: options.maxTokenLength }),
        DecisionMemory.layer
      ]),
      Layer.provide(Rules.layer(settings, options)),
      Layer.provide(Issuers.layer(settings.issuers))
    )
}
