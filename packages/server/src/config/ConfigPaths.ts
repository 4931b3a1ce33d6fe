/**
 * File names of the settings: a relative one is relative to the configuration
 * file, wherever the process was started.
 */
import { isAbsolute, resolve } from "node:path"
import type { FileSettings } from "./GatewaySettings.ts"

type Authorization = FileSettings["gateway"]["upstreams"][number]["authorization"]

/** Resolves every file name of `settings` against `directory`. */
export const resolvePaths = (settings: FileSettings, directory: string): FileSettings => {
  const path = (name: string): string => isAbsolute(name) ? name : resolve(directory, name)
  const secret = (reference: string): string =>
    reference.startsWith("file:") ? `file:${path(reference.slice("file:".length))}` : reference
  const optional = (reference: string | null): string | null => reference === null ? null : secret(reference)
  const database = (url: string): string =>
    url.startsWith("sqlite:") && url !== "sqlite::memory:" ? `sqlite:${path(url.slice("sqlite:".length))}` : url
  const authorization = (it: Authorization): Authorization =>
    typeof it === "string" ? it : {
      ...it,
      ...(it.team === undefined ? {} : {
        team: typeof it.team === "string"
          ? secret(it.team)
          : Object.fromEntries(Object.entries(it.team).map(([team, reference]) => [team, secret(reference)]))
      }),
      ...(it.default === undefined ? {} : { default: secret(it.default) })
    }
  const upstream = <U extends { readonly authorization: Authorization }>(it: U): U => ({
    ...it,
    authorization: authorization(it.authorization)
  })
  const { cache, directory: rows, gateway, issuers, policy } = settings
  return {
    ...settings,
    issuers: issuers.map((it) => ({
      ...it,
      ...(it.jwks === undefined
        ? {}
        : { jwks: Array.isArray(it.jwks) ? it.jwks.map(source) : source(it.jwks) }),
      ...(it.tls === undefined ? {} : { tls: { ca: secret(it.tls.ca) } }),
      ...(it.opaque?.introspection === undefined ? {} : {
        opaque: {
          ...it.opaque,
          introspection: { ...it.opaque.introspection, clientSecret: secret(it.opaque.introspection.clientSecret) }
        }
      })
    })),
    policy: { ...policy, custom: policy.custom === null ? null : path(policy.custom) },
    directory: {
      ...rows,
      url: database(rows.url),
      connection: { ...rows.connection, ca: optional(rows.connection.ca) },
      file: rows.file === null ? null : path(rows.file)
    },
    cache: { ...cache, dir: cache.dir === null ? null : path(cache.dir), redis: optional(cache.redis) },
    gateway: {
      ...gateway,
      adminToken: optional(gateway.adminToken),
      tls: gateway.tls === null ? null : { cert: secret(gateway.tls.cert), key: secret(gateway.tls.key) },
      upstream: gateway.upstream === null ? null : upstream(gateway.upstream),
      upstreams: gateway.upstreams.map(upstream)
    },
    audit: { ...settings.audit, to: secret(settings.audit.to) },
    decisions: {
      ...settings.decisions,
      store: settings.decisions.store === null ? null : database(settings.decisions.store),
      redactKey: optional(settings.decisions.redactKey)
    }
  }

  function source<S>(it: S): S | string | { readonly url: string; readonly authorization: string } {
    return typeof it === "string"
      ? secret(it)
      : typeof it === "object" && it !== null && "url" in it && "authorization" in it &&
          typeof it.url === "string" && typeof it.authorization === "string"
      ? { url: it.url, authorization: secret(it.authorization) }
      : it
  }
}
