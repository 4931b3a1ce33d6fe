/**
 * Finds the programs that act in a request: those that the claims name, and the
 * managed agent whose application the token is (RULES D72, DESIGN §11).
 *
 * What a user may is narrowed by each agent of the chain. Who is bound to an
 * agent is that agent, or nobody: never an ordinary user.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { AgentIdentities, AgentRepo } from "../directory/AgentRepo.ts"
import type { Agent, AgentBinding, TeamId, User } from "../directory/Directory.ts"
import type { TeamRepo } from "../directory/TeamRepo.ts"
import { type Denial, deny } from "../Errors.ts"
import * as AgentClaim from "../identity/AgentClaim.ts"
import { isAgentId } from "../Ids.ts"
import type { Asked } from "../Request.ts"
import * as ManagedAgent from "../rules/ManagedAgent.ts"
import type { ModelCap } from "../rules/Model.ts"
import type { Policy } from "../rules/Policy.ts"
import type { Level } from "../rules/Tool.ts"
import type { Change, FactsOf } from "../Step.ts"
import type { Claims } from "../token/Claims.ts"
import type { Now } from "../Trace.ts"
import { orAbsent, orOutage, raise } from "./Ruled.ts"

/** The agents that act in one request. */
export interface Acting {
  /** The outermost one. */
  readonly id: string
  /** All of them, outermost first. */
  readonly chain: ReadonlyArray<string>
  /** What each of them may call at most. */
  readonly caps: ReadonlyArray<ModelCap>
  /** What their rows say of MCP servers. */
  readonly tools: ReadonlyArray<Level>
  /** The teams in which they may act; `undefined` where nothing is said. */
  readonly teams: ((team: TeamId) => boolean) | undefined
  readonly requiresTraceId: boolean
  /** Whether the outermost one may act without a user. */
  readonly autonomous: boolean
}

/** A managed agent: on its own, or for the person who delegated to it. */
export interface Managed {
  readonly acting: Acting
  /** `undefined`: it acts on its own. */
  readonly user: User | undefined
}

/** What is asked: the claims, of whose issuer, and the request. */
export interface AgentQuestion {
  readonly claims: Claims
  readonly asked: Asked
  /** Who is supposed to act, whatever the claims say of it. */
  readonly agents?: ReadonlyArray<string> | undefined
}

const nobody = Exit.succeed(undefined)

/** What an operator would have to change for an agent. */
const changeFor = (code: "agent_unknown" | "agent_blocked", { agent, reason }: FactsOf<"agent">): Change => {
  const name = agent ?? null
  const quoted = JSON.stringify(name ?? "")
  return code === "agent_unknown"
    ? { change: "row", kind: "agent", name: name ?? "", text: `There is no row for the agent ${quoted}.` }
    : {
      change: "agent",
      name,
      text: `The agent ${quoted} is ${reason === undefined ? "blocked" : `refused: ${reason}`}.`
    }
}

export const make = (policy: Policy, agents: AgentRepo, teams: TeamRepo["Service"]) => {
  const { identities } = agents
  const readers = new Map(policy.settings.issuers.flatMap((it) => {
    const reader = AgentClaim.compile(it)
    return reader === undefined ? [] : [[it.id, reader] as const]
  }))

  const denied = (
    code: "agent_unknown" | "agent_blocked",
    facts: FactsOf<"agent">,
    chain: ReadonlyArray<string>,
    now: Now
  ): Exit.Exit<never, Denial> => {
    const [id] = chain
    now.note?.({
      step: "agent",
      outcome: "denied",
      facts: { code, ...facts },
      ...(id === undefined ? {} : { resolved: { agent: { id, chain } } })
    })
    if (now.brief !== true) {
      now.note?.({ step: "hint", outcome: "note", facts: { changes: [changeFor(code, facts)] } })
    }
    return deny(code)
  }

  const byId = (id: string, now: Now) => isAgentId(id) ? orAbsent(agents.byId(id, now), now) : nobody

  /** An agent that an actor or a client names; one with an identity of its own is named by that alone. */
  const row = (id: string, now: Now) =>
    Effect.mapEager(byId(id, now), (found) => found?.hasIdentity === true ? undefined : found)

  /** A registered agent by id, then by name. */
  const registered = Effect.fnUntracedEager(function*(name: string, now: Now) {
    const found = (yield* byId(name, now)) ?? (yield* orAbsent(agents.byName(name, now), now))
    return found === undefined || found.hasIdentity
      ? yield* denied("agent_unknown", { agent: name }, [name], now)
      : found
  })

  /** What an agent may call at most: its own list, and the models of its groups. */
  const capsOf = Effect.fnUntracedEager(function*(agent: Agent, now: Now) {
    const caps: Array<ModelCap> = []
    if (agent.models !== null) caps.push(policy.rows.cap(agent.models, "agent_model_denied", { agent: agent.id }))
    if (agent.modelGroups !== null) {
      const groups = yield* orOutage(teams.modelGroups(agent.modelGroups, now), now)
      caps.push(policy.rows.cap(groups.flatMap((it) => it.models), "agent_model_denied", { agent: agent.id }))
    }
    return caps
  })

  const acts = Effect.fnUntracedEager(function*(chain: ReadonlyArray<string>, rows: ReadonlyArray<Agent>, now: Now) {
    const blocked = rows.find((it) => it.blocked)
    if (blocked !== undefined) return yield* denied("agent_blocked", { agent: blocked.id }, chain, now)
    const caps: Array<ModelCap> = []
    for (const one of rows) caps.push(...(yield* capsOf(one, now)))
    const lists = rows.flatMap((it) => it.teams === null ? [] : [new Set(it.teams)])
    const id = chain[0] ?? ""
    const acting: Acting = {
      id,
      chain,
      caps,
      tools: rows.flatMap((it) => policy.tools.level("agent", it.id, it)),
      teams: lists.length === 0 ? undefined : (team) => lists.every((it) => it.has(team)),
      requiresTraceId: rows.some((it) => it.requireTraceId),
      autonomous: rows.find((it) => it.id === id)?.autonomous ?? false
    }
    now.note?.({
      step: "agent",
      outcome: "ok",
      facts: {
        agent: id,
        chain,
        models: caps.map((it) => it.list.patterns),
        tools: rows.flatMap((it) => it.tools === null ? [] : [it.tools])
      },
      resolved: { agent: { id, chain } }
    })
    return acting
  })

  const named = Effect.fnUntracedEager(
    function*(claim: AgentClaim.AgentClaim | undefined, now: Now) {
      if (claim === undefined) {
        return yield* raise({
          step: "agent",
          code: "invalid_token",
          facts: { claim: "agent", found: "no chain of actors" }
        }, now)
      }
      const strict = policy.settings.policy.agents.unknown === "deny"
      const rows: Array<Agent> = []
      const chain: Array<string> = [...claim.chain]
      for (const actor of claim.chain) {
        const found = yield* row(actor, now)
        if (found !== undefined) rows.push(found)
        else if (strict) return yield* denied("agent_unknown", { agent: actor }, chain, now)
      }
      if (chain.length === 0 && claim.client !== undefined) {
        const found = yield* row(claim.client, now)
        if (found !== undefined) {
          rows.push(found)
          chain.push(found.id)
        } else if (strict) return yield* denied("agent_unknown", { agent: claim.client }, [claim.client], now)
      }
      if (claim.registered !== undefined) {
        const found = yield* registered(claim.registered, now)
        if (!rows.some((it) => it.id === found.id)) rows.push(found)
        if (!chain.includes(found.id)) chain.push(found.id)
      }
      return chain.length === 0 ? undefined : yield* acts(chain, rows, now)
    }
  )

  /** The agents that the claims name; `undefined` when nobody acts but the caller. */
  const acting = ({ agents: chain, claims }: AgentQuestion, now: Now): Effect.Effect<Acting | undefined, Denial> => {
    if (chain !== undefined) return named({ chain, client: undefined, registered: undefined }, now)
    const reader = readers.get(claims.issuer.id)
    return reader === undefined ? nobody : named(reader(claims.payload), now)
  }

  const refused = (reason: string, { agent, client }: AgentBinding, now: Now) =>
    denied("agent_blocked", { agent: agent?.id ?? null, client, reason }, agent === null ? [] : [agent.id], now)

  const bound = Effect.fnUntracedEager(
    function*(
      { bound, person }: AgentIdentities,
      { client, issuer, tenant }: ManagedAgent.Application,
      { asked, claims }: AgentQuestion,
      now: Now
    ) {
      const binding = yield* orAbsent(bound(tenant, client, now), now)
      if (binding === undefined) return undefined
      const { agent } = binding
      if (agent === null || !binding.active) return yield* refused("taken back or disabled", binding, now)
      const subject = ManagedAgent.subjectOf(binding, claims.payload)
      if (typeof subject === "string") return yield* refused(subject, binding, now)
      const user = subject.mode === "autonomous"
        ? undefined
        : yield* orAbsent(person(issuer, tenant, subject.object, now), now)
      if (subject.mode === "delegated" && user === undefined) {
        return yield* refused("the person has not signed in", binding, now)
      }
      if (!ManagedAgent.isTrusted(claims.issuer.settings)) return yield* refused("no audience is checked", binding, now)
      if (!policy.routes.isManagedRoute(asked)) return yield* refused("no route for agents", binding, now)
      return { acting: yield* acts([agent.id], [agent], now), user }
    }
  )

  /** The managed agent whose application the token is; `undefined` for everybody else. */
  const managed = (question: AgentQuestion, now: Now): Effect.Effect<Managed | undefined, Denial> => {
    if (identities === undefined) return nobody
    const application = ManagedAgent.applicationOf(question.claims.payload)
    return application === undefined ? nobody : bound(identities, application, question, now)
  }

  return {
    acting,
    managed,
    /** Whether any issuer says who acts. */
    readsClaims: readers.size > 0
  }
}
