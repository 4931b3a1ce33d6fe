/**
 * Puts questions about a supposed call to the rules.
 *
 * There is no second set of rules: a caller with the rows in question is put
 * before the same `AuthBuilder`, which decides as at any door, writes nothing
 * and is told what only a token could tell: a name, the teams, every scope that
 * the policy knows.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { ClaimExtractor } from "@jotgate/core/ClaimExtractor"
import * as ClaimPath from "@jotgate/core/ClaimPath"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import type { BadRequest } from "@jotgate/core/Errors"
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
  /** `SERVER/URI` of a resource, alike. */
  readonly resource?: string | undefined
  /** The agent that would act for whom is asked about. */
  readonly agent?: string | undefined
  /** Whether each team and user is told with the agents that may act for it. */
  readonly withAgents?: boolean | undefined
  /** The route of the tool's server, or that of a chat, unless said. */
  readonly route?: string | undefined
  /** The HTTP method, in upper case. */
  readonly method: string
}

/** The route that is asked about when nothing says another. */
const CHAT = "/v1/chat/completions"

/** Puts questions to the rules of some settings, over the rows of the directory and those at hand. */
export class Questioner extends Context.Service<Questioner, {
  /** Puts the question of a caller who would say this to the rules, while `use` lasts; `rows` are found by name then. */
  readonly suppose: <A, E, R>(
    said: Said,
    about: Supposed,
    use: (auth: AuthBuilder["Service"], asked: Request.Asked) => Effect.Effect<A, E, R>,
    rows?: RowsAtHand.Rows
  ) => Effect.Effect<A, E | BadRequest, R>
}>()("@jotgate/server/Questioner") {
  /** Asks the rules of these settings. */
  static readonly layer = (settings: Settings) =>
    Layer.suspend(() => {
      const hand = RowsAtHand.make()
      const sayings: Sayings = new Map()
      const rules = pipeline(settings, sayings).pipe(Layer.provide(hand.layer))
      return Layer.effect(Questioner, make(settings, hand, sayings)).pipe(Layer.provide(rules))
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
  /** The team in whose name the call is; left out: none. */
  readonly team?: string | undefined
}

/** What the caller in question would say of itself. */
export interface Said {
  /** The issuer whose people it is one of: its namespace and its grants count. Without one it is a row of the directory. */
  readonly issuer?: string
  /** The subject of the token, or the id of the row. */
  readonly person?: string
  /** The e-mail address, with its proof. */
  readonly email?: string
  /** The teams that the token names. */
  readonly groups?: ReadonlyArray<string>
  /** The team that is asked for by header. */
  readonly team?: string
  /** The scopes that the token holds. */
  readonly scopes?: ReadonlyArray<string>
  /** The agent that acts for the caller, or on its own where there is none. */
  readonly act?: {
    /** The id of the agent. */
    readonly sub: string
  }
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
    const { mcp, scopes, teamHeaders: [header] } = settings.policy
    const allScopes = [...scopes.map((it) => it.scope), ...mcp.flatMap((it) => it.scopes)]
    const paths = new Map(mcp.map((it) => [it.server, it.path]))
    const unsaid = unsaidOf(settings)
    let asking = 0

    /** The question of one call. */
    const suppose = Effect.fnUntraced(function*<A, E, R>(
      said: Said,
      { agent, method, model, prompt, resource, route, team, tool }: Supposed,
      use: (auth: AuthBuilder["Service"], asked: Request.Asked) => Effect.Effect<A, E, R>,
      rows?: RowsAtHand.Rows
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
      const used = Effect.suspend(() =>
        rows === undefined ? use(auth, asked) : hand.holding(rows, () => use(auth, asked))
      )
      return yield* Effect.uninterruptibleMask((restore) => {
        sayings.set(token, { scopes: allScopes, ...(agent === undefined ? {} : { act: { sub: agent } }), ...said })
        return Effect.ensuring(restore(used), Effect.sync(() => sayings.delete(token)))
      })
    })

    return Questioner.of({ suppose })
  })
