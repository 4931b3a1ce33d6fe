/**
 * Where requests go: the upstreams of one deployment, chosen by path and model.
 *
 * The target of a request never becomes part of an authority: an upstream is one
 * origin, and the caller's path is appended to its base path byte for byte
 * (threat E07).
 */
import type { UpstreamKind } from "@jotgate/core/ModelRoutes"
import * as Pattern from "@jotgate/core/Pattern"
import type { RouteCompiler } from "@jotgate/core/Route"
import { Pool } from "undici"
import type { UpstreamTimeouts } from "../config/GatewaySettings.ts"
import { connector } from "./Interim.ts"
import { type AuthorizationSettings, compile, type KeyChoice, KeyFiles } from "./UpstreamKey.ts"
import * as UpstreamShare from "./UpstreamShare.ts"

/**
 * How long a connection that nobody uses is kept, in milliseconds. A request that meets its end is lost, as one that may
 * have had an effect is not sent twice; uvicorn, and so LiteLLM, ends them after five seconds without a word. An upstream
 * that says how long it keeps them (`Keep-Alive: timeout`) is believed.
 */
const keptUnused = 2_500

/** One entry of `gateway.upstreams`, or `gateway.upstream`. */
export interface UpstreamSettings {
  /** Where it is; the path of a request is put behind it. */
  readonly url: string
  /** The credential that it gets. */
  readonly authorization?: AuthorizationSettings | undefined
  /** The header of the key. */
  readonly header?: string | undefined
  /** What happens without a key of the team. */
  readonly onMissingTeamKey?: "default" | "deny" | undefined
  /** How long it may take. */
  readonly timeouts?: UpstreamTimeouts | undefined
  /** What it is, so that only what it reads is judged; `any` when left out. */
  readonly kind?: UpstreamKind | undefined
  /** Which requests it takes. */
  readonly match?: {
    /** A route entry. */
    readonly path?: string | undefined
    /** A pattern of models. */
    readonly model?: string | undefined
  } | undefined
  /** Whether a path is this upstream's, whatever its model: that of an MCP server. */
  readonly takes?: (path: string) => boolean
}

/** One upstream, ready for use. */
export interface Upstream {
  /** Its connections. */
  readonly pool: Pool
  /** The value of `Host` that it gets. */
  readonly host: string
  /** Prepended to the caller's path; "" or `/x/y`. */
  readonly basePath: string
  /** Whether it gets the caller's own token. */
  readonly passthrough: boolean
  /** Its part of the requests in flight. */
  readonly share: UpstreamShare.UpstreamShare
  /** The key for callers of this team. */
  readonly keyFor: (team: string | undefined) => KeyChoice
  /** Whether a request with this path and model is its own. */
  readonly matches: (path: string, model: string | undefined) => boolean
  /** Whether a request with this target could come here, whatever its model. */
  readonly takes: (path: string) => boolean
  /** What it is, and so which places of a body it reads. */
  readonly kind: UpstreamKind
}

/** The upstreams of one deployment. */
export interface Upstreams {
  /** The first that matches; `undefined` when none does. */
  readonly choose: (path: string, model: string | undefined) => Upstream | undefined
  /** What may read a request with this target: the one kind of all that could get it, else `any`. */
  readonly kindFor: (target: string) => UpstreamKind
  /** Lets running requests end, then closes the connections. */
  readonly close: () => Promise<void>
  /** Cuts every connection. */
  readonly destroy: () => Promise<void>
}

const compileMatch = (
  { match, takes: own }: UpstreamSettings,
  routes: RouteCompiler
): Pick<Upstream, "matches" | "takes"> => {
  if (own !== undefined) return { takes: own, matches: own }
  const path = match?.path === undefined ? undefined : routes([match.path])
  const model = match?.model === undefined ? undefined : Pattern.compile(match.model)
  const takes = (route: string): boolean => path === undefined || path(route, "POST")
  return {
    takes,
    matches: (route, name) => takes(route) && (model === undefined || (name !== undefined && model(name)))
  }
}

/** Makes the upstreams; connections are opened when they are needed. */
export const make = (
  settings: ReadonlyArray<UpstreamSettings>,
  options: {
    /** Requests at once, to all of them together. */
    readonly inFlight: number
    readonly timeouts: UpstreamTimeouts
    readonly env: Readonly<Record<string, string | undefined>>
    readonly routes: RouteCompiler
  }
): Upstreams => {
  const files = new KeyFiles()
  const pools = new Map<string, Pool>()
  const poolOf = (origin: string, { connect, headers, idle }: UpstreamTimeouts): Pool => {
    const key = `${origin} ${connect} ${headers} ${idle}`
    const known = pools.get(key)
    if (known !== undefined) return known
    const pool = new Pool(origin, {
      connections: options.inFlight,
      pipelining: 1,
      allowH2: false,
      connect: connector(connect),
      keepAliveTimeout: keptUnused,
      headersTimeout: headers,
      bodyTimeout: idle,
      maxHeaderSize: 64 * 1024
    })
    pools.set(key, pool)
    return pool
  }
  // Entries that lead to one place share its part: it is the place that hangs.
  const origins = Array.from(new Set(settings.map((it) => new URL(it.url).origin)))
  const shares = UpstreamShare.make(origins.length, options.inFlight)
  const whole = UpstreamShare.make(1, options.inFlight)
  const upstreams = settings.map((it): Upstream => {
    const url = new URL(it.url)
    const [share] = [...shares.slice(origins.indexOf(url.origin)), ...whole]
    if (share === undefined) throw new RangeError("an upstream without a share")
    const authorization = it.authorization ?? "none"
    return {
      pool: poolOf(url.origin, it.timeouts ?? options.timeouts),
      share,
      host: url.host,
      basePath: url.pathname.replace(/\/+$/, ""),
      passthrough: authorization === "passthrough",
      keyFor: compile(
        authorization,
        it.header ?? "authorization",
        it.onMissingTeamKey ?? "default",
        files,
        options.env
      ),
      kind: it.kind ?? "any",
      ...compileMatch(it, options.routes)
    }
  })
  const all = (run: (pool: Pool) => Promise<void>) => Promise.all(Array.from(pools.values(), run)).then(() => {})
  const [first] = upstreams
  const single = first !== undefined && upstreams.every((it) => it.kind === first.kind) ? first.kind : undefined
  return {
    kindFor: (target) => {
      if (single !== undefined) return single
      const path = target.split("?", 1)[0] ?? target
      const kinds = new Set(upstreams.filter((it) => it.takes(path)).map((it) => it.kind))
      const [kind] = kinds
      return kind !== undefined && kinds.size === 1 ? kind : "any"
    },
    choose: (path, model) => {
      for (const it of upstreams) if (it.matches(path, model)) return it
      return undefined
    },
    close: () => all((pool) => pool.close()),
    destroy: () => all((pool) => pool.destroy())
  }
}
