/**
 * The whole decision: warm against fast-jwt's cached verification alone and
 * against the floor (SHA-256 and a map), cold against the bare signature check,
 * and how it grows with groups, rows and rules.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import { type Asked, knownModel, knownTool, noModel } from "@jotgate/core/Request"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { Settings } from "@jotgate/core/Settings"
import { Issuer } from "@jotgate/core/testing"
import { Forgetting } from "@jotgate/store"
import { Effect, Exit, Layer, ManagedRuntime, Result, Schema } from "effect"
import { createVerifier } from "fast-jwt"
import { importJWK, jwtVerify } from "jose"
import { hash } from "node:crypto"
import { importLitellm } from "../packages/cli/src/import/litellm.ts"
import * as CachedRepos from "../packages/store/src/remember/CachedRepos.ts"
import { measureAgainstPromise, nanos, type Pair, report, row } from "./Measure.ts"
import { publicKeyOf, rawCheck, rawCheckAsCarried } from "./RawCheck.ts"

/** Seconds: the tokens are of this moment, because `authenticate` reads the clock. */
const time = Math.floor(Date.now() / 1000)
const iss = "https://idp.test"

const seams = Layer.mergeAll(
  NodeSignature.layer,
  Layer.succeed(OpaqueToken, { verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} })) }),
  Revocation.layerNoop,
  ClaimsPolicy.layerNone,
  RequestPolicy.layerNone
)

const team = (index: number): TeamId => TeamId.make(`team-${index}`)

/** A directory in which one person is in no team, and the last of `groups` may call the model. */
const rowsOf = (teams: number, groups: number) => ({
  users: [makeUser({
    id: UserId.make("user-0"),
    email: "user0@acme.test",
    role: "internal_user",
    teams: [team(groups - 1)]
  })],
  teams: Array.from(
    { length: teams },
    (_, i) =>
      makeTeam({
        id: team(i),
        alias: `Team ${i}`,
        models: i === groups - 1 ? ["prod-models", "gpt-4o-*"] : ["claude-sonnet"]
      })
  )
})

const imported = (extra: Record<string, unknown> = {}): Record<string, unknown> => {
  const result = importLitellm({
    general_settings: {
      enable_jwt_auth: true,
      litellm_jwtauth: {
        user_id_jwt_field: "sub",
        user_email_jwt_field: "email",
        team_ids_jwt_field: "groups",
        roles_jwt_field: "realm_access.roles",
        enforce_rbac: true,
        scope_mappings: [{ scope: "llm.chat", models: ["gpt-4o", "gpt-4o-mini"] }],
        enforce_scope_based_access: true,
        ...extra
      },
      role_permissions: [{
        role: "internal_user",
        models: ["gpt-4o", "gpt-4o-mini"],
        routes: ["openai_routes", "info_routes"]
      }]
    },
    model_list: [
      {
        model_name: "gpt-4o",
        litellm_params: { model: "openai/gpt-4o" },
        model_info: { access_groups: ["prod-models"] }
      },
      { model_name: "claude-sonnet", litellm_params: { model: "anthropic/claude-sonnet-4-5" } }
    ],
    env: { JWT_PUBLIC_KEY_URL: "https://idp.test/keys", JWT_AUDIENCE: "llm-gateway", JWT_ISSUER: iss }
  })
  if (Result.isFailure(result)) throw new Error(result.failure.join("\n"))
  return { ...result.success.file }
}

const decodeSettings = Schema.decodeUnknownSync(Settings)

const issuer = await Effect.runPromise(Issuer.make(iss, ["RS256", "ES256"]))

/** Rows as a server has them: remembered in front of a directory. */
const remembered = (rows: ReturnType<typeof rowsOf>) =>
  CachedRepos.layer({ rows: 30_000, staleRows: 60_000, announced: true }).pipe(
    Layer.provideMerge(MemoryDirectory.layerRepos(rows)),
    Layer.provide([Cache.layer, Forgetting.layerLocal])
  )

const pipelineOf = async (file: Record<string, unknown>, rows: ReturnType<typeof rowsOf>, cached = true) => {
  const { gateway: _, ...core } = file
  const decoded = decodeSettings(core)
  const settings = cached ? decoded : { ...decoded, cache: { ...decoded.cache, tokens: 0 } }
  const id = settings.issuers[0]?.id ?? ""
  const keys = KeyStore.layerMemory({ [id]: issuer.jwks }).pipe(
    Layer.provide(Issuers.layer(settings.issuers)),
    Layer.provide(seams)
  )
  const layer = AuthBuilder.layerFor(settings).pipe(
    Layer.provide([keys, seams, remembered(rows)])
  )
  return ManagedRuntime.make(layer).runPromise(AuthBuilder)
}

const tokenOf = (groups: number, kid?: string) =>
  Effect.runPromise(issuer.token({
    now: time,
    ...(kid === undefined ? {} : { kid }),
    header: { typ: "JWT" },
    claims: {
      aud: "llm-gateway",
      sub: "user-0",
      email: "user0@acme.test",
      scope: "openid llm.chat",
      groups: Array.from({ length: groups }, (_, i) => `team-${i}`)
    }
  }))

const now = { time: time * 1000, ticks: performance.now(), note: undefined }

const askedOf = (token: string, model = "gpt-4o"): Asked => ({
  method: "POST",
  path: "/v1/chat/completions",
  rawHeaders: [
    "host",
    "gate.test",
    "user-agent",
    "openai",
    "authorization",
    `Bearer ${token}`,
    "content-type",
    "application/json"
  ],
  model: knownModel(model)
})

/** Asks once, so that the rows are in memory, and gives back the question. */
const primed = async (auth: AuthBuilder["Service"], asked: Asked): Promise<Asked> => {
  await Effect.runPromise(Effect.exit(auth.decide(asked, now)))
  return asked
}

const allows = (auth: AuthBuilder["Service"], asked: Asked) => () => {
  const answer = auth.decide(asked, now)
  if (!Exit.isExit(answer) || answer._tag !== "Success") {
    throw new Error(`not allowed at once: ${JSON.stringify(answer)}`)
  }
}
const denies = (auth: AuthBuilder["Service"], asked: Asked) => () => {
  const answer = auth.decide(asked, now)
  if (!Exit.isExit(answer) || answer._tag !== "Failure") throw new Error("not denied at once")
}

/** The rows are at hand and the token is known, but what is asked changes each time. */
const unasked = (auth: AuthBuilder["Service"], asked: Asked) => {
  const paths = [
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/models",
    "/v1/completions",
    "/v1/responses",
    "/v1/files"
  ]
  let at = 0
  return () => auth.decide({ ...asked, path: paths[at = (at + 1) % paths.length] ?? "" }, now)
}

const rsa = issuer.keys.find((it) => it.algorithm === "RS256")
const ecdsa = issuer.keys.find((it) => it.algorithm === "ES256")
if (rsa === undefined || ecdsa === undefined) throw new Error("no keys")

const ten = await tokenOf(10, rsa.kid)
const pem = publicKeyOf(rsa).export({ type: "spki", format: "pem" }).toString()
const cached = createVerifier({ key: pem, cache: true, clockTimestamp: time * 1000 })
const uncached = createVerifier({ key: pem, clockTimestamp: time * 1000 })
const floor = new Map([[hash("sha256", ten, "binary"), true]])
const currentDate = new Date(time * 1000)

/** A pipeline over `teams` rows and its decision on a token of the first `groups` of them. */
const decisionOf = async (options: {
  readonly token?: string
  readonly teams?: number
  readonly groups?: number
  readonly rules?: Record<string, unknown>
  readonly cold?: boolean
}) => {
  const { cold = false, groups = 10, rules, teams = groups, token = ten } = options
  const auth = await pipelineOf(imported(rules), rowsOf(teams, groups), !cold)
  const asked = await primed(auth, askedOf(token))
  return { auth, asked, run: allows(auth, asked) }
}

/** The same deployment with an MCP server, whose tools the chosen team lists in part. */
const withTools = async () => {
  const { policy = {}, ...file } = imported() as { readonly policy?: Readonly<Record<string, unknown>> }
  const roles = [{ role: "internal_user", models: ["gpt-4o"], routes: ["openai_routes", "info_routes", "/mcp/*"] }]
  const rows = rowsOf(10, 10)
  const auth = await pipelineOf(
    {
      ...file,
      policy: {
        ...policy,
        roles,
        teamRoutes: ["openai_routes", "info_routes", "/mcp/*"],
        mcp: [{ server: "github", path: "/mcp/github" }]
      }
    },
    {
      ...rows,
      teams: rows.teams.map((it, at) => at === 9 ? { ...it, tools: ["github/get_*", "!github/get_secret"] } : it)
    }
  )
  const model = await primed(auth, askedOf(ten))
  const tool = await primed(auth, {
    ...askedOf(ten),
    path: "/mcp/github",
    model: noModel,
    tool: knownTool({ kind: "tool", server: "github", name: "get_repo" })
  })
  return { model: allows(auth, model), tool: allows(auth, tool) }
}

const { asked, auth, run: warm } = await decisionOf({})
const authenticate = Effect.asVoid(auth.authenticate(asked))
const thousand = Array.from({ length: 1000 }, (_, i) => ({ scope: `unused-${i}`, models: [`model-${i}`] }))

type Pairs = ReadonlyArray<() => Promise<Pair>>

/** How far a row may be from the truth. */
export const noise: Pairs = [
  async () => ({ name: "warm decision of itself (noise)", ratio: 0, candidate: warm, baseline: warm })
]

/** What tools cost a decision, and one that is about none. */
export const ofTools: Pairs = [
  async () => {
    const { model, tool } = await withTools()
    return { name: "decision on a tool of one on a model", ratio: 1 / 1.15, candidate: tool, baseline: model }
  },
  async () => ({
    name: "decision on a model where MCP servers are configured, of one where none is",
    ratio: 0.95,
    candidate: (await withTools()).model,
    baseline: warm
  })
]

/** What is measured, each made when its turn comes, so that none pays for the rows of another. */
const pairs: Pairs = [
  ...noise,
  async () => ({
    name: "warm decision, 10 groups, of fast-jwt's cached verification alone",
    ratio: 1,
    candidate: warm,
    baseline: () => cached(ten)
  }),
  async () => ({
    name: "warm decision of SHA-256 and a map",
    ratio: 0,
    candidate: warm,
    baseline: () => floor.get(hash("sha256", ten, "binary"))
  }),
  async () => ({
    name: "warm authenticate, run as an effect, of fast-jwt's cached verification alone",
    ratio: 0,
    candidate: () => Effect.runSync(authenticate),
    baseline: () => cached(ten)
  }),
  async () => ({
    name: "cold decision, RS256, of raw crypto.verify",
    ratio: 0.6,
    candidate: (await decisionOf({ cold: true })).run,
    baseline: rawCheck(ten, rsa)
  }),
  async () => {
    const token = await tokenOf(10, ecdsa.kid)
    const { run } = await decisionOf({ cold: true, token })
    return {
      name: "cold decision, ES256, of raw crypto.verify with r and s side by side",
      ratio: 0.85,
      candidate: run,
      baseline: rawCheckAsCarried(token, ecdsa)
    }
  },
  async () => {
    const token = await tokenOf(10, ecdsa.kid)
    const { run } = await decisionOf({ cold: true, token })
    return {
      name: "cold decision, ES256, of raw crypto.verify with the signature in DER",
      ratio: 0,
      candidate: run,
      baseline: rawCheck(token, ecdsa)
    }
  },
  async () => ({
    name: "cold decision, RS256, of fast-jwt's verification alone",
    ratio: 0,
    candidate: (await decisionOf({ cold: true })).run,
    baseline: () => uncached(ten)
  }),
  async () => ({
    name: "warm denial of a warm allow",
    ratio: 1 / 1.3,
    candidate: denies(auth, await primed(auth, askedOf(ten, "claude-sonnet"))),
    baseline: warm
  }),
  ...ofTools,
  async () => ({
    name: "200 groups of 10 groups",
    ratio: 1 / 3,
    candidate: (await decisionOf({ groups: 200, token: await tokenOf(200, rsa.kid) })).run,
    baseline: warm
  }),
  async () => ({
    name: "1 000 rules of 10 rules",
    ratio: 0.5,
    candidate: (await decisionOf({
      rules: { scope_mappings: [...thousand, { scope: "llm.chat", models: ["gpt-4o"] }] }
    })).run,
    baseline: warm
  }),
  async () => ({
    name: "a question that was not asked before, of a warm decision",
    ratio: 0,
    candidate: unasked(auth, asked),
    baseline: warm
  }),
  async () => ({
    name: "100 000 teams of 10 teams",
    ratio: 1 / 1.5,
    candidate: (await decisionOf({ teams: 100_000 })).run,
    baseline: warm
  })
]

if (import.meta.main) {
  for (const make of pairs) report(await make())
  const key = await importJWK({ ...rsa.publicJwk }, "RS256")
  const jose = {
    name: "cold decision, RS256, of jose's verification alone",
    candidate: (await decisionOf({ cold: true })).run,
    baseline: () => jwtVerify(ten, key, { currentDate })
  }
  row(jose.name, await measureAgainstPromise(jose), 0)
  console.log(`warm decision ${nanos(warm).toFixed(0)} ns, fast-jwt cached ${nanos(() => cached(ten)).toFixed(0)} ns`)
  process.exit()
}
