/**
 * The whole pipeline on memory: settings, rows and claims in, decision out.
 *
 * What is asked here is what every door asks: tokens are really signed and
 * verified, rows are really looked up, writes are really done, only nothing
 * leaves the process. A verdict prints as one line, so that a table of cases
 * reads like the rules it proves.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { AuthBuilder } from "../AuthBuilder.ts"
import { ticks } from "../cache/Ticks.ts"
import type { Allowed } from "../Decision.ts"
import { type RequestCheck, RequestPolicy } from "../decision/RequestPolicy.ts"
import * as Directory from "../directory/Directory.ts"
import { MemoryDirectory } from "../directory/MemoryDirectory.ts"
import { MemoryRows, type MemoryTables, type Operation, type Rows } from "../directory/MemoryRows.ts"
import type { Code, Denial } from "../Errors.ts"
import { Issuers } from "../issuer/Issuer.ts"
import { KeyStore } from "../keys/KeyStore.ts"
import { OpaqueToken } from "../opaque/OpaqueToken.ts"
import {
  type Asked,
  conflictingModels,
  knownModel,
  knownTool,
  noModel,
  rawHeadersOf,
  type RequestedModel,
  type RequestedTool,
  toolFrom,
  unnamedModel,
  unseenModel
} from "../Request.ts"
import type { PolicyOptions } from "../rules/Policy.ts"
import * as Settings from "../Settings.ts"
import { type ClaimsCheck, ClaimsPolicy } from "../token/ClaimsPolicy.ts"
import { TokenRefused } from "../token/Refusal.ts"
import { Revocation } from "../token/Revocation.ts"
import { Signature } from "../token/Signature.ts"
import { type Noted, Trace } from "../Trace.ts"
import { headerOf, makeKey, signAnything, type TestKey } from "./Issuer.ts"

type IssuerEncoded = typeof Settings.Issuer.Encoded

/** One deployment: settings as the file writes them, rows, and what does not answer. */
export interface World {
  /** Settings of the only issuer, over the defaults of `issuer`. */
  readonly issuer?: Partial<IssuerEncoded>
  /** Several issuers instead, each over the same defaults. */
  readonly issuers?: ReadonlyArray<Partial<IssuerEncoded>>
  readonly sharedIdentities?: boolean
  /** `withoutTeam` is `all` unless said, so that a test about something else needs no team. */
  readonly policy?: typeof Settings.PolicySettings.Encoded
  readonly directory?: typeof Settings.DirectorySettings.Encoded
  readonly cache?: typeof Settings.CacheSettings.Encoded
  readonly rows?: Rows
  readonly failing?: Iterable<Operation>
  /** The author's own repositories in place of `rows`: what they leave out finds the rows. */
  readonly repositories?: Layer.Layer<never>
  /** The hook on verified claims. */
  readonly custom?: { readonly validate: ClaimsCheck | undefined }
  /** The last word on a request. */
  readonly rule?: { readonly check: RequestCheck | undefined }
  readonly options?: PolicyOptions
  /** The key with which every issuer signs; one of ES256 unless said. */
  readonly key?: TestKey
}

/** One request with the token it carries. */
export interface Ask {
  /** Claims over the good ones (`iss`, `aud`, `iat`, `exp`); `undefined` removes one. There is no user unless named. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The text of the token instead; `null` sends none. */
  readonly token?: string | null
  /** `/v1/chat/completions` unless said. */
  readonly path?: string
  /** `POST` unless said, `GET` on info routes. */
  readonly method?: string
  /** The name of the model, `conflict` for two different ones, `unnamed` or `unseen`; none unless said. */
  readonly model?: string | RequestedModel
  /** `SERVER/NAME` of a tool, asked for on the path of its server; none unless said. */
  readonly tool?: string | RequestedTool
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Whether the door wants to tell what else may be called. */
  readonly listsModels?: boolean
}

/** How a request came out, flat. */
export interface Verdict {
  readonly allowed: boolean
  readonly status: number
  readonly code: Code | undefined
  /** One line: `allow user=u-1 team=red`, or `403 team_denied`; an id that was made is `(made)`. */
  readonly line: string
  readonly answer: Exit.Exit<Allowed, Denial>
  readonly decision: Allowed | undefined
  readonly writes: ReadonlyArray<Directory.DirectoryWrite>
  readonly steps: ReadonlyArray<Noted>
}

/** The claims that an issuer of these tests maps, by the names under which tests write them. */
export const mapping: IssuerEncoded["claims"] = {
  user: "uid",
  email: "email",
  teams: "groups",
  team: "team_id",
  teamAlias: "team_name",
  organization: "org_id",
  organizationAlias: "org_name",
  endUser: "customer",
  object: "oid",
  roles: "roles",
  userRoles: "user_roles",
  scopes: "scope"
}

/** An issuer with every claim mapped and everything else at its default. */
export const issuer: IssuerEncoded = { id: "idp", issuer: "https://idp.test", audience: "gate", claims: mapping }

const decode = Schema.decodeUnknownSync(Settings.Settings)

/** The settings of a world. */
export const settingsOf = (world: World): Settings.Settings =>
  decode({
    issuers: (world.issuers ?? [world.issuer ?? {}]).map((it) => ({ ...issuer, ...it })),
    sharedIdentities: world.sharedIdentities ?? false,
    policy: { withoutTeam: "all", ...world.policy },
    directory: world.directory ?? {},
    cache: world.cache ?? {}
  })

/** A row of a user, with plain text for ids. */
export const user = (id: string, row: Partial<typeof Directory.User.Encoded> = {}): Directory.User =>
  Schema.decodeSync(Directory.User)({ ...Directory.makeUser({ id: Directory.UserId.make(id) }), ...row })

/** A row of a team. */
export const team = (id: string, row: Partial<typeof Directory.Team.Encoded> = {}): Directory.Team =>
  Schema.decodeSync(Directory.Team)({ ...Directory.makeTeam({ id: Directory.TeamId.make(id) }), ...row })

/** A row of an organization. */
export const organization = (
  id: string,
  row: Partial<typeof Directory.Organization.Encoded> = {}
): Directory.Organization =>
  Schema.decodeSync(Directory.Organization)({
    ...Directory.makeOrganization({ id: Directory.OrganizationId.make(id) }),
    ...row
  })

/** A row of an end user. */
export const endUser = (id: string, row: Partial<typeof Directory.EndUser.Encoded> = {}): Directory.EndUser =>
  Schema.decodeSync(Directory.EndUser)({
    ...Directory.makeEndUser({ id: Directory.EndUserId.make(id) }),
    ...row
  })

/** The limits of a user in a team. */
export const membership = (
  of: string,
  within: string,
  row: Partial<typeof Directory.Membership.Encoded> = {}
): Directory.Membership =>
  Schema.decodeSync(Directory.Membership)({
    ...Directory.makeMembership({ user: Directory.UserId.make(of), team: Directory.TeamId.make(within) }),
    ...row
  })

/** A model group. */
export const modelGroup = (id: string, models: ReadonlyArray<string>): Directory.ModelGroup => ({
  id: Directory.ModelGroupId.make(id),
  models
})

const modelOf = (model: Ask["model"]): RequestedModel =>
  model === undefined
    ? noModel
    : typeof model !== "string"
    ? model
    : model === "conflict"
    ? conflictingModels
    : model === "unseen"
    ? unseenModel
    : model === "unnamed"
    ? unnamedModel
    : knownModel(model)

const toolOf = (tool: string | RequestedTool): RequestedTool | undefined => {
  const named = typeof tool === "string" ? toolFrom(tool) : undefined
  return typeof tool === "string" ? named === undefined ? undefined : knownTool(named) : tool
}

/** The path of a server of these tests. */
const pathOf = (tool: RequestedTool | undefined): string | undefined =>
  tool?._tag === "Known" ? `/mcp/${tool.tool.server}` : tool?._tag === "Unseen" ? `/mcp/${tool.server}` : undefined

/** An agent, with plain text for ids. */
export const agent = (id: string, row: Partial<typeof Directory.Agent.Encoded> = {}): Directory.Agent =>
  Schema.decodeSync(Directory.Agent)({ ...Directory.makeAgent({ id: Directory.AgentId.make(id) }), ...row })

/** Paths that only tell, and are asked for with GET (RULES D58). */
const isInfo = (path: string): boolean =>
  /^(?:\/v1)?\/(?:models|model\/info|(?:key|team|user)\/info|health)/.test(path) && !path.includes(":")

/** The question that a door would make of a request. */
export const askedOf = (ask: Ask, token: string | null): Asked => {
  const tool = ask.tool === undefined ? undefined : toolOf(ask.tool)
  return {
    method: ask.method ?? (isInfo(ask.path ?? "") ? "GET" : "POST"),
    path: ask.path ?? pathOf(tool) ?? "/v1/chat/completions",
    ...(tool === undefined ? {} : { tool }),
    rawHeaders: rawHeadersOf({ ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...ask.headers }),
    model: modelOf(ask.model),
    ...(ask.listsModels === undefined ? {} : { listsModels: ask.listsModels })
  }
}

const made = /^u_[0-9A-Z]{26}$/

/** A value in which every made id reads `(made)`: no two decisions make the same. */
export const withoutMadeIds = (value: unknown): unknown =>
  typeof value === "string"
    ? value.replace(made, "(made)")
    : Array.isArray(value)
    ? value.map(withoutMadeIds)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, it]) => [name, withoutMadeIds(it)]))
    : value

const lineOf = (answer: Result.Result<Allowed, Denial>): string => {
  if (Result.isFailure(answer)) return `${answer.failure.status} ${answer.failure.code}`
  const { admin, endUserId, organizationId, teamId, userId } = answer.success.principal
  const user = userId?.replace(made, "(made)")
  const named = [["user", user], ["team", teamId], ["organization", organizationId], ["endUser", endUserId]] as const
  return [
    "allow",
    ...(admin ? ["admin"] : []),
    ...named.flatMap(([name, id]) => id === undefined ? [] : `${name}=${id}`)
  ]
    .join(" ")
}

const verdictOf = (answer: Result.Result<Allowed, Denial>, steps: ReadonlyArray<Noted>): Verdict => ({
  allowed: Result.isSuccess(answer),
  status: Result.isSuccess(answer) ? 200 : answer.failure.status,
  code: Result.isSuccess(answer) ? undefined : answer.failure.code,
  line: lineOf(answer),
  answer: Result.isSuccess(answer) ? Exit.succeed(answer.success) : Exit.fail(answer.failure),
  decision: Result.getOrUndefined(answer),
  writes: Result.isSuccess(answer) ? answer.success.writes : [],
  steps
})

/** What stands outside of the pipeline and is not asked here: opaque tokens are refused, nothing is revoked. */
const outside = Layer.mergeAll(
  Signature.layer,
  Layer.succeed(OpaqueToken, {
    verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
  }),
  Revocation.layerNoop
)

export class CoreTest extends Context.Service<CoreTest, {
  readonly settings: Settings.Settings
  /** The rows, to be looked at and changed. */
  readonly tables: MemoryTables
  /** Signs good claims with these changes; those of the first issuer unless `iss` says another. */
  readonly token: (claims?: Ask["claims"]) => Effect.Effect<string>
  /** Decides and writes, with a listener. */
  readonly ask: (ask: Ask) => Effect.Effect<Verdict>
  /** Decides and writes, with nobody listening. */
  readonly quietly: (ask: Ask) => Effect.Effect<Verdict>
  /** Decides and writes nothing. */
  readonly dryly: (ask: Ask) => Effect.Effect<Verdict>
}>()("@jotgate/core/CoreTest") {
  /** A pipeline of its own for a world. */
  static readonly layer = (world: World): Layer.Layer<CoreTest> => {
    const settings = settingsOf(world)
    const pipeline = Effect.gen(function*() {
      const key = world.key ?? (yield* makeKey("ES256", "test"))
      const sets = Object.fromEntries(settings.issuers.map((it) => [it.id, { keys: [key.publicJwk] }]))
      const iss = settings.issuers[0]?.issuer ?? ""
      const now = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1000))
      const token = (claims: Ask["claims"] = {}) =>
        Effect.flatMap(
          now,
          (iat) => signAnything(key, headerOf(key), { iss, aud: "gate", iat, exp: iat + 300, ...claims })
        )
      return Layer.effect(
        CoreTest,
        Effect.gen(function*() {
          const auth = yield* AuthBuilder
          const tables = yield* MemoryRows
          const asked = (ask: Ask) =>
            ask.token === undefined
              ? Effect.map(token(ask.claims), (it) => askedOf(ask, it))
              : Effect.succeed(askedOf(ask, ask.token))
          const ask = Effect.fnUntraced(function*(one: Ask) {
            const steps: Array<Noted> = []
            const answer = auth.authenticate(yield* asked(one)).pipe(
              Effect.provideService(Trace, (step: Noted) => void steps.push(step))
            )
            return verdictOf(yield* Effect.result(answer), steps)
          })
          const quietly = Effect.fnUntraced(function*(one: Ask) {
            return verdictOf(yield* Effect.result(auth.authenticate(yield* asked(one))), [])
          })
          const dryly = Effect.fnUntraced(function*(one: Ask) {
            const steps: Array<Noted> = []
            const time = yield* Clock.currentTimeMillis
            const question = yield* asked(one)
            const note = (step: Noted) => void steps.push(step)
            return verdictOf(yield* Effect.result(auth.decide(question, { time, ticks: yield* ticks, note })), steps)
          })
          return { settings, tables, token, ask, quietly, dryly }
        })
      ).pipe(
        Layer.provide(
          AuthBuilder.layerFor(settings, {
            ...world.options,
            hook: world.custom?.validate,
            rule: world.rule?.check
          })
        ),
        Layer.provide(
          Layer.provideMerge(
            world.repositories ?? Layer.empty,
            MemoryDirectory.layerRepos(world.rows, { failing: new Set(world.failing ?? []) })
          )
        ),
        Layer.provide(KeyStore.layerMemory(sets)),
        Layer.provide(Issuers.layerFor(settings)),
        Layer.provide(outside),
        Layer.provide([ClaimsPolicy.layerNone, RequestPolicy.layerNone])
      )
    })
    return Layer.unwrap(pipeline)
  }
}

/** Decides one request in a world of its own. */
export const ask = (world: World, one: Ask): Effect.Effect<Verdict> =>
  CoreTest.use((it) => it.ask(one)).pipe(Effect.provide(CoreTest.layer(world)))

/** The lines of a table of requests in one world, each on rows of its own. */
export const lines = Effect.fnUntraced(function*(world: World, asks: Readonly<Record<string, Ask>>) {
  const all: Record<string, string> = {}
  for (const [name, one] of Object.entries(asks)) all[name] = (yield* ask(world, one)).line
  return all
})
