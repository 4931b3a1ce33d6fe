/** What can be seen of the systems that a gate needs, each as findings of one line. */
import { Secrets } from "@jotgate/core/Secrets"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import { type Address, addressText, type FileSettings } from "@jotgate/server/GatewaySettings"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { Effect, Option, Redacted } from "effect"
import { connect, createServer, isIP } from "node:net"
import { connect as connectSafely } from "node:tls"
import { type Finding, ok, remedied, warning, wrong } from "./Finding.ts"

const patience = 5_000

/** Connects as whoever asks there does: with TLS where the address says so, whose certificate must be believed. */
const reach = (url: URL, fallback: number) =>
  Effect.callback<string | undefined>((resume) => {
    const at = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? fallback : Number(url.port) }
    const isSafe = url.protocol === "https:" || url.protocol === "rediss:"
    const socket = isSafe ? connectSafely({ ...at, servername: isIP(at.host) === 0 ? at.host : "" }) : connect(at)
    const done = (reason: string | undefined) => {
      socket.destroy()
      resume(Effect.succeed(reason))
    }
    socket.setTimeout(patience, () => done("does not answer in time"))
    socket.once(isSafe ? "secureConnect" : "connect", () => done(undefined))
    socket.once("error", (error: NodeJS.ErrnoException) => done(remedied(error.code ?? "cannot be reached")))
    return Effect.sync(() => socket.destroy())
  })

const reachUrl = (about: string, url: URL, fallback: number) =>
  Effect.map(
    reach(url, fallback),
    (reason) => reason === undefined ? ok(about, `${url.host} can be reached`) : wrong(about, `${url.host}: ${reason}`)
  )

/** Whether the upstreams can be reached. */
export const upstreams = ({ gateway }: FileSettings): Effect.Effect<ReadonlyArray<Finding>> => {
  const all = [...gateway.upstreams, ...(gateway.upstream === null ? [] : [gateway.upstream])]
  if (all.length === 0) return Effect.succeed([warning("upstream", "none: the gate answers proxies' questions only")])
  const urls = [...new Set(all.map((it) => it.url))]
  return Effect.forEach(urls, (it) => reachUrl("upstream", new URL(it), it.startsWith("https:") ? 443 : 80), {
    concurrency: 8
  })
}

/** Whether the directory answers. */
export const directory = Effect.fnUntraced(function*(config: ConfigFile, base: string) {
  const { dry } = yield* Effect.promise(() => import("../Running.ts"))
  return yield* dry({ config, env: process.env, base }).pipe(
    Effect.flatMap(({ directory: check, rows }) => Effect.as(check, [ok("directory", rows)])),
    Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => Effect.fail("does not answer") }),
    Effect.catch((error) =>
      Effect.succeed([wrong("directory", typeof error === "string" ? error : error.lines.join("; "))])
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
    : [yield* reachUrl("redis", new URL(Redacted.value(url.value)), 6379)]
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
