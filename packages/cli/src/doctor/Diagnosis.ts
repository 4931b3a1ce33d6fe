/** What can be seen of the systems that a gate needs, each as findings of one line. */
import { Secrets } from "@jotgate/core/Secrets"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import { type Address, addressText, type FileSettings } from "@jotgate/server/GatewaySettings"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { Effect, Option, Redacted, Result, Schema } from "effect"
import { connect, createServer } from "node:net"
import { Failure } from "../Outcome.ts"

export interface Finding {
  readonly state: "ok" | "warning" | "wrong"
  readonly about: string
  readonly text: string
}

const ok = (about: string, text: string): Finding => ({ state: "ok", about, text })
const warning = (about: string, text: string): Finding => ({ state: "warning", about, text })
const wrong = (about: string, text: string): Finding => ({ state: "wrong", about, text })

const patience = 5_000

/** Clocks that differ by more than this, in seconds, make good tokens bad. */
const mostSkew = 30

const Discovery = Schema.Struct({ issuer: Schema.String, jwks_uri: Schema.String })
const Keys = Schema.Struct({
  keys: Schema.Array(
    Schema.Struct({
      kty: Schema.String,
      kid: Schema.optionalKey(Schema.String),
      alg: Schema.optionalKey(Schema.String)
    })
  )
})
const discoveryOf = Schema.decodeUnknownOption(Discovery)
const keysOf = Schema.decodeUnknownOption(Keys)

const reasonOf = (error: unknown): string => {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
  return code !== "" ? code : error instanceof Error ? error.message : "no answer"
}

/** Fetches JSON; fails with one clause. */
const getJson = (url: string) =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(patience), redirect: "manual" })
      const text = await response.text()
      return { status: response.status, date: response.headers.get("date"), text }
    },
    catch: reasonOf
  }).pipe(
    Effect.flatMap((it) => it.status === 200 ? Effect.succeed(it) : Effect.fail(`answers ${it.status}`)),
    Effect.flatMap(({ date, text }) =>
      Result.match(Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))(text), {
        onFailure: () => Effect.fail("answers no JSON"),
        onSuccess: (value) => Effect.succeed({ date, value })
      })
    )
  )

const clock = (date: string | null): ReadonlyArray<Finding> => {
  if (date === null) return []
  const apart = Math.round((Date.now() - Date.parse(date)) / 1000)
  return Number.isNaN(apart)
    ? []
    : Math.abs(apart) <= mostSkew
    ? [ok("clock", `agrees with the issuer's (${apart} s apart)`)]
    : [wrong("clock", `is ${Math.abs(apart)} s ${apart > 0 ? "ahead of" : "behind"} the issuer's`)]
}

/** Discovery, keys, algorithms and the clock of an issuer. */
export const issuer = Effect.fnUntraced(function*(
  url: string,
  settings: FileSettings["issuers"][number] | undefined
) {
  const about = "issuer"
  const found: Array<Finding> = []
  const place = `${url.replace(/\/+$/, "")}/.well-known/openid-configuration`
  const named = settings?.jwks === undefined
    ? []
    : (Array.isArray(settings.jwks) ? settings.jwks : [settings.jwks]).filter((it) =>
      typeof it === "string" && /^https?:/.test(it)
    )
  let keyUrls: ReadonlyArray<string> = named.map(String)
  if (settings === undefined || settings.jwks === undefined) {
    const discovery = yield* Effect.result(getJson(place))
    if (Result.isFailure(discovery)) return [wrong(about, `${place} ${discovery.failure}`)]
    found.push(...clock(discovery.success.date))
    const document = Option.getOrUndefined(discoveryOf(discovery.success.value))
    if (document === undefined) return [...found, wrong(about, `${place} is no discovery document`)]
    if (document.issuer !== url) {
      found.push(wrong(about, `${place} names the issuer ${document.issuer}, not ${url}: write it so, byte for byte`))
    } else found.push(ok(about, `${url} is found by discovery`))
    keyUrls = [document.jwks_uri]
  }
  for (const keys of keyUrls) {
    const answer = yield* Effect.result(getJson(keys))
    if (Result.isFailure(answer)) {
      found.push(wrong("keys", `${keys} ${answer.failure}`))
      continue
    }
    const set = Option.getOrUndefined(keysOf(answer.success.value))
    if (set === undefined || set.keys.length === 0) found.push(wrong("keys", `${keys} is no key set, or an empty one`))
    else {
      const kinds = [...new Set(set.keys.map((it) => it.alg ?? it.kty))].join(", ")
      found.push(ok("keys", `${set.keys.length} at ${keys}: ${kinds}`))
    }
  }
  if (settings !== undefined) {
    found.push(
      settings.audience.includes("any")
        ? warning("audience", `${settings.id} takes tokens for every audience`)
        : ok("audience", `${settings.id}: ${settings.audience.join(", ")}`)
    )
  }
  return found
})

const reach = (host: string, port: number) =>
  Effect.callback<string | undefined>((resume) => {
    const socket = connect({ host, port })
    const done = (reason: string | undefined) => {
      socket.destroy()
      resume(Effect.succeed(reason))
    }
    socket.setTimeout(patience, () => done("does not answer in time"))
    socket.once("connect", () => done(undefined))
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? "cannot be reached"))
    return Effect.sync(() => socket.destroy())
  })

const reachUrl = (about: string, text: string, fallback: number) => {
  const url = new URL(text)
  const port = url.port === "" ? fallback : Number(url.port)
  return Effect.map(
    reach(url.hostname, port),
    (reason) => reason === undefined ? ok(about, `${url.host} can be reached`) : wrong(about, `${url.host}: ${reason}`)
  )
}

/** Whether the upstreams can be reached. */
export const upstreams = ({ gateway }: FileSettings): Effect.Effect<ReadonlyArray<Finding>> => {
  const all = [...gateway.upstreams, ...(gateway.upstream === null ? [] : [gateway.upstream])]
  if (all.length === 0) return Effect.succeed([warning("upstream", "none: the gate answers proxies' questions only")])
  const urls = [...new Set(all.map((it) => it.url))]
  return Effect.forEach(urls, (it) => reachUrl("upstream", it, it.startsWith("https:") ? 443 : 80), { concurrency: 8 })
}

/** Whether the directory answers. */
export const directory = Effect.fnUntraced(function*(config: ConfigFile, base: string) {
  const { dry } = yield* Effect.promise(() => import("../Running.ts"))
  return yield* dry({ config, env: process.env, base }).pipe(
    Effect.flatMap(({ directory: check, rows }) => Effect.as(check, [ok("directory", rows)])),
    Effect.timeout("10 seconds"),
    Effect.catch((error) =>
      Effect.succeed([wrong("directory", error instanceof Failure ? error.lines.join("; ") : "does not answer")])
    )
  )
})

/** Whether Redis can be reached, where there is one. */
export const redis = Effect.fnUntraced(function*({ cache }: FileSettings, base: string) {
  const reference = cache.redis
  if (reference === null) return []
  const url = yield* Secrets.use((it) => it.read(reference)).pipe(
    Effect.provide(NodeSecrets.layer(base, process.env)),
    Effect.option
  )
  return Option.isNone(url) || !URL.canParse(Redacted.value(url.value))
    ? [wrong("redis", `${reference} is no URL`)]
    : [yield* reachUrl("redis", Redacted.value(url.value), 6379)]
})

const listenable = ({ host, port }: Address) =>
  Effect.callback<string | undefined>((resume) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "cannot be used")))
    server.listen(port, host, () => server.close(() => resume(Effect.succeed(undefined))))
  })

/** Whether the two listeners' ports are free: taken is well when the gate runs. */
export const ports = ({ gateway: { admin, listen } }: FileSettings): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.forEach(
    [["gateway.listen", listen], ["gateway.admin", admin]] as const,
    ([name, at]) =>
      Effect.map(listenable(at), (reason) =>
        reason === undefined
          ? ok("port", `${name} ${addressText(at)} is free`)
          : reason === "EADDRINUSE"
          ? warning("port", `${name} ${addressText(at)} is taken (by the running gate?)`)
          : wrong("port", `${name} ${addressText(at)}: ${reason}`))
  )
