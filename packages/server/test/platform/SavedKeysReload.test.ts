/** What becomes of key sets when the settings are read again: they stay with their age, whether or not a file holds them. */
import { assert, describe, it } from "@effect/vitest"
import { HostileIssuer as Hostile, Issuer } from "@jotgate/core/testing"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import { Context, Effect, Layer, Schedule, Schema } from "effect"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DevPeople } from "../../src/admin/DevPeople.ts"
import { FileSettings } from "../../src/config/GatewaySettings.ts"
import { Server } from "../../src/Server.ts"
import * as HostileServer from "../support/HostileServer.ts"
import { rows } from "../support/World.ts"

const decode = Schema.decodeUnknownEffect(FileSettings)

interface Readiness {
  readonly issuers: ReadonlyArray<{ readonly ready: boolean; readonly ageSeconds: number | null }>
}

/** A server whose issuer can be shut off, with one token of it. */
const world = Effect.fnUntraced(function*(dir: string | null, save: boolean) {
  const hostile = yield* HostileServer.start()
  const idp = yield* Issuer.make(hostile.origin, ["ES256"])
  const publish = () =>
    hostile.on(
      "/.well-known/openid-configuration",
      Hostile.json({
        issuer: hostile.origin,
        jwks_uri: `${hostile.origin}/keys`
      })
    ).on("/keys", Hostile.json(idp.jwks))
  publish()
  const settings = (policy: object = {}) =>
    decode({
      issuers: [{
        id: "idp",
        issuer: hostile.origin,
        audience: "https://api.test",
        claims: { user: "sub", teams: "groups" },
        keys: { save }
      }],
      policy,
      directory: { url: "memory:" },
      cache: { dir },
      gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: "0s", trustedProxies: ["127.0.0.1"] },
      audit: { to: "none" }
    })
  const services = yield* Layer.build(
    Server.layer(yield* settings(), { directory: () => MemoryStore.layer(rows), env: {}, base: ".", grace: 100 }).pipe(
      Layer.provide(Layer.succeed(DevPeople, undefined))
    )
  )
  const server = Context.get(services, Server)
  const token = yield* idp.token({
    now: Math.floor(Date.now() / 1000),
    claims: { sub: "alice", groups: ["red"] }
  })
  const headers = {
    authorization: `Bearer ${token}`,
    "x-forwarded-method": "GET",
    "x-forwarded-uri": "/v1/models"
  }
  return {
    hostile,
    ask: Effect.promise(() =>
      fetch(`http://127.0.0.1:${server.gate.port}/_jotgate/auth/caddy`, { headers }).then((it) => it.status)
    ),
    readiness: Effect.promise(() =>
      fetch(`http://127.0.0.1:${server.admin.port}/readyz`).then((it) => it.json() as Promise<Readiness>)
    ),
    reload: (policy: object) => Effect.flatMap(settings(policy), server.reload)
  }
})

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-reload-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("a reload of the settings while the issuer is down", () => {
  for (
    const [title, inFile, save] of [["in files", true, true], ["in memory alone", false, true], [
      "in memory alone, with keys.save false",
      true,
      false
    ]] as const
  ) {
    it.live(`keeps the keys that are held ${title}, and their age`, () =>
      Effect.gen(function*() {
        const dir = inFile ? yield* temporary : null
        const { ask, hostile, readiness, reload } = yield* world(dir, save)
        assert.strictEqual(yield* ask, 200)
        hostile.all(Hostile.refused)
        yield* Effect.sleep("2 seconds")
        yield* reload({ requireTeam: true })
        assert.strictEqual(yield* ask, 200)
        const [issuer] = (yield* readiness).issuers
        assert.isTrue(issuer?.ready)
        assert.isAtLeast(issuer?.ageSeconds ?? 0, 2, "the age goes on")
        if (dir !== null) {
          assert.strictEqual(readdirSync(dir).filter((it) => it.startsWith("keys-")).length, save ? 1 : 0)
        }
      }))
  }

  it.live("again and again leaves one saved file for each source", () =>
    Effect.gen(function*() {
      const dir = yield* temporary
      const { ask, reload } = yield* world(dir, true)
      for (let round = 0; round < 20; round++) yield* reload({ requireTeam: round % 2 === 0 })
      assert.strictEqual(yield* ask, 200)
      // The gate of the last settings but one may still be leaving.
      const saved = Effect.sync(() => readdirSync(dir).filter((it) => it.startsWith("keys-")).length)
      assert.strictEqual(
        yield* Effect.repeat(saved, { while: (it) => it > 1, schedule: Schedule.spaced("50 millis") }),
        1
      )
    }))
})
