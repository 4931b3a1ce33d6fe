/**
 * The composition root: everything that answers, from one configuration.
 *
 * `layer` opens both listeners over a first deployment; `reload` builds another
 * one from other settings and swaps it in, or leaves everything as it is. What
 * handlers use is provided to the listeners, so that it outlives them.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import * as AuthorizationServer from "@jotgate/core/AuthorizationServer"
import { Cache } from "@jotgate/core/Cache"
import { UserId } from "@jotgate/core/Directory"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { Outbound } from "@jotgate/core/Outbound"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Secrets } from "@jotgate/core/Secrets"
import { makeTally } from "@jotgate/core/Tally"
import { ticks } from "@jotgate/core/Ticks"
import { UserRepo } from "@jotgate/core/UserRepo"
import { RecordStore } from "@jotgate/store/RecordStore"
import * as Store from "@jotgate/store/Store"
import { StoreHealth } from "@jotgate/store/StoreHealth"
import * as StoreUrl from "@jotgate/store/StoreUrl"
import { Context, Effect, Layer, Option, Redacted, Result, Schema, type Scope } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { Otlp } from "effect/observability"
import type { SqlError } from "effect/sql"
import { AdminListener } from "./admin/AdminListener.ts"
import * as AdminServer from "./admin/AdminServer.ts"
import { type ConfigSource, ConfigState } from "./config/ConfigState.ts"
import { type FileSettings, grpcAddress, grpcTls, isLoopback } from "./config/GatewaySettings.ts"
import { lineOf } from "./config/SettingLines.ts"
import { type Deployment, Deployments, makeDoors } from "./Deployment.ts"
import type { DirectoryFileInvalid } from "./directory/DirectoryFileSource.ts"
import * as Management from "./directory/Management.ts"
import * as RowLines from "./directory/RowLines.ts"
import * as SharedDirectory from "./directory/SharedDirectory.ts"
import { GrpcDoor } from "./doors/grpc/GrpcDoor.ts"
import { Gate } from "./Gate.ts"
import { DecisionSpans, Judge } from "./Judge.ts"
import { type Directory, pipeline, type PipelineOptions } from "./Pipeline.ts"
import * as Planning from "./Planning.ts"
import * as Certificate from "./platform/Certificate.ts"
import type * as CustomPolicy from "./platform/CustomPolicy.ts"
import * as EventLoop from "./platform/EventLoop.ts"
import type { Address, ListenFailed } from "./platform/Listener.ts"
import * as NodeOutbound from "./platform/NodeOutbound.ts"
import * as NodeSecrets from "./platform/NodeSecrets.ts"
import * as RedactionKey from "./platform/RedactionKey.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { GateState } from "./proxy/GateState.ts"
import { type AuditTarget, DecisionLog } from "./record/DecisionLog.ts"
import { Records } from "./record/Records.ts"
import * as RecordWriter from "./record/RecordWriter.ts"
import * as Redaction from "./record/Redaction.ts"
import * as Crew from "./workers/Crew.ts"
import * as SharedFetch from "./workers/SharedFetch.ts"

/** The settings are sound one by one, but this program cannot be started with them. */
export class ServerRefused extends Schema.TaggedError<ServerRefused>()("ServerRefused", {
  /** Why it does not start, in one line. */
  reason: Schema.String
}) {
  /** Why it does not start, in one line. */
  override get message(): string {
    return this.reason
  }
}

export type { Directory } from "./Pipeline.ts"

/** What a server is made of besides its settings. */
export interface ServerOptions<E> extends PipelineOptions<E> {
  /** Where the settings come from, for whoever asks what is in force. */
  readonly source?: ConfigSource | undefined
  /** How long running requests get at the end, in milliseconds. */
  readonly grace?: number
  /** How many processes answer; with one it is this one. */
  readonly workers?: number
}

const defaultGrace = 20_000

/** A row that nobody has: looking for it shows whether the directory answers. */
const probe = UserId.make("jotgate-readiness-probe")

/** What is known of a directory that says nothing. */
const silent = "does not answer"

/** Builds one deployment; it lives as long as its scope. */
export const deploymentOf = <E>(
  settings: FileSettings,
  options: ServerOptions<E>
): Effect.Effect<
  Deployment,
  E | Store.StoreFailed | CustomPolicy.CustomPolicyInvalid | DirectoryFileInvalid,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { gateway, policy } = settings
    const services = yield* Layer.build(pipeline(settings, options))
    const users = Context.get(services, UserRepo)
    const keys = Context.get(services, KeyStore)
    const health = Context.getOption(services, StoreHealth)
    const outside = yield* Layer.build(
      Layer.merge(options.outbound ?? NodeOutbound.layer, NodeSecrets.layer(options.base, options.env))
    )
    return {
      auth: Context.get(services, AuthBuilder),
      doors: yield* makeDoors(gateway, {
        teamHeaders: policy.teamHeaders,
        litellm: policy.litellm,
        mcp: policy.mcp,
        env: options.env
      }),
      authorizationServer: AuthorizationServer.make(
        Context.get(outside, Outbound),
        Context.get(outside, Secrets),
        settings.issuers
      ),
      issuers: settings.issuers.map((it) => it.issuer).filter((it) => it !== "any"),
      scopes: policy.scopes.map((it) => it.scope),
      lineOf: options.lines === undefined
        ? undefined
        : lineOf(
          settings.issuers.map((it) => it.id),
          options.lines,
          settings.directory.file === null ? undefined : RowLines.make(settings.directory.file)
        ),
      supposing: { auth: Context.get(services, AuthBuilder), issuers: Issuers.make(settings.issuers).all, users },
      keys: keys.status,
      directory: Option.match(health, {
        onNone: () =>
          Effect.catch(
            Effect.asVoid(users.byId(probe)),
            (error) => error._tag === "RowNotFound" ? Effect.void : Effect.fail(silent)
          ),
        onSome: ({ check, report }) =>
          Effect.catch(check, () => Effect.flatMap(report, ({ trouble }) => Effect.fail(trouble ?? silent)))
      }),
      remembers: settings.cache.rows + settings.cache.staleRows,
      remembered: options.tallies === undefined
        ? undefined
        : { tallies: options.tallies, rows: () => Context.get(services, Cache).stats?.() },
      managed: yield* Management.live(settings, options, services)
    }
  })

const secret = (reference: string) =>
  Effect.flatMap(Secrets, (secrets) => secrets.read(reference)).pipe(
    Effect.mapError((it) => new ServerRefused({ reason: `${it.reference}: ${it.reason}` }))
  )

/** The certificate of `gateway.tls`; `null` without one. */
export const certificateOf = ({ gateway: { tls } }: FileSettings) =>
  tls === null ? Effect.succeed(null) : Effect.gen(function*() {
    return yield* Certificate.check(yield* secret(tls.cert), yield* secret(tls.key))
  })

/** What the gRPC listener shows, and whose certificates it asks for; `null` without it, and where it is in clear. */
export const grpcCertificateOf = (settings: FileSettings) => {
  const tls = grpcTls(settings.gateway)
  if (tls === null) return Effect.succeed(null)
  if (tls === settings.gateway.tls) return certificateOf(settings)
  return Effect.gen(function*() {
    const own = yield* Certificate.check(yield* secret(tls.cert), yield* secret(tls.key), "gateway.grpc.tls")
    if (tls.clientCa === undefined) return own
    return yield* Certificate.asking(own, yield* secret(tls.clientCa))
  })
}

/** The listener of callers. */
export const gateLayer = (settings: FileSettings, grace: number) =>
  Layer.unwrap(Effect.gen(function*() {
    const { gateway } = settings
    const tls = yield* certificateOf(settings)
    return Gate.layer({ ...gateway.listen, tls, headers: gateway.limits.headers, drain: gateway.drain, grace })
  }))

/** Who may use the admin listener, which is open to nobody else than this machine without a token. */
const adminToken = ({ gateway }: FileSettings) =>
  Effect.gen(function*() {
    const token = gateway.adminToken === null ? undefined : yield* secret(gateway.adminToken)
    if (token === undefined && !isLoopback(gateway.admin.host)) {
      return yield* new ServerRefused({
        reason: `gateway.admin listens on ${gateway.admin.host}, which needs gateway.adminToken`
      })
    }
    return token
  })

const adminListener = (settings: FileSettings) =>
  Layer.unwrap(Effect.map(
    adminToken(settings),
    (token) => AdminListener.layer({ host: settings.gateway.admin.host, hosts: settings.gateway.hosts, token })
  ))

/** Sends traces, metrics and logs to a collector, and makes a span of each decision; nothing without a URL. */
export const telemetry = ({ telemetry: { otlp } }: FileSettings): Layer.Layer<never> =>
  otlp === null ? Layer.empty : Layer.merge(
    Otlp.layerJson({
      baseUrl: otlp,
      resource: { serviceName: "jotgate" },
      loggerMergeWithExisting: true,
      shutdownTimeout: "1 second"
    }).pipe(Layer.provide(FetchHttpClient.layer)),
    Layer.succeed(DecisionSpans, true)
  )

/** What makes pseudonyms in records, when the settings say so. */
const redaction = ({ cache, decisions: { redact, redactKey } }: FileSettings) =>
  redact.length === 0
    ? Effect.succeed(undefined)
    : redactKey === null
    ? Effect.map(RedactionKey.local(cache.dir), Redaction.make)
    : Effect.map(secret(redactKey), (key) => Redaction.make(Redacted.value(key)))

/** Where records outlive the process, when the settings say so. */
const recordStore = (
  { decisions: { life, store }, directory }: FileSettings
): Layer.Layer<never, ServerRefused | SqlError.SqlError> => {
  if (store === null) return Layer.empty
  const url = StoreUrl.parse(store === "directory" ? directory.url : store)
  if (Result.isFailure(url)) {
    return Layer.effectDiscard(new ServerRefused({ reason: `decisions.store ${url.failure}` }))
  }
  switch (url.success._tag) {
    case "Memory":
      return Layer.effectDiscard(
        new ServerRefused({ reason: "decisions.store: directory.url memory: keeps no records" })
      )
    case "Sqlite":
      return RecordWriter.layer(life).pipe(Layer.provide(RecordStore.layerSqliteApart(url.success.path)))
    default:
      return RecordWriter.layer(life).pipe(Layer.provide(RecordStore.layerPostgres(url.success.url)))
  }
}

const isAuditTarget = (it: string): it is AuditTarget => it === "stdout" || it === "none" || it.startsWith("file:")

const addressOf = (server: HttpServer.HttpServer["Service"], host: string): Address => ({
  host,
  port: "port" in server.address ? server.address.port : 0
})

/** The gRPC door, where one is configured. */
export const grpcLayer = (settings: FileSettings, grace: number) =>
  Layer.unwrap(Effect.gen(function*() {
    const { gateway } = settings
    if (gateway.grpc === null) return GrpcDoor.layerNone
    const { body, headers } = gateway.limits
    return GrpcDoor.layer({
      ...grpcAddress(gateway.grpc),
      tls: yield* grpcCertificateOf(settings),
      maxMessage: body + headers,
      drain: gateway.drain,
      grace
    })
  }))

/** What callers and proxies come to. */
type Listeners = Layer.Layer<
  Gate | GrpcDoor,
  Certificate.CertificateInvalid | ListenFailed | ServerRefused | Crew.WorkerFailed,
  Deployments | Judge | DecisionLog | Telemetry | GateState | Secrets
>

/** What a gate of several processes has more than one of one. */
const fleetOf = <E>(settings: FileSettings, options: ServerOptions<E>, outbound: Outbound["Service"]) => {
  const { audit, decisions, gateway } = settings
  const grace = options.grace ?? defaultGrace
  const crew = new Crew.Crew(options.workers ?? 1, {
    settings,
    lines: options.lines ?? new Map(),
    base: options.base,
    grace,
    keepsQuestions: decisions.store !== null,
    keepsRecords: decisions.keep > 0 || audit.to !== "none" || decisions.store !== null,
    refuses: false
  })
  const shared = SharedFetch.make(outbound)
  return {
    crew,
    outbound: SharedFetch.layer(shared.share).pipe(Layer.provide(Layer.succeed(Outbound, outbound))),
    managed: (it: Deployment): Deployment =>
      it.managed === undefined
        ? it
        : { ...it, managed: { ...it.managed, keys: crew.keys(it.managed.keys, shared.forget) } },
    listeners: Crew.layer(crew, shared.share, { drain: gateway.drain, grace })
  }
}

/** The whole server: gate, doors, admin listener, records. */
export class Server extends Context.Service<Server, {
  /** Where the gate listens. */
  readonly gate: Address
  /** Where proxies ask over gRPC; `undefined` when nothing is configured. */
  readonly grpc: Address | undefined
  /** Where the admin listener is. */
  readonly admin: Address
  /**
   * Answers with other settings from the next request on, certificate and admin token included, which are read anew;
   * when any of it cannot be used, nothing changes.
   */
  readonly reload: (
    settings: FileSettings,
    lines?: ReadonlyMap<string, number>,
    source?: ConfigSource
  ) => Effect.Effect<void, unknown>
  /** A configuration was refused before it came here; `findings` say why, one line each. */
  readonly refused: (findings: ReadonlyArray<string>) => Effect.Effect<void>
  /** Opens the file of `audit` anew. */
  readonly reopen: () => void
  /** Something went wrong that no boundary caught: not ready until what ran then is over, or has had its time. */
  readonly wounded: (error: unknown) => void
}>()("@jotgate/server/Server") {
  /**
   * Opens both listeners; they close, gate first, when the layer does. With several workers it is these that answer
   * callers, each a process that runs this program's own command.
   */
  static readonly layer = <E>(settings: FileSettings, given: ServerOptions<E>) =>
    Layer.unwrap(Effect.gen(function*() {
      if ((given.workers ?? 1) === 1) return Server.#compose(settings, given, undefined)
      const outbound = Context.get(yield* Layer.build(NodeOutbound.layer), Outbound)
      return Server.#compose(settings, given, fleetOf(settings, given, outbound))
    }))

  static readonly #compose = <E>(
    settings: FileSettings,
    given: ServerOptions<E>,
    fleet: ReturnType<typeof fleetOf> | undefined
  ) => {
    const { audit, decisions, gateway } = settings
    const open = (it: FileSettings): Layer.Layer<Directory, E | Store.StoreFailed, Secrets> =>
      given.directory?.(it) ?? Store.layer(it)
    const tallies = { tokens: makeTally(), decisions: makeTally() }
    const options = {
      ...given,
      directory: SharedDirectory.make(open),
      held: SavedKeys.makeMemory(),
      tallies,
      ...(fleet === undefined ? {} : { outbound: fleet.outbound })
    }
    const build = (it: FileSettings, with_: typeof options) =>
      fleet === undefined ? deploymentOf(it, with_) : Effect.map(deploymentOf(it, with_), fleet.managed)
    const grace = options.grace ?? defaultGrace
    const listeners: Listeners = fleet === undefined
      ? Layer.merge(gateLayer(settings, grace), grpcLayer(settings, grace))
      : fleet.listeners
    const target = isAuditTarget(audit.to) ? audit.to : "stdout"
    const secrets = NodeSecrets.layer(options.base, options.env)
    const records = Records.layer(decisions).pipe(
      Layer.provideMerge(Layer.unwrap(Effect.map(
        redaction(settings),
        (redact) => DecisionLog.layer({ audit: target, keep: decisions.keep, onFull: audit.onFull, redact })
      ))),
      Layer.provideMerge(recordStore(settings))
    )
    const planning = Layer.effect(
      Planning.Planning,
      Effect.map(
        Records,
        (it) => Planning.make(it, (settings) => Effect.provide(deploymentOf(settings, options), secrets))
      )
    )
    const foundation = Layer.mergeAll(
      Layer.provideMerge(planning, records),
      Telemetry.layer,
      EventLoop.layer,
      ConfigState.layer(given.source),
      Deployments.layer(build(settings, options)),
      adminListener(settings)
    ).pipe(Layer.provideMerge(secrets))
    return Layer.effect(
      Server,
      Effect.gen(function*() {
        const gate = yield* Gate
        const door = yield* GrpcDoor
        const http = yield* HttpServer.HttpServer
        const deployments = yield* Deployments
        const listener = yield* AdminListener
        const log = yield* DecisionLog
        const state = yield* GateState
        const figures = yield* Telemetry
        const config = yield* ConfigState
        const run = Effect.runForkWith(yield* Effect.context<never>())
        const patience = gateway.drain + (options.grace ?? defaultGrace)
        const healed = Effect.gen(function*() {
          const since = yield* ticks
          yield* Effect.sleep(gateway.drain)
          while (state.oldest() <= since && (yield* ticks) < since + patience) {
            yield* Effect.sleep(250)
          }
          state.wounded = false
          yield* Effect.logWarning("what ran when something went wrong is over: ready again")
        })
        return {
          gate: gate.address,
          grpc: door.address,
          admin: addressOf(http, gateway.admin.host),
          refused: config.refused,
          reload: (next, lines, source) =>
            Effect.gen(function*() {
              const certificate = yield* certificateOf(next)
              // The listener stays what it is: where the files of its certificate are, too.
              const grpcCertificate = yield* grpcCertificateOf({
                ...next,
                gateway: { ...next.gateway, grpc: gateway.grpc }
              })
              const token = yield* adminToken({
                ...next,
                // The listener stays where it is.
                gateway: { ...next.gateway, admin: gateway.admin }
              })
              yield* deployments.swap(build(next, lines === undefined ? options : { ...options, lines }))
              if (fleet !== undefined) yield* fleet.crew.reload(next, lines ?? new Map())
              listener.token = token
              yield* config.replaced(source)
              if (certificate !== null && gateway.tls !== null) {
                gate.renew(certificate)
                yield* Effect.logInfo("the certificate is in force", Certificate.told(certificate))
              }
              if (grpcCertificate !== null && grpcTls(gateway) !== null) {
                door.renew(grpcCertificate)
                yield* Effect.logInfo("the certificate of gRPC is in force", Certificate.told(grpcCertificate))
              }
            }).pipe(Effect.provide(secrets)),
          reopen: () => log.audit.reopen(),
          wounded: (error) => {
            figures.defect("process", error)
            const { wounded } = state
            state.wounded = true
            if (!wounded) run(healed)
          }
        }
      })
    ).pipe(
      // The gate closes first: readiness tells of its draining until the end.
      Layer.provide(listeners),
      Layer.provideMerge(AdminServer.layer(gateway.admin)),
      Layer.provide([Judge.layer, GateState.layer]),
      Layer.provide(foundation),
      Layer.provide(telemetry(settings))
    )
  }
}
