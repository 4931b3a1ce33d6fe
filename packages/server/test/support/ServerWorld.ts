/** The whole server as `serve` runs it, over a directory in memory and an issuer that publishes over HTTP. */
import { Issuer } from "@jotgate/core/testing"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import { LookupDeadline } from "@jotgate/store/Store"
import { Clock, Context, type Duration, Effect, Layer, Schema } from "effect"
import { createServer } from "node:http"
import { DevPeople } from "../../src/admin/DevPeople.ts"
import { FileSettings } from "../../src/config/GatewaySettings.ts"
import type { GateSettings } from "../../src/EmbeddedGate.ts"
import { Server } from "../../src/Server.ts"
import * as Upstream from "./Upstream.ts"
import { rows } from "./World.ts"

/** The configuration file as it is written. */
type Encoded = typeof FileSettings.Encoded & Pick<GateSettings, "issuers">

/** Publishes a key set with discovery. */
const publish = Effect.fnUntraced(function*() {
  let jwks: unknown = { keys: [] }
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const it = createServer((request, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify(
          request.url === "/.well-known/openid-configuration" ? { issuer: url(), jwks_uri: `${url()}/jwks` } : jwks
        ))
      })
      const url = () => {
        const address = it.address()
        return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
      }
      it.listen(0, "127.0.0.1", () => resume(Effect.succeed(it)))
    }),
    (it) =>
      Effect.promise(() => {
        it.closeAllConnections()
        return new Promise<void>((done) => it.close(() => done()))
      })
  )
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  const idp = yield* Issuer.make(url, ["ES256"])
  jwks = idp.jwks
  return { idp, url, close: () => server.close() }
})

/** Starts one; `more` changes the settings as they stand in the file. */
export const make = Effect.fnUntraced(function*(
  more: {
    readonly gateway?: object
    readonly policy?: NonNullable<Encoded["policy"]>
    /** Instead of the rows in memory: the directory that these settings name. */
    readonly directory?: NonNullable<Encoded["directory"]>
    readonly issuer?: object
    readonly telemetry?: NonNullable<Encoded["telemetry"]>
    readonly decisions?: NonNullable<Encoded["decisions"]>
    readonly audit?: NonNullable<Encoded["audit"]>
    readonly cache?: NonNullable<Encoded["cache"]>
    /** How long a look-up in a database server may take; that of the product where it is left out. */
    readonly lookups?: Duration.Duration
  } = {},
  env: Readonly<Record<string, string>> = {},
  dev = false
) {
  const upstream = yield* Upstream.make
  const { idp, url } = yield* publish()
  const file = (policy: NonNullable<Encoded["policy"]> = more.policy ?? {}): Encoded => ({
    issuers: [{
      id: "idp",
      issuer: url,
      audience: "https://api.test",
      claims: { user: "sub", teams: "groups" },
      ...more.issuer
    }],
    policy: { withoutTeam: "all", ...policy },
    directory: more.directory ?? { url: "memory:" },
    cache: more.cache ?? { dir: null },
    gateway: {
      listen: "127.0.0.1:0",
      admin: "127.0.0.1:0",
      drain: "0s",
      upstream: { url: upstream.url },
      trustedProxies: ["127.0.0.1"],
      ...more.gateway
    },
    audit: more.audit ?? { to: "none" },
    telemetry: more.telemetry ?? {},
    decisions: more.decisions ?? {}
  })
  const decode = Schema.decodeUnknownEffect(FileSettings)
  const clock = yield* Clock.Clock
  const token = (sub: string, claims: Readonly<Record<string, unknown>> = {}) =>
    idp.token({ now: Math.floor(clock.currentTimeMillisUnsafe() / 1000), claims: { sub, ...claims } })
  const directory = more.directory === undefined ? { directory: () => MemoryStore.layer(rows) } : {}
  const people = Layer.succeed(
    DevPeople,
    dev
      ? {
        people: [{ id: "alice", note: "teams red and blue" }, { id: "bob", note: "team blue" }],
        token: (id: string) => token(id, { groups: id === "alice" ? ["red", "blue"] : ["blue"] })
      }
      : undefined
  )
  const services = yield* Layer.build(
    Server.layer(yield* decode(file()), { ...directory, env, base: ".", grace: 500 }).pipe(
      Layer.provide([people, more.lookups === undefined ? Layer.empty : Layer.succeed(LookupDeadline, more.lookups)])
    )
  )
  const server = Context.get(services, Server)
  return {
    server,
    upstream,
    token,
    /** As they stand in the file. */
    settings: file(),
    gate: `http://127.0.0.1:${server.gate.port}`,
    admin: `http://127.0.0.1:${server.admin.port}`,
    reload: (policy: NonNullable<Encoded["policy"]>) => Effect.flatMap(decode(file(policy)), server.reload)
  }
})
