/**
 * Where requests go: the upstreams of one deployment, chosen by path and model.
 *
 * The target of a request never becomes part of an authority: an upstream is one
 * origin, and the caller's path is appended to its base path byte for byte
 * (threat E07).
 */
import * as Pattern from "@jotgate/core/Pattern"
import type { RouteCompiler } from "@jotgate/core/Route"
import { Pool } from "undici"
import { type AuthorizationSettings, compile, type KeyChoice, KeyFiles } from "./UpstreamKey.ts"

/** One entry of `gateway.upstreams`, or `gateway.upstream`. */
export interface UpstreamSettings {
  readonly url: string
  readonly authorization?: AuthorizationSettings | undefined
  readonly header?: string | undefined
  readonly onMissingTeamKey?: "default" | "deny" | undefined
  readonly match?: { readonly path?: string | undefined; readonly model?: string | undefined } | undefined
}

/** How long an upstream may take, in milliseconds. */
export interface UpstreamTimeouts {
  readonly connect: number
  /** From the end of the request to the head of the answer: a model may think for minutes. */
  readonly headers: number
  /** Between two pieces of an answer. */
  readonly idle: number
}

/** The constants of this version. */
export const defaultTimeouts: UpstreamTimeouts = { connect: 5_000, headers: 600_000, idle: 300_000 }

/** One upstream, ready for use. */
export interface Upstream {
  readonly pool: Pool
  readonly host: string
  /** Prepended to the caller's path; "" or `/x/y`. */
  readonly basePath: string
  readonly passthrough: boolean
  readonly keyFor: (team: string | undefined) => KeyChoice
  readonly matches: (path: string, model: string | undefined) => boolean
}

/** The upstreams of one deployment. */
export interface Upstreams {
  /** The first that matches; `undefined` when none does. */
  readonly choose: (path: string, model: string | undefined) => Upstream | undefined
  /** Lets running requests end, then closes the connections. */
  readonly close: () => Promise<void>
  /** Cuts every connection. */
  readonly destroy: () => Promise<void>
}

const compileMatch = (match: UpstreamSettings["match"], routes: RouteCompiler): Upstream["matches"] => {
  const path = match?.path === undefined ? undefined : routes([match.path])
  const model = match?.model === undefined ? undefined : Pattern.compile(match.model)
  return (route, name) =>
    (path === undefined || path(route)) && (model === undefined || (name !== undefined && model(name)))
}

/** Makes the upstreams; connections are opened when they are needed. */
export const make = (
  settings: ReadonlyArray<UpstreamSettings>,
  options: {
    readonly connections: number
    readonly timeouts: UpstreamTimeouts
    readonly env: Readonly<Record<string, string | undefined>>
    readonly routes: RouteCompiler
  }
): Upstreams => {
  const files = new KeyFiles()
  const pools = new Map<string, Pool>()
  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: false,
      connect: { timeout: options.timeouts.connect },
      headersTimeout: options.timeouts.headers,
      bodyTimeout: options.timeouts.idle,
      maxHeaderSize: 64 * 1024
    })
    pools.set(origin, pool)
    return pool
  }
  const upstreams = settings.map((it): Upstream => {
    const url = new URL(it.url)
    const authorization = it.authorization ?? "none"
    return {
      pool: poolOf(url.origin),
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
      matches: compileMatch(it.match, options.routes)
    }
  })
  const all = (run: (pool: Pool) => Promise<void>) => Promise.all(Array.from(pools.values(), run)).then(() => {})
  return {
    choose: (path, model) => {
      for (const it of upstreams) if (it.matches(path, model)) return it
      return undefined
    },
    close: () => all((pool) => pool.close()),
    destroy: () => all((pool) => pool.destroy())
  }
}
