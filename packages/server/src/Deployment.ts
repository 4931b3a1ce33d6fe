/**
 * What one request is answered with: settings, rules and upstreams of one
 * configuration, immutable.
 *
 * A reload makes another one and swaps it in atomically: a request keeps the
 * deployment it began with, and the old one is released when the last such
 * request is over.
 */
import type { AuthBuilder } from "@jotgate/core/AuthBuilder"
import type { Document } from "@jotgate/core/AuthorizationServer"
import type { CacheStats } from "@jotgate/core/Cache"
import { type FurtherHeader, identityHeaders, ourHeaders } from "@jotgate/core/IdentityHeaders"
import type { IssuerStatus } from "@jotgate/core/KeyStore"
import type { UpstreamKind } from "@jotgate/core/ModelRoutes"
import type { LineOf } from "@jotgate/core/Remedy"
import * as Route from "@jotgate/core/Route"
import * as RouteGroups from "@jotgate/core/RouteGroups"
import type { LitellmRelease } from "@jotgate/core/Settings"
import type { Tallies } from "@jotgate/core/Tally"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { IdentityHeader } from "./config/GatewayHeaders.ts"
import { defaultTimeouts, type UpstreamTimeouts } from "./config/GatewaySettings.ts"
import type { Management } from "./directory/Management.ts"
import { compile as compileServers, type McpServers } from "./mcp/McpServers.ts"
import { isOtherSpelling, requestFilter, spoofOf } from "./proxy/HeaderName.ts"
import * as Peers from "./proxy/Peers.ts"
import { make as makeUpstreams, type Upstreams, type UpstreamSettings } from "./proxy/Upstreams.ts"
import type { Supposing } from "./Supposition.ts"

/** What the doors need of `gateway` in the settings; sizes in bytes, times in milliseconds. */
export interface DoorSettings {
  /** Headers that may carry the caller's token. */
  readonly credentials: ReadonlyArray<string>
  /** The path below which the gate is mounted. */
  readonly prefix?: string
  /** Further headers that tell who is calling. */
  readonly identityHeaders?: Readonly<Record<string, IdentityHeader>>
  /** Addresses and CIDR ranges that may ask for forward authentication. */
  readonly trustedProxies: ReadonlyArray<string>
  /** Answers to proxies. */
  readonly forwardAuth: { readonly authorization: boolean; readonly unseenModel?: "deny" | "pass" }
  /** What is refused as too much. */
  readonly limits: {
    /** The largest request body, in bytes. */
    readonly body: number
    /** The largest head of a request, in bytes. */
    readonly headers: number
    /** The longest token, in bytes. */
    readonly token: number
    /** How long one answer may take, in milliseconds. */
    readonly stream: number
    /** Requests that stay at once, and how many of them one caller may have. */
    readonly inFlight: number
    /** Requests of one caller at once. */
    readonly inFlightPerCaller: number
    /** How long a body may take to arrive. */
    readonly bodyTimeout: number
  }
  /** Browsers of these origins are answered; `null`: of none. */
  readonly cors: { readonly origins: ReadonlyArray<string> } | null
  /** Routes that may upgrade. */
  readonly websocket: ReadonlyArray<string>
  /** Takes what no entry of `upstreams` does. */
  readonly upstream?: UpstreamSettings | null | undefined
  /** The first that matches takes the request. */
  readonly upstreams: ReadonlyArray<UpstreamSettings>
}

/** An MCP server, and where it is (`policy.mcp`). */
export interface McpServerSettings {
  /** Its name in patterns. */
  readonly server: string
  /** The prefix below which it is. */
  readonly path: string
  /** Its identifier (RFC 8707). */
  readonly resource?: string | undefined
  /** What a token must hold for whatever is asked there. */
  readonly scopes: ReadonlyArray<string>
  /** What may stand in front of the names of its tools and prompts. */
  readonly prefixes: ReadonlyArray<string>
  /** Whether HTTP+SSE is spoken too. */
  readonly legacy: boolean
  /** Where it is; without one the gateway's upstreams take its requests. */
  readonly upstream?: UpstreamSettings | undefined
}

/** The doors' part of a deployment, compiled. */
export interface Doors {
  /** Whether a caller's header of this name is not passed on. */
  readonly drops: (name: string) => boolean
  /** A caller's header that a proxy in front of a door would pass on in our name; `undefined` when there is none. */
  readonly spoofOf: (rawHeaders: ReadonlyArray<string>) => string | undefined
  /** Whether some upstream reads this name as a header that tells who is calling, names a team, or carries a token, though it is spelt otherwise. */
  readonly isSpoof: (name: string) => boolean
  /** The path below which the gate is mounted; "" when there is none. */
  readonly prefix: string
  /** Further headers that tell who is calling. */
  readonly identity: ReadonlyArray<FurtherHeader>
  /** Lower-case names of the headers that may carry the caller's token. */
  readonly credentials: ReadonlySet<string>
  /** Lower-case names of the headers that ask for a team. */
  readonly teamHeaders: ReadonlySet<string>
  /** Whether a proxy at this address may ask for forward authentication. */
  readonly believes: (address: string) => boolean
  /** Whether answers to proxies carry the upstream's Authorization. */
  readonly answersAuthorization: boolean
  /** Whether the next hop of forward auth keeps to `x-jotgate-models`, so that an unseen model may pass (RULES D53). */
  readonly enforcesModels: boolean
  /** What reads a request with this target. */
  readonly kindOf: (target: string) => UpstreamKind
  /** What is refused as too much. */
  readonly limits: DoorSettings["limits"]
  /** Origins whose browsers are answered; `undefined`: none. */
  readonly origins: ReadonlySet<string> | undefined
  /** Whether a route may upgrade to a WebSocket. */
  readonly upgrades: Route.RouteMatcher
  /** The MCP servers behind the gate. */
  readonly mcp: McpServers
  /** `undefined` when no upstream is configured. */
  readonly upstreams: Upstreams | undefined
}

/** One configuration in force. */
export interface Deployment {
  /** Decides about callers. */
  readonly auth: AuthBuilder["Service"]
  /** How the doors read and answer. */
  readonly doors: Doors
  /** The `iss` of the trusted issuers, for RFC 9728. */
  readonly issuers: ReadonlyArray<string>
  /** What the only issuer says about itself; absent when there are several, or when it is not to be had by design. */
  readonly authorizationServer?: Document | undefined
  /** The scopes that the policy knows, for RFC 9728. */
  readonly scopes: ReadonlyArray<string>
  /** The key sets, one by one. */
  readonly keys: Effect.Effect<ReadonlyArray<IssuerStatus>>
  /** Fails when the directory does not answer, with what is known of the reason. */
  readonly directory: Effect.Effect<void, string>
  /** How long those who are known go on without the directory, in milliseconds. */
  readonly remembers: number
  /** What memory was asked for, and how often it knew; absent where nobody counts. */
  readonly remembered?: {
    /** Of rows; `undefined` where none are remembered. */
    readonly rows: () => CacheStats | undefined
    /** Of verified tokens and of decisions. */
    readonly tallies: Tallies
  } | undefined
  /** What questions about somebody are asked of; absent where nobody asks them. */
  readonly supposing?: Supposing | undefined
  /** Where settings stand in their file; absent where they came from none. */
  readonly lineOf?: LineOf | undefined
  /** What the admin listener manages; absent where nothing is to be managed. */
  readonly managed?: Management | undefined
}

/** Compiles the doors' settings; connections to upstreams live as long as the scope. */
export const makeDoors = (
  settings: DoorSettings,
  options: {
    readonly teamHeaders: ReadonlyArray<string>
    readonly litellm: LitellmRelease
    readonly env: Readonly<Record<string, string | undefined>>
    readonly mcp?: ReadonlyArray<McpServerSettings>
    readonly timeouts?: UpstreamTimeouts
  }
): Effect.Effect<Doors, never, Scope.Scope> =>
  Effect.gen(function*() {
    const routes = Route.compiler(RouteGroups.of(options.litellm))
    const identity = Object.entries(settings.identityHeaders ?? {}).map(([name, it]): FurtherHeader =>
      typeof it === "string"
        ? { name: name.toLowerCase(), attribute: it, raw: false }
        : { name: name.toLowerCase(), attribute: it.from, raw: it.raw }
    )
    const servers = options.mcp ?? []
    const mcp = compileServers(servers.map((it) => ({ ...it, resource: it.resource })), settings.prefix ?? "")
    const all: ReadonlyArray<UpstreamSettings> = [
      ...servers.flatMap(({ server, upstream }) =>
        upstream === undefined ? [] : [{ ...upstream, takes: (path: string) => mcp.of(path)?.server === server }]
      ),
      ...settings.upstreams,
      ...(settings.upstream === undefined || settings.upstream === null ? [] : [settings.upstream])
    ]
    const upstreams = all.length === 0
      ? undefined
      : yield* Effect.acquireRelease(
        Effect.sync(() =>
          makeUpstreams(all, {
            inFlight: settings.limits.inFlight,
            timeouts: options.timeouts ?? defaultTimeouts,
            env: options.env,
            routes
          })
        ),
        (it) => Effect.promise(() => it.destroy())
      )
    return {
      drops: requestFilter([...settings.credentials, ...options.teamHeaders, ...identity.map((it) => it.name)]),
      isSpoof: isOtherSpelling([
        ...identityHeaders,
        ...identity.map((it) => it.name),
        ...settings.credentials,
        ...options.teamHeaders
      ]),
      spoofOf: spoofOf([...ourHeaders, ...identity.map((it) => it.name)]),
      prefix: settings.prefix ?? "",
      identity,
      credentials: new Set(settings.credentials.map((it) => it.toLowerCase())),
      teamHeaders: new Set(options.teamHeaders.map((it) => it.toLowerCase())),
      believes: Peers.compile(settings.trustedProxies),
      answersAuthorization: settings.forwardAuth.authorization,
      enforcesModels: settings.forwardAuth.unseenModel === "pass",
      kindOf: (target) => upstreams?.kindFor(target) ?? "any",
      limits: settings.limits,
      origins: settings.cors === null ? undefined : new Set(settings.cors.origins),
      upgrades: routes(settings.websocket),
      mcp,
      upstreams
    }
  })

/** A deployment and the requests that still use it. */
export interface Lease {
  readonly deployment: Deployment
  /** Ends one use; only the first call counts. */
  readonly release: () => void
}

interface Slot {
  readonly deployment: Deployment
  readonly scope: Scope.Closeable
  uses: number
  replaced: boolean
}

export class Deployments extends Context.Service<Deployments, {
  /** The deployment in force, for as long as one request needs it. */
  readonly lease: () => Lease
  /** The deployment in force, for a moment. */
  readonly current: () => Deployment
  /** Builds another deployment and puts it in force; when that fails, nothing changes. */
  readonly swap: <E>(build: Effect.Effect<Deployment, E, Scope.Scope>) => Effect.Effect<void, E>
}>()("@jotgate/server/Deployments") {
  /** Starts with one deployment. */
  static readonly layer = <E>(build: Effect.Effect<Deployment, E, Scope.Scope>) =>
    Layer.effect(
      Deployments,
      Effect.gen(function*() {
        const run = Effect.runForkWith(yield* Effect.context<never>())
        const close = (slot: Slot) => Scope.close(slot.scope, Exit.void)
        const open = Effect.fnUntraced(function*<E>(build: Effect.Effect<Deployment, E, Scope.Scope>) {
          const scope = yield* Scope.make()
          const deployment = yield* Scope.provide(build, scope).pipe(
            Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
          )
          return { deployment, scope, uses: 0, replaced: false } satisfies Slot
        })
        // Whoever is told to stop while the first one is built comes no further than here.
        const held: { slot: Slot } = yield* Effect.acquireRelease(
          Effect.map(open(build), (slot) => ({ slot })),
          (held) => Effect.suspend(() => close(held.slot))
        )
        return {
          current: () => held.slot.deployment,
          lease: () => {
            const leased = held.slot
            leased.uses++
            let isOpen = true
            return {
              deployment: leased.deployment,
              release: () => {
                if (!isOpen) return
                isOpen = false
                leased.uses--
                if (leased.replaced && leased.uses === 0) run(close(leased))
              }
            }
          },
          swap: Effect.fnUntraced(function*(next) {
            const opened = yield* open(next)
            const old = held.slot
            held.slot = opened
            old.replaced = true
            old.deployment.managed?.retire()
            if (old.uses === 0) yield* close(old)
          }, Effect.uninterruptible)
        }
      })
    )
}
