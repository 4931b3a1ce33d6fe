import { assert, describe, it } from "@effect/vitest"
import { Outbound, type OutboundFailed } from "@jotgate/core/Outbound"
import type { Reach } from "@jotgate/core/Target"
import { HostileIssuer as Hostile } from "@jotgate/core/testing"
import { Effect, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as NodeOutbound from "../../src/platform/NodeOutbound.ts"
import { start } from "../support/HostileServer.ts"

/** A certificate for 127.0.0.1 that signed itself, and its key: for these tests only. */
const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8")

const ask = (url: string, reach: Reach = { _tag: "Configured" }, more: { readonly ca?: string } = {}) =>
  Outbound.use((outbound) => outbound.ask({ url, reach, allowInsecure: false, accept: "application/json", ...more }))

const reasonOf = <A>(exchange: Effect.Effect<A, OutboundFailed, Outbound>) =>
  Effect.match(exchange, { onSuccess: () => "answered", onFailure: ({ reason }) => reason })

describe("NodeOutbound", () => {
  it.live("brings status, headers and text", () =>
    Effect.gen(function*() {
      const issuer = (yield* start()).on("/keys", Hostile.json({ keys: [] }, { "cache-control": "max-age=60" }))
      const answer = yield* ask(`${issuer.origin}/keys`)
      assert.deepStrictEqual(
        [answer.status, answer.type, answer.header("cache-control"), answer.text],
        [200, "application/json", "max-age=60", "{\"keys\":[]}"]
      )
      assert.strictEqual((yield* ask(`${issuer.origin}/nothing`)).status, 404)
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live("a name that does not resolve is a failure of the one request, not the end of the process", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reasonOf(ask("https://nobody.invalid/keys")), "connect")
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live.each(
    [
      ["a gzip bomb of 256 MB", Hostile.bomb(256 * 1024 * 1024), "too_large"],
      ["a body without end", Hostile.endless, "too_large"],
      ["a redirect", Hostile.redirect("http://127.0.0.1:9/"), "redirect"],
      ["a connection that breaks", Hostile.refused, "connect"],
      ["bytes that are no text", Hostile.text("\u0000", "text/plain"), "answered"]
    ] as const
  )("threats C03, C04: %s", ([, behaviour, reason]) =>
    Effect.gen(function*() {
      const issuer = (yield* start()).on("/keys", behaviour)
      assert.strictEqual(yield* reasonOf(ask(`${issuer.origin}/keys`)), reason)
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live(
    "threat C03: a drip, silence, a body that stalls and a late answer are given up after 3 s",
    () =>
      Effect.gen(function*() {
        const issuer = (yield* start()).on("/drip", Hostile.dripping(500)).on("/silent", Hostile.silent)
          .on("/stalling", Hostile.stalling)
          .on("/slow", Hostile.slow(60_000, Hostile.json({})))
        const startedAt = Date.now()
        const reasons = yield* Effect.forEach(
          ["drip", "silent", "stalling", "slow"],
          (path) => reasonOf(ask(`${issuer.origin}/${path}`)),
          {
            concurrency: "unbounded"
          }
        )
        assert.deepStrictEqual(reasons, ["timeout", "timeout", "timeout", "timeout"])
        assert.isBelow(Date.now() - startedAt, 60_000)
      }).pipe(Effect.provide(NodeOutbound.layer))
  )

  it.live("an address that takes no connection is given up after 1 s or so", () =>
    Effect.gen(function*() {
      const startedAt = Date.now()
      // TEST-NET-1 (RFC 5737): configured, so it may be asked; nobody answers there.
      assert.include(["connect", "timeout"], yield* reasonOf(ask("https://192.0.2.1/keys")))
      assert.isBelow(Date.now() - startedAt, 20_000)
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live("threat C08: a discovered name that resolves to an address inside the network is not connected to", () => {
    const seen: Array<string> = []
    const names: Record<string, string> = { "idp.test": "93.184.216.34", "inside.test": "127.0.0.1" }
    const layer = NodeOutbound.layerWith((hostname, done) => {
      seen.push(hostname)
      done(null, [{ address: names[hostname] ?? "93.184.216.34", family: 4 }])
    })
    return Effect.gen(function*() {
      const issuer = (yield* start()).on("/keys", Hostile.json({}))
      const url = `https://rebound.inside.test:${new URL(issuer.origin).port}/keys`
      names["rebound.inside.test"] = "127.0.0.1"
      const outside = yield* Effect.flip(ask(url, { _tag: "Discovered", issuer: "idp.test" }))
      assert.deepStrictEqual([outside.reason, outside.detail], ["connect", "EADDRFORBIDDEN"])
      assert.strictEqual(issuer.count(), 0)
      // The issuer itself is on such an address: the connection is made (and fails, as no TLS is spoken there).
      const inside = yield* Effect.flip(ask(url, { _tag: "Discovered", issuer: "inside.test" }))
      assert.notStrictEqual(inside.detail, "EADDRFORBIDDEN")
      assert.includeMembers(seen, ["rebound.inside.test", "idp.test", "inside.test"])
    }).pipe(Effect.provide(layer))
  })

  it.live("trusts the issuer's own certificate authority and no other", () =>
    Effect.gen(function*() {
      const cert = fixture("loopback-cert.pem")
      const issuer = (yield* start({ key: fixture("loopback-key.pem"), cert })).on("/keys", Hostile.json({}))
      const refused = yield* Effect.flip(ask(`${issuer.origin}/keys`))
      assert.strictEqual(refused.reason, "connect")
      const answer = yield* ask(`${issuer.origin}/keys`, { _tag: "Configured" }, { ca: cert })
      assert.strictEqual(answer.status, 200)
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live("sends a form with its credentials, once", () =>
    Effect.gen(function*() {
      const received: Array<unknown> = []
      const server = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((request, response) => {
            let body = ""
            request.on("data", (chunk) => body += chunk)
            request.on("end", () => {
              received.push([request.method, request.headers.authorization, request.headers["content-type"], body])
              response.end("{}")
            })
          }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const { port } = server.address() as AddressInfo
      yield* Outbound.use((outbound) =>
        outbound.ask({
          url: `http://127.0.0.1:${port}/introspect`,
          reach: { _tag: "Configured" },
          allowInsecure: false,
          accept: "application/json",
          authorization: Redacted.make("Basic Zm9v"),
          form: Redacted.make("token=t")
        })
      )
      assert.deepStrictEqual(received, [["POST", "Basic Zm9v", "application/x-www-form-urlencoded", "token=t"]])
    }).pipe(Effect.provide(NodeOutbound.layer)))

  it.live("goes through the proxy that the environment names, except to loopback", () => {
    const seen: Array<string | undefined> = []
    const proxy = Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          seen.push(request.url)
          response.end("{}")
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const named = (port: number) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const before = { http_proxy: process.env["http_proxy"], no_proxy: process.env["no_proxy"] }
          Object.assign(process.env, { http_proxy: `http://127.0.0.1:${port}`, no_proxy: "" })
          return before
        }),
        (before) =>
          Effect.sync(() => {
            for (const [name, value] of Object.entries(before)) {
              if (value === undefined) Reflect.deleteProperty(process.env, name)
              else process.env[name] = value
            }
          })
      )
    return Effect.gen(function*() {
      const { port } = (yield* proxy).address() as AddressInfo
      yield* named(port)
      const issuer = (yield* start()).on("/keys", Hostile.json({}))
      yield* Outbound.use((outbound) =>
        outbound.ask({
          url: "http://idp.test/keys",
          reach: { _tag: "Configured" },
          allowInsecure: true,
          accept: "application/json"
        })
      )
      assert.strictEqual((yield* ask(`${issuer.origin}/keys`)).status, 200)
      assert.deepStrictEqual(seen, ["http://idp.test/keys"])
    }).pipe(Effect.provide(NodeOutbound.layer))
  })
})
