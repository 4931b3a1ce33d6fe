/** A gate over the real pipeline: an issuer that signs, a directory in memory, an upstream that notes. */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import type { Rows } from "@jotgate/core/MemoryRows"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { Settings } from "@jotgate/core/Settings"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Context, Effect, Exit, Layer, Schema } from "effect"
import type { UpstreamTimeouts } from "../../src/config/GatewaySettings.ts"
import { type Deployment, Deployments, type DoorSettings, makeDoors } from "../../src/Deployment.ts"
import { GrpcDoor } from "../../src/doors/grpc/GrpcDoor.ts"
import { Gate, type GateOptions } from "../../src/Gate.ts"
import { Judge } from "../../src/Judge.ts"
import { Telemetry } from "../../src/platform/Telemetry.ts"
import { GateState } from "../../src/proxy/GateState.ts"
import type { UpstreamSettings } from "../../src/proxy/Upstreams.ts"
import { DecisionLog } from "../../src/record/DecisionLog.ts"
import * as Upstream from "./Upstream.ts"

const user = (id: string, teams: ReadonlyArray<string>, more: object = {}) =>
  makeUser({ id: UserId.make(id), email: `${id}@acme.test`, teams: teams.map((it) => TeamId.make(it)), ...more })

/** alice is in red and blue, bob in blue, carol in none; root is an admin. */
export const rows: Rows = {
  users: [
    user("alice", ["red", "blue"], { role: "internal_user" }),
    user("bob", ["blue"], { role: "internal_user" }),
    user("carol", [], { role: "internal_user", models: ["gpt-4o-mini"] }),
    user("root", [], { role: "proxy_admin" })
  ],
  teams: [
    makeTeam({ id: TeamId.make("red"), alias: "Red", models: ["gpt-4o*"] }),
    makeTeam({ id: TeamId.make("blue"), alias: "Blue", models: ["claude-*"] })
  ]
}

/** A directory of these people, each with what is said of them. */
export const people = (them: Readonly<Record<string, object>>): Rows => ({
  users: Object.entries(them).map(([id, more]) => user(id, [], { role: "internal_user", ...more }))
})

export const defaultLimits: DoorSettings["limits"] = {
  body: 32 * 1024 * 1024,
  headers: 64 * 1024,
  token: 16 * 1024,
  stream: 3_600_000,
  inFlight: 2000,
  inFlightPerCaller: 200,
  bodyTimeout: 60_000
}

export interface WorldOptions {
  readonly doors?: Partial<DoorSettings>
  readonly policy?: object
  readonly directory?: object
  /** Mappings of claims besides those of the test issuer. */
  readonly claims?: object
  readonly rows?: Rows
  readonly timeouts?: UpstreamTimeouts
  readonly gate?: Partial<GateOptions>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Settings of the upstream besides its URL. */
  readonly upstream?: Omit<UpstreamSettings, "url">
  /** Where the MCP servers of the policy are, by name; without an entry the upstream takes their requests. */
  readonly mcp?: Readonly<Record<string, UpstreamSettings>>
  /** Whether proxies may ask over gRPC too. */
  readonly grpc?: boolean
  /** Without it the recorder is the upstream. */
  readonly noUpstream?: boolean
}

export interface World {
  readonly port: number
  readonly url: string
  /** Where the gRPC door listens; 0 without one. */
  readonly grpcPort: number
  readonly upstream: Upstream.Recorder
  /** A token of this person; `claims` change it. */
  readonly token: (sub: string, claims?: Readonly<Record<string, unknown>>) => Effect.Effect<string>
  readonly deployments: Deployments["Service"]
  readonly log: DecisionLog["Service"]
  readonly state: GateState["Service"]
  readonly judge: Judge["Service"]
  readonly telemetry: Telemetry["Service"]
  readonly auth: AuthBuilder["Service"]
}

const issuer = Effect.runSync(Effect.cached(Issuer.make("https://idp.test", ["ES256"])))

/** The services that this test kit replaces with "nobody". */
const nobody = Layer.mergeAll(
  Layer.succeed(OpaqueToken, {
    verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
  }),
  Revocation.layerNoop
)

/** The pipeline alone. */
export const makeAuth = Effect.fnUntraced(function*(options: WorldOptions) {
  const idp = yield* issuer
  const settings = yield* Schema.decodeUnknownEffect(Settings)({
    policy: { withoutTeam: "all", ...options.policy },
    directory: options.directory ?? {}
  })
  const trusted = idp.settings({
    claims: { user: "sub", email: "email", teams: "groups", scopes: "scope", ...options.claims }
  })
  const credentials = options.doors?.credentials
  const layer = AuthBuilder.layerFor(
    { ...settings, issuers: [trusted] },
    credentials === undefined ? {} : { credentials }
  ).pipe(
    Layer.provide([nobody, ClaimsPolicy.layerNone, RequestPolicy.layerNone]),
    Layer.provide(
      KeyStore.layerMemory({ [trusted.id]: idp.jwks }).pipe(Layer.provide(Issuers.layer([trusted])))
    ),
    Layer.provide(MemoryDirectory.layerRepos(options.rows ?? rows)),
    Layer.provide(Cache.layer),
    Layer.provide(NodeSignature.layer)
  )
  return { auth: Context.get(yield* Layer.build(layer), AuthBuilder), settings, idp }
})

/** A running gate; everything ends with the scope. */
export const make = Effect.fnUntraced(function*(options: WorldOptions = {}) {
  const upstream = yield* Upstream.make
  const { auth, idp, settings } = yield* makeAuth(options)
  const doors: DoorSettings = {
    credentials: ["authorization"],
    trustedProxies: ["127.0.0.1"],
    forwardAuth: { authorization: false, unseenModel: "pass" },
    limits: defaultLimits,
    cors: null,
    websocket: [],
    upstreams: [],
    ...(options.noUpstream === true ? {} : { upstream: { url: upstream.url, ...options.upstream } }),
    ...options.doors
  }
  const deployment = Effect.map(
    makeDoors(doors, {
      teamHeaders: settings.policy.teamHeaders,
      litellm: settings.policy.litellm,
      env: options.env ?? {},
      mcp: settings.policy.mcp.map((it) => {
        const upstream = options.mcp?.[it.server]
        return upstream === undefined ? it : { ...it, upstream }
      }),
      ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts })
    }),
    (compiled): Deployment => ({
      auth,
      doors: compiled,
      issuers: [idp.iss],
      scopes: [],
      keys: Effect.succeed([]),
      directory: Effect.void,
      remembers: 0
    })
  )
  const listener = { host: "127.0.0.1", port: 0, tls: null, drain: 0, grace: 500, ...options.gate }
  const grpc = options.grpc === true
    ? GrpcDoor.layer({ ...listener, maxMessage: doors.limits.body + doors.limits.headers })
    : GrpcDoor.layerNone
  const services = yield* Layer.build(
    Layer.merge(Gate.layer({ headers: doors.limits.headers, ...listener }), grpc).pipe(
      Layer.provideMerge(Layer.merge(Judge.layer, GateState.layer)),
      Layer.provideMerge(Layer.mergeAll(DecisionLog.layerMemory, Telemetry.layer, Deployments.layer(deployment)))
    )
  )
  const gate = Context.get(services, Gate)
  const clock = yield* Clock.Clock
  const world: World = {
    port: gate.address.port,
    url: `http://127.0.0.1:${gate.address.port}`,
    grpcPort: Context.get(services, GrpcDoor).address?.port ?? 0,
    upstream,
    token: (sub, claims = {}) =>
      idp.token({
        now: Math.floor(clock.currentTimeMillisUnsafe() / 1000),
        claims: { sub, email: undefined, ...claims }
      }),
    deployments: Context.get(services, Deployments),
    log: Context.get(services, DecisionLog),
    state: Context.get(services, GateState),
    judge: Context.get(services, Judge),
    telemetry: Context.get(services, Telemetry),
    auth
  }
  return world
})
