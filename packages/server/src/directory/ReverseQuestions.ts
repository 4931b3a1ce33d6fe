/**
 * The questions the other way round: who may call a model or a tool, and what
 * may a team, a user or an agent call?
 *
 * There is no second set of rules: a caller with the rows in question is put
 * before the same `AuthBuilder`, which decides as at any door, writes nothing
 * and is told what only a token could tell: a name, the teams, every scope that
 * the policy knows. What tokens of one issuer may get at most (`grants`) and a
 * custom hook are not part of the answer.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { ClaimExtractor } from "@jotgate/core/ClaimExtractor"
import * as ClaimPath from "@jotgate/core/ClaimPath"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import { type Agent, DirectoryUnavailable, type RowNotFound, type Team, type User } from "@jotgate/core/Directory"
import type { BadRequest, Code } from "@jotgate/core/Errors"
import { compile, type IssuerProfile } from "@jotgate/core/Issuer"
import type { JsonObject } from "@jotgate/core/Json"
import { KeyStore } from "@jotgate/core/KeyStore"
import { NodeSignature } from "@jotgate/core/node"
import { OrganizationResolver } from "@jotgate/core/OrganizationResolver"
import { Provisioner } from "@jotgate/core/Provisioner"
import * as Request from "@jotgate/core/Request"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { Rules } from "@jotgate/core/Rules"
import { Issuer as IssuerSettings, type Settings } from "@jotgate/core/Settings"
import { TeamResolver } from "@jotgate/core/TeamResolver"
import { Token } from "@jotgate/core/Token"
import { UserResolver } from "@jotgate/core/UserResolver"
import { DirectoryAdmin, type Page } from "@jotgate/store/DirectoryAdmin"
import { Context, Effect, Exit, Layer, Schema } from "effect"
import { namesOf, requested } from "../model/Peeked.ts"
import { readTarget } from "../model/RequestModel.ts"
import * as RowsAtHand from "./RowsAtHand.ts"

/** The request that is asked about. */
export interface About {
  /** `undefined`: whatever model. */
  readonly model?: string | undefined
  /** `SERVER/NAME` of a tool; what is asked about then is a call of it. */
  readonly tool?: string | undefined
  /** `SERVER/NAME` of a prompt, or `SERVER/URI` of a resource, alike; one of the three at most. */
  readonly prompt?: string | undefined
  readonly resource?: string | undefined
  /** The agent that would act for whom is asked about. */
  readonly agent?: string | undefined
  /** Whether each team and user is told with the agents that may act for it. */
  readonly withAgents?: boolean | undefined
  /** The route of the tool's server, or that of a chat, unless said. */
  readonly route?: string | undefined
  readonly method: string
}

/** One way to call: in a team or without one; and what came of it. */
export interface Way {
  readonly team: string | null
  readonly allowed: boolean
  readonly code: Code | null
  /** Patterns of the models; none when denied. */
  readonly models: ReadonlyArray<string>
  /** Patterns of the tools of MCP servers, where some are configured; none when denied. */
  readonly tools?: ReadonlyArray<string>
}

/** What a team or a user may. */
export interface Answer {
  readonly allowed: boolean
  readonly models: ReadonlyArray<string>
  readonly tools?: ReadonlyArray<string>
  readonly ways: ReadonlyArray<Way>
}

/** What somebody may whom no row knows, and whose token names no team, by the issuer of that token. */
export interface Stranger {
  readonly issuer: string
  readonly allowed: boolean
  readonly code: Code | null
  readonly models: ReadonlyArray<string>
}

/** What anybody with a valid token may (RULES D60). */
export interface Anybody {
  readonly allowed: boolean
  readonly models: ReadonlyArray<string>
  readonly issuers: ReadonlyArray<Stranger>
}

/** A team that may. */
export interface TeamWhoMay {
  readonly id: string
  readonly alias: string | null
  /** The agents that may for it; there where they are asked for. */
  readonly agents?: ReadonlyArray<string>
}

/** A user who may, and in which teams; `alone`: without naming a team. */
export interface UserWhoMay {
  readonly id: string
  readonly email: string | null
  readonly teams: ReadonlyArray<string>
  readonly alone: boolean
  /** The agents that may for them, in a team or without; there where they are asked for. */
  readonly agents?: ReadonlyArray<string>
}

/** An agent, and whether it may on its own; for whom else it may, `about.agent` asks. */
export interface AgentWhoMay {
  readonly id: string
  readonly name: string | null
  readonly alone: boolean
}

/** Which rows are gone through. */
export interface Range {
  readonly after?: string
  /** How many rows are looked at; fewer may be answered. */
  readonly limit: number
}

type Failure = DirectoryUnavailable | BadRequest

/** The route that is asked about when nothing says another. */
const CHAT = "/v1/chat/completions"

export class ReverseQuestions extends Context.Service<ReverseQuestions, {
  readonly teams: (about: About, range: Range) => Effect.Effect<Page<TeamWhoMay>, Failure>
  readonly users: (about: About, range: Range) => Effect.Effect<Page<UserWhoMay>, Failure>
  /** Every agent, and whether it may on its own. */
  readonly agents: (about: About, range: Range) => Effect.Effect<Page<AgentWhoMay>, Failure>
  /** What an agent may on its own. */
  readonly agent: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  readonly team: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  readonly user: (id: string, about: About) => Effect.Effect<Answer, Failure | RowNotFound>
  readonly anybody: (about: About) => Effect.Effect<Anybody, Failure>
  /** Puts the question of a caller who would say this to the rules, while `use` lasts. */
  readonly suppose: <A, E, R>(
    said: Said,
    about: Supposed,
    use: (auth: AuthBuilder["Service"], asked: Request.Asked) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | BadRequest, R>
}>()("@jotgate/server/ReverseQuestions") {
  /** Asks the rules of these settings about the rows of the directory. */
  static readonly layer = (settings: Settings) =>
    Layer.suspend(() => {
      const hand = RowsAtHand.make()
      const sayings: Sayings = new Map()
      const rules = pipeline(settings, sayings).pipe(Layer.provide(hand.layer))
      // Fresh: the layers of the doors' own pipeline may be in the same graph.
      return Layer.fresh(Layer.effect(ReverseQuestions, make(settings, hand, sayings)).pipe(Layer.provide(rules)))
    })
}

/** The models in question: the one that is asked about, and those that path and query name to whoever calls there. */
const modelOf = (method: string, target: string, model: string | undefined): Request.RequestedModel => {
  const { seen } = readTarget(method, target, [])
  if (model === undefined) return requested(seen, Request.noModel) ?? { _tag: "Conflict" }
  return seen._tag === "Found" ? Request.severalModels([model, ...namesOf(seen)]) : Request.knownModel(model)
}

/** The call in question, in the name of a team or not. */
export interface Supposed extends About {
  readonly team?: string | undefined
}

/** What the caller in question would say of itself. */
export interface Said {
  /** The issuer whose people it is one of: its namespace and its grants count. Without one it is a row of the directory. */
  readonly issuer?: string
  readonly person?: string
  readonly email?: string
  readonly groups?: ReadonlyArray<string>
  readonly team?: string
  readonly scopes?: ReadonlyArray<string>
  /** The agent that acts for the caller, or on its own where there is none. */
  readonly act?: { readonly sub: string }
}

const own = Schema.decodeUnknownSync(IssuerSettings)({
  id: "rows-of-the-directory",
  issuer: "any",
  audience: "any",
  serviceAccounts: "asUsers",
  identities: { linkByEmail: "never" },
  claims: { user: "person", email: "email", teams: "groups", team: "team", scopes: "scopes", agent: { actor: "act" } }
})
const rowsOfTheDirectory = compile(own)

/** The issuers of the settings, as what people in question say is read. */
const issuersOf = (settings: Settings): ReadonlyMap<string, IssuerProfile> =>
  new Map(settings.issuers.map((it) => [
    it.id,
    compile({ ...it, claims: own.claims, serviceAccounts: "asUsers", tokens: "any", require: {} })
  ]))

/** What callers in question say, by the token that stands for it while the question is decided. */
type Sayings = Map<string, Said>

const claimAt = ([name = "", ...rest]: ClaimPath.ClaimPath, value: string): JsonObject => ({
  [name]: rest.length === 0 ? value : claimAt(rest, value)
})

/** What no row says and every caller could: an application that is listed, and the id of a trace, which some agents must send. */
const unsaidOf = ({ policy: { mcpClients } }: Settings) => {
  const client = mcpClients?.allowed[0]?.value
  const { claim = null, header = null } = mcpClients ?? {}
  const claims: JsonObject = client === undefined || claim === null ? {} : claimAt(ClaimPath.parse(claim), client)
  const named = client === undefined || claim !== null || header === null ? [] : [header, client]
  return { claims, headers: ["x-litellm-trace-id", "a-question", ...named] }
}

/** Believes every question: nothing that comes from outside gets here. */
const believing = (sayings: Sayings, issuers: ReadonlyMap<string, IssuerProfile>, claims: JsonObject) =>
  Layer.succeed(Token, {
    verify: (text) => {
      const said = sayings.get(text)
      if (said === undefined) return Exit.die(new Error("nobody asked"))
      const { issuer: id, ...payload } = said
      const issuer = (id === undefined ? undefined : issuers.get(id)) ?? rowsOfTheDirectory
      return Exit.succeed({
        issuer,
        payload: { ...claims, ...payload, email_verified: true },
        expiresAt: undefined,
        // Nobody proves anything, an audience neither: a server's own resource is in no row.
        verifiedBy: { _tag: "Supposed" }
      })
    }
  })

/** Rules that change no row but a person's own, which is made for the question alone, as the template says. */
const reading = (settings: Settings): Settings => ({
  ...settings,
  issuers: [...settings.issuers, own],
  directory: {
    ...settings.directory,
    teams: { ...settings.directory.teams, create: "never" },
    memberships: "none",
    userRoles: []
  }
})

const pipeline = (settings: Settings, sayings: Sayings) =>
  AuthBuilder.layer.pipe(
    Layer.provide([
      TeamResolver.layer,
      UserResolver.layer,
      OrganizationResolver.layer,
      ClaimExtractor.layer,
      Revocation.layerNoop,
      Provisioner.layerNoop,
      NodeSignature.layer,
      believing(sayings, issuersOf(settings), unsaidOf(settings).claims),
      Layer.mock(KeyStore, { epoch: () => 0 })
    ]),
    Layer.provide(Rules.layer(reading(settings))),
    Layer.provide([ClaimsPolicy.layerNone, RequestPolicy.layerNone])
  )

const make = (settings: Settings, hand: ReturnType<typeof RowsAtHand.make>, sayings: Sayings) =>
  Effect.gen(function*() {
    const auth = yield* AuthBuilder
    const directory = yield* DirectoryAdmin
    const { emailDomains, scopes, teamHeaders } = settings.policy
    const allScopes = [...scopes.map((it) => it.scope), ...settings.policy.mcp.flatMap((it) => it.scopes)]
    const header = teamHeaders[0]
    const isServing = settings.policy.mcp.length > 0
    const paths = new Map(settings.policy.mcp.map((it) => [it.server, it.path]))
    /** Whoever calls for a team has an address that is accepted. */
    const anybody = emailDomains[0] === undefined ? {} : { email: `anybody@${emailDomains[0]}` }
    const unsaid = unsaidOf(settings)
    let asking = 0

    /** The question of one call. */
    const suppose = Effect.fnUntraced(function*<A, E, R>(
      said: Said,
      { agent, method, model, prompt, resource, route, team, tool }: Supposed,
      use: (auth: AuthBuilder["Service"], asked: Request.Asked) => Effect.Effect<A, E, R>
    ) {
      const token = `question-${asking++}`
      const named = tool !== undefined
        ? Request.toolFrom(tool)
        : prompt !== undefined
        ? Request.toolFrom(prompt, "prompt")
        : resource !== undefined
        ? Request.toolFrom(resource, "resource")
        : undefined
      const target = route ?? (named === undefined ? undefined : paths.get(named.server)) ?? CHAT
      const asked = yield* Request.make({
        method,
        target,
        rawHeaders: [
          ...["authorization", `Bearer ${token}`],
          ...(team === undefined || said.person === undefined || header === undefined ? [] : [header, team]),
          ...unsaid.headers
        ],
        model: modelOf(method, target, model),
        ...(named === undefined ? {} : { tool: Request.knownTool(named) })
      })
      sayings.set(token, { scopes: allScopes, ...(agent === undefined ? {} : { act: { sub: agent } }), ...said })
      return yield* Effect.ensuring(use(auth, asked), Effect.sync(() => sayings.delete(token)))
    })

    /** Decides on one call; `lists`: whether it is told what else could be called. */
    const way = (team: string | null, said: Said, about: About, lists: boolean) =>
      suppose(
        said,
        { ...about, ...(team === null ? {} : { team }) },
        (auth, asked) =>
          auth.authenticate({ ...asked, listsModels: lists }).pipe(
            Effect.matchEffect({
              onSuccess: ({ reach }) =>
                Exit.succeed<Way>({
                  team,
                  allowed: true,
                  code: null,
                  models: lists ? reach.models() : [],
                  ...(isServing ? { tools: lists ? reach.tools() : [] } : {})
                }),
              onFailure: (denial) =>
                denial._tag === "Unavailable"
                  ? Exit.fail(new DirectoryUnavailable({ operation: "decide" }))
                  : Exit.succeed<Way>({
                    team,
                    allowed: false,
                    code: denial.code,
                    models: [],
                    ...(isServing ? { tools: [] } : {})
                  })
            })
          )
      )

    const ofTeam = ({ id }: Team, about: About, lists: boolean) => way(id, { team: id, ...anybody }, about, lists)

    /** Without naming a team, and in each of the teams that the user is a member of. */
    const ofUser = Effect.fnUntraced(function*({ email, id, teams }: User, about: About, lists: boolean) {
      const said = { person: id, ...(email === null ? anybody : { email }) }
      const alone = yield* way(null, said, about, lists)
      const named = yield* Effect.forEach(
        teams,
        (team) => way(team, header === undefined ? { ...said, team } : { ...said, groups: teams }, about, lists)
      )
      return [alone, ...named]
    })

    /** Somebody of this issuer, with a name that no row has, or with none at all: the better of the two. */
    const stranger = Effect.fnUntraced(function*(issuer: string, about: About) {
      const said = { issuer, ...anybody }
      const named = yield* way(null, { ...said, person: `anybody-${crypto.randomUUID()}` }, about, true)
      const nameless = named.allowed ? named : yield* way(null, said, about, true)
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
      way(null, { act: { sub: id } }, { ...about, agent: undefined }, lists)

    /** Every agent that is not blocked. */
    const everyAgent = Effect.gen(function*() {
      const found: Array<string> = []
      let after: string | undefined
      do {
        const page: Page<Agent> = yield* directory.list("agents", {
          limit: 1000,
          ...(after === undefined ? {} : { after })
        })
        for (const { blocked, id } of page.rows) if (!blocked) found.push(id)
        after = page.next
      } while (after !== undefined)
      return found
    })

    /**
     * The agents that may for somebody who may, where they are asked for. One that may act in fewer teams is in another
     * one than its user would be alone, so every way is tried.
     */
    const agentsFor = Effect.fnUntraced(function*(
      agents: ReadonlyArray<string> | undefined,
      about: About,
      ways: (about: About) => Effect.Effect<ReadonlyArray<Way>, Failure>
    ) {
      if (agents === undefined) return {}
      const may = yield* Effect.forEach(
        agents,
        (agent) => Effect.map(ways({ ...about, agent }), (all) => all.some((it) => it.allowed) ? [agent] : [])
      )
      return { agents: may.flat() }
    })

    return ReverseQuestions.of({
      suppose,
      team: (id, about) =>
        Effect.flatMap(directory.get("teams", id), (row) => Effect.map(ofTeam(row, about, true), (it) => answer([it]))),
      user: (id, about) =>
        Effect.flatMap(directory.get("users", id), (row) => Effect.map(ofUser(row, about, true), answer)),
      anybody: (about) =>
        Effect.map(
          Effect.forEach(settings.issuers, ({ id }) => stranger(id, about)),
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
        const agents = about.withAgents === true ? yield* everyAgent : undefined
        const found = yield* hand.withTeams(rows)(
          Effect.forEach(rows, (row) =>
            Effect.flatMap(ofTeam(row, about, false), ({ allowed }) =>
              allowed
                ? Effect.map(
                  agentsFor(agents, about, (asked) => Effect.map(ofTeam(row, asked, false), (it) => [it])),
                  (more): ReadonlyArray<TeamWhoMay> => [{ id: row.id, alias: row.alias, ...more }]
                )
                : Effect.succeed([])))
        )
        return { next, rows: found.flat() }
      }),
      users: Effect.fnUntraced(function*(about, range) {
        const { next, rows } = yield* directory.list("users", range)
        const agents = about.withAgents === true ? yield* everyAgent : undefined
        const found = yield* hand.withPeople(directory, rows)(
          Effect.forEach(
            rows,
            (row) =>
              Effect.flatMap(ofUser(row, about, false), (ways) =>
                ways.some((it) => it.allowed)
                  ? Effect.map(
                    agentsFor(agents, about, (asked) => ofUser(row, asked, false)),
                    (more): ReadonlyArray<UserWhoMay> => [{
                      id: row.id,
                      email: row.email,
                      teams: ways.flatMap((it) => it.allowed && it.team !== null ? [it.team] : []),
                      alone: ways.some((it) => it.allowed && it.team === null),
                      ...more
                    }]
                  )
                  : Effect.succeed([]))
          )
        )
        return { next, rows: found.flat() }
      })
    })
  })
