/**
 * The questions the other way round: who may call a model or a tool, and what
 * may a team, a user or an agent call?
 *
 * The rules are asked (`Questioner`), about each person, team and agent with its
 * rows; people whom no rule can tell apart (`Given`), and teams (`GivenTeam`),
 * are asked about once, for as long as the rows that the answer rests on stand. What tokens of one issuer
 * may get at most (`grants`) and a custom hook are not part of the answer.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { readLog } from "@jotgate/core/DecisionMemory"
import { type Agent, type AgentId, DirectoryUnavailable, type RowNotFound, type TeamId } from "@jotgate/core/Directory"
import type { BadRequest, Code } from "@jotgate/core/Errors"
import { isAgentId } from "@jotgate/core/Ids"
import { KnownAnswers } from "@jotgate/core/KnownAnswers"
import type { Settings } from "@jotgate/core/Settings"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { now as moment } from "@jotgate/core/Ticks"
import type { Now } from "@jotgate/core/Trace"
import { DirectoryAdmin, everyOf, everyRow, type Page, type Person } from "@jotgate/store/DirectoryAdmin"
import * as People from "@jotgate/store/People"
import { Context, Effect, Exit, Layer } from "effect"
import * as Given from "./Given.ts"
import * as GivenTeam from "./GivenTeam.ts"
import { type About, Questioner, type Said } from "./Questioner.ts"
import type { Rows } from "./RowsAtHand.ts"

/** One way to call: in a team or without one; and what came of it. */
export interface Way {
  /** The team; `null`: without one. */
  readonly team: string | null
  /** Whether this way is allowed. */
  readonly allowed: boolean
  /** Why not; `null` when it is. */
  readonly code: Code | null
  /** Patterns of the models; none when denied. */
  readonly models: ReadonlyArray<string>
  /** Patterns of the tools of MCP servers, where some are configured; none when denied. */
  readonly tools?: ReadonlyArray<string>
}

/** What a team or a user may. */
export interface Answer {
  /** Whether one way at least is allowed. */
  readonly allowed: boolean
  /** Patterns of the models of all ways together. */
  readonly models: ReadonlyArray<string>
  /** Patterns of the tools of all ways together, where MCP servers are configured. */
  readonly tools?: ReadonlyArray<string>
  /** Each way to call, and what came of it. */
  readonly ways: ReadonlyArray<Way>
}

/** What somebody may whom no row knows, and whose token names no team, by the issuer of that token. */
export interface Stranger {
  /** The issuer of the token. */
  readonly issuer: string
  /** Whether such a caller is let in. */
  readonly allowed: boolean
  /** Why not; `null` when it is. */
  readonly code: Code | null
  /** Patterns of the models. */
  readonly models: ReadonlyArray<string>
}

/** What anybody with a valid token may (RULES D60). */
export interface Anybody {
  /** Whether somebody without a row is let in by one issuer at least. */
  readonly allowed: boolean
  /** Patterns of the models of all of them together. */
  readonly models: ReadonlyArray<string>
  /** The same for each issuer. */
  readonly issuers: ReadonlyArray<Stranger>
}

/** A team that may. */
export interface TeamWhoMay {
  /** The id of the team. */
  readonly id: string
  /** Its name; `null` when it has none. */
  readonly alias: string | null
  /** The agents that may for it; there where they are asked for. */
  readonly agents?: ReadonlyArray<string>
}

/** A user who may, and in which teams; `alone`: without naming a team. */
export interface UserWhoMay {
  /** The id of the user. */
  readonly id: string
  /** The address; `null` when none is known. */
  readonly email: string | null
  /** The teams in whose name they may. */
  readonly teams: ReadonlyArray<string>
  /** Whether they may without naming a team. */
  readonly alone: boolean
  /** The agents that may for them, in a team or without; there where they are asked for. */
  readonly agents?: ReadonlyArray<string>
}

/** An agent, and whether it may on its own; for whom else it may, `about.agent` asks. */
export interface AgentWhoMay {
  /** The id of the agent. */
  readonly id: string
  /** Its name; `null` when it has none. */
  readonly name: string | null
  /** Whether it may on its own. */
  readonly alone: boolean
}

/** Which rows are gone through. */
export interface Range {
  /** The id of the last row that was seen; left out: from the first. */
  readonly after?: string
  /** How many rows are looked at; fewer may be answered. */
  readonly limit: number
}

type Failure = DirectoryUnavailable | BadRequest

/** How many answers are remembered, of whatever questions. */
const REMEMBERED = 50_000

/** How many different calls are remembered. */
const POSED = 1_000

export class ReverseQuestions extends Context.Service<ReverseQuestions, {
  /** The teams that may. */
  readonly teams: (about: About, range: Range) => Effect.Effect<Page<TeamWhoMay>, Failure>
  /** The users who may. */
  readonly users: (about: About, range: Range) => Effect.Effect<Page<UserWhoMay>, Failure>
  /** Every agent, and whether it may on its own. */
  readonly agents: (about: About, range: Range) => Effect.Effect<Page<AgentWhoMay>, Failure>
  /** What an agent may on its own. */
  readonly agent: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  /** What a team may. */
  readonly team: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  /** What a user may, in each team and alone. */
  readonly user: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  /** What anybody with a valid token may. */
  readonly anybody: (about: About) => Effect.Effect<Anybody, Failure>
  /** Puts the question of a caller who would say this to the rules, while `use` lasts. */
  readonly suppose: Questioner["Service"]["suppose"]
}>()("@jotgate/server/ReverseQuestions") {
  /** Over whoever puts the questions. */
  static readonly layerOver = (settings: Settings) => Layer.effect(ReverseQuestions, make(settings))

  /** Asks the rules of these settings about the rows of the directory. */
  static readonly layer = (settings: Settings) =>
    // Fresh: the layers of the doors' own pipeline may be in the same graph.
    Layer.fresh(Layer.provide(ReverseQuestions.layerOver(settings), Questioner.layer(settings)))
}

/** A call that is asked about, whoever makes it. */
interface Posed {
  readonly about: About
  /** Whether it is told what else could be called. */
  readonly lists: boolean
  /** What tells it apart. */
  readonly number: number
  /** The texts that tell apart each way of a kind to make it. */
  readonly keysOf: (kind: Given.Kind) => ReadonlyArray<string>
}

/** A call that is asked about, and which teams no rule can tell apart in it; `undefined`: all of them can be. */
interface Asked {
  readonly posed: Posed
  readonly alike: GivenTeam.AlikeOf | undefined
}

/** Poses calls; the same one is posed once, and nothing but what tells it apart is asked about. */
const posing = () => {
  const all = new Map<string, Posed>()
  let last = 0
  return ({ agent, method, model, prompt, resource, route, tool }: About, lists: boolean): Posed => {
    const text = JSON.stringify([method, route, model, tool, prompt, resource, agent, lists])
    const known = all.get(text)
    if (known !== undefined) return known
    const number = ++last
    const keys = new WeakMap<Given.Kind, ReadonlyArray<string>>()
    const posed: Posed = {
      about: { agent, method, model, prompt, resource, route, tool },
      lists,
      number,
      keysOf: (kind) => {
        const before = keys.get(kind)
        if (before !== undefined) return before
        const made = kind.keys.map((key) => `${number} ${key}`)
        keys.set(kind, made)
        return made
      }
    }
    // What was posed long ago gets another number, and what is known of it is not found any more.
    const [oldest] = all.size >= POSED ? all.keys() : []
    if (oldest !== undefined) all.delete(oldest)
    all.set(text, posed)
    return posed
  }
}

const make = (settings: Settings) =>
  Effect.gen(function*() {
    const { suppose } = yield* Questioner
    const directory = yield* DirectoryAdmin
    const teamRows = yield* TeamRepo
    const agentRows = yield* AgentRepo
    const known = new KnownAnswers<Way, Failure>(yield* readLog, REMEMBERED)
    const { emailDomains, teamHeaders: [header] } = settings.policy
    const isServing = settings.policy.mcp.length > 0
    /** Whoever calls for a team has an address that is accepted. */
    const anybody = emailDomains[0] === undefined ? {} : { email: `anybody@${emailDomains[0]}` }
    const { person: personOf } = People.make()
    const kindOf = Given.make(settings)
    const posedOf = posing()
    /** What no row can be called. */
    const somebody = crypto.randomUUID()
    const alikeAmong = GivenTeam.make(settings, somebody)
    let asking = 0

    /** Decides on one call; `lists`: whether it is told what else could be called. `key`: what tells the question apart. */
    const way = (
      team: string | null,
      said: Said,
      about: About,
      { key, lists, rows }: { readonly lists: boolean; readonly key?: string; readonly rows?: Rows }
    ) =>
      Effect.flatMap(moment, (now) =>
        suppose(
          said,
          { ...about, ...(team === null ? {} : { team }) },
          (auth, asked) => {
            const allowed = () =>
              Effect.mapEager(auth.decide({ ...asked, listsModels: lists }, now), ({ reach }): Way => ({
                team,
                allowed: true,
                code: null,
                models: lists ? reach.models() : [],
                ...(isServing ? { tools: lists ? reach.tools() : [] } : {})
              }))
            const decide = () =>
              Effect.catchEager(allowed(), (denial): Exit.Exit<Way, DirectoryUnavailable> =>
                denial._tag === "Unavailable"
                  ? Exit.fail(new DirectoryUnavailable({ operation: "decide" }))
                  : Exit.succeed({
                    team,
                    allowed: false,
                    code: denial.code,
                    models: [],
                    ...(isServing ? { tools: [] } : {})
                  }))
            return key === undefined ? decide() : known.decide(key, decide)
          },
          rows
        ))

    const ofTeam = (id: TeamId, about: About, lists: boolean) => way(id, { team: id, ...anybody }, about, { lists })

    /** The same of whatever team is like this one. */
    const ofAlike = (alike: GivenTeam.Alike, { about, lists, number }: Posed, now: Now) => {
      const given = alike(0)
      const key = `${number} ${given.name}`
      return known.recall(key, now) ??
        way(given.name, { team: given.name, ...anybody }, about, { key, lists, rows: { teams: [given] } })
    }

    /** One way of a person to call, as the rules say. */
    const wayOf = (given: Given.Given, key: string, { about, lists }: Posed) => {
      const { email, name = `${somebody}-${asking++}`, team } = given
      const said = { person: name, ...(email === null ? anybody : { email }) }
      const named = team === null ? {} : header === undefined ? { team } : { groups: [team] }
      const person = { row: Given.rowOf(name, given), memberships: Given.membershipsOf(name, given) }
      return way(team, { ...said, ...named }, about, { key, lists, rows: { person, teams: Given.teamsOf(given) } })
    }

    /** What is known of each way of whoever is of this kind; `undefined` when something has to be asked. */
    const knownOf = (keys: ReadonlyArray<string>, now: Now): ReadonlyArray<Way> | undefined => {
      const ways: Array<Way> = []
      for (const key of keys) {
        const before = known.recall(key, now)
        if (before === undefined || Exit.isFailure(before)) return undefined
        ways.push(before.value)
      }
      return ways
    }

    const askedOf = Effect.fnUntraced(
      function*({ ways }: Given.Kind, keys: ReadonlyArray<string>, posed: Posed, now: Now) {
        const found: Array<Way> = []
        for (const [at, given] of ways.entries()) {
          const key = keys[at] ?? ""
          found.push(yield* known.recall(key, now) ?? wayOf(given, key, posed))
        }
        return found
      }
    )

    /** Without naming a team, and in each of the teams that somebody of this kind is a member of. */
    const ofKind = (kind: Given.Kind, posed: Posed, now: Now): Effect.Effect<ReadonlyArray<Way>, Failure> => {
      const keys = posed.keysOf(kind)
      const ways = knownOf(keys, now)
      return ways === undefined ? askedOf(kind, keys, posed, now) : Exit.succeed(ways)
    }

    /** Somebody of this issuer, with a name that no row has, or with none at all: the better of the two. */
    const stranger = Effect.fnUntraced(function*(issuer: string, about: About) {
      const said = { issuer, ...anybody }
      const named = yield* way(null, { ...said, person: `anybody-${crypto.randomUUID()}` }, about, { lists: true })
      const nameless = named.allowed ? named : yield* way(null, said, about, { lists: true })
      const { allowed, code, models } = nameless.allowed ? nameless : named
      return { issuer, allowed, code, models } satisfies Stranger
    })

    const together = (ways: ReadonlyArray<Pick<Way, "allowed" | "models">>) => {
      const models = [...new Set(ways.flatMap((it) => it.models))]
      return { allowed: ways.some((it) => it.allowed), models: models.includes("*") ? ["*"] : models }
    }

    const answer = (ways: ReadonlyArray<Way>): Answer => ({
      ...together(ways),
      ...(isServing ? { tools: [...new Set(ways.flatMap((it) => it.tools ?? []))] } : {}),
      ways
    })

    /** What an agent may on its own: the row must be autonomous. */
    const ofAgent = ({ id }: Agent, about: About, lists: boolean) =>
      way(null, { act: { sub: id } }, { ...about, agent: undefined }, { lists })

    /** Every agent that is not blocked. */
    const everyAgent = everyOf(
      directory,
      "agents",
      (agents) => agents.flatMap(({ blocked, id }) => blocked ? [] : [id])
    )

    /**
     * The agents that may for somebody who may, where they are asked for. One that may act in fewer teams is in another
     * one than its user would be alone, so every way is tried.
     */
    const agentsFor = Effect.fnUntracedEager(function*<A>(
      agents: ReadonlyArray<readonly [AgentId, A]>,
      mayFor: (acting: A) => Effect.Effect<boolean, Failure>
    ) {
      const found: Array<AgentId> = []
      for (const [agent, acting] of agents) if (yield* mayFor(acting)) found.push(agent)
      return found
    })

    /** Whether an agent's row may name teams: of one that cannot be read that is not known. */
    const mayNameTeams = (id: string, now: Now): Effect.Effect<boolean> =>
      isAgentId(id)
        ? Effect.match(agentRows.byId(id, now), {
          onFailure: ({ _tag }) => _tag !== "RowNotFound",
          onSuccess: ({ teams }) => teams !== null
        })
        : Effect.succeed(true)

    /** One call, and which teams are alike in it: where an agent acts whose row names teams, none are. */
    const askedIn = (about: About, among: GivenTeam.AlikeOf, now: Now): Effect.Effect<Asked> => {
      const posed = posedOf(about, false)
      return about.agent === undefined
        ? Exit.succeed({ posed, alike: among })
        : Effect.map(mayNameTeams(about.agent, now), (names) => ({ posed, alike: names ? undefined : among }))
    }

    /** The same call made by each agent that is told of. */
    const askedBy = (about: About, among: GivenTeam.AlikeOf, now: Now) =>
      about.withAgents === true
        ? Effect.flatMap(everyAgent, (agents) =>
          Effect.forEach(agents, (agent) =>
            Effect.map(askedIn({ ...about, agent }, among, now), (it) => [agent, it] as const)))
        : Exit.succeed(undefined)

    /** Which of these teams are alike; their rows are read together. */
    const alikeIn = (ids: ReadonlyArray<TeamId>, now: Now) =>
      ids.length === 0 ? Exit.succeed(alikeAmong([])) : Effect.mapEager(teamRows.byIds(ids, now), alikeAmong)

    /** What somebody may in one call; who is of one kind is told the same. */
    const telling = ({ alike, posed }: Asked, now: Now) => {
      const told = new Map<Given.Kind, ReadonlyArray<Way>>()
      return {
        known: (person: Person) => told.get(kindOf(person, alike)),
        ask: (person: Person) => {
          const kind = kindOf(person, alike)
          return Effect.mapEager(ofKind(kind, posed, now), (ways) => {
            told.set(kind, ways)
            return ways
          })
        }
      }
    }

    return ReverseQuestions.of({
      suppose,
      team: (id, about) =>
        Effect.flatMap(directory.get("teams", id), (row) =>
          Effect.map(ofTeam(row.id, about, true), (it) =>
            answer([it]))),
      user: Effect.fnUntraced(function*(id, about) {
        const row = yield* directory.get("users", id)
        const memberships = yield* everyRow(directory, "memberships", { user: id })
        const now = yield* moment
        return answer(yield* ofKind(kindOf(personOf(row, memberships)), posedOf(about, true), now))
      }),
      anybody: (about) =>
        Effect.map(
          Effect.forEach(settings.issuers, ({ id }) =>
            stranger(id, about)),
          (issuers): Anybody => ({ ...together(issuers), issuers })
        ),
      agents: Effect.fnUntraced(function*(about, range) {
        const { next, rows } = yield* directory.list("agents", range)
        const found = yield* Effect.forEach(
          rows,
          (row) =>
            Effect.map(ofAgent(row, about, false), ({ allowed }) => ({ id: row.id, name: row.name, alone: allowed }))
        )
        return { next, rows: found }
      }),
      agent: (id, about) =>
        Effect.flatMap(
          directory.get("agents", id),
          (row) => Effect.map(ofAgent(row, about, true), (it) => answer([it]))
        ),
      teams: Effect.fnUntraced(function*(about, range) {
        const { next, rows } = yield* directory.list("teams", range)
        const now = yield* moment
        const among = yield* alikeIn(rows.map((it) => it.id), now)
        const asked = yield* askedIn(about, among, now)
        const agents = yield* askedBy(about, among, now)
        const may = (id: TeamId, { alike, posed }: Asked) => {
          const one = alike?.(id)
          const way = one === undefined ? ofTeam(id, posed.about, false) : ofAlike(one, posed, now)
          return Effect.mapEager(way, (it) => it.allowed)
        }
        const found: Array<TeamWhoMay> = []
        for (const { alias, id } of rows) {
          if (!(yield* may(id, asked))) continue
          found.push(
            agents === undefined
              ? { id, alias }
              : { id, alias, agents: yield* agentsFor(agents, (acting) => may(id, acting)) }
          )
        }
        return { next, rows: found }
      }),
      users: Effect.fnUntraced(function*(about, range) {
        const { next, rows } = yield* directory.people(range)
        const now = yield* moment
        const ids = new Set<TeamId>()
        for (const { places } of rows) for (const { team } of places) ids.add(team)
        const among = yield* alikeIn([...ids], now)
        const told = telling(yield* askedIn(about, among, now), now)
        const agents = (yield* askedBy(about, among, now))?.map(([id, it]) => [id, telling(it, now)] as const)
        const found: Array<UserWhoMay> = []
        for (const person of rows) {
          const ways = told.known(person) ?? (yield* told.ask(person))
          if (!ways.some(isAllowed)) continue
          const { email, id } = person
          const alone = ways[0]?.allowed === true
          const teams = teamsOf(person, ways)
          found.push(
            agents === undefined ? { id, email, teams, alone } : {
              id,
              email,
              teams,
              alone,
              agents: yield* agentsFor(agents, (acting) => {
                const known = acting.known(person)
                return known === undefined
                  ? Effect.mapEager(acting.ask(person), (ways) => ways.some(isAllowed))
                  : Exit.succeed(known.some(isAllowed))
              })
            }
          )
        }
        return { next, rows: found }
      })
    })
  })

const isAllowed = ({ allowed }: Way): boolean => allowed

/** The teams in whose name somebody may who has these ways: alone, and in each team in the order of the row. */
const teamsOf = ({ places }: Person, ways: ReadonlyArray<Way>): ReadonlyArray<TeamId> => {
  const found: Array<TeamId> = []
  let at = 0
  for (const { isMember, team } of places) if (isMember && ways[++at]?.allowed === true) found.push(team)
  return found
}
