import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { fetchTransport, Outbound } from "@jotgate/core/Outbound"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect, Layer } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Routes } from "../src/notes/Api.ts"
import { database, gate, settingsFor } from "../src/notes/Live.ts"
import { listening } from "./support/Workerd.ts"

/** An issuer that publishes what an issuer publishes, without a wire. */
const published = (idp: Issuer.TestIssuer) =>
  fetchTransport(async (url) =>
    Response.json(url.endsWith("/keys") ? idp.jwks : { issuer: idp.iss, jwks_uri: `${idp.iss}/keys` })
  )

/** The whole program over an issuer in memory and a database in memory. */
const setting = Effect.fnUntraced(function*() {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const settings = settingsFor(idp.iss, "https://api.test")
  const services = yield* Layer.build(
    HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provide(gate(settings, { outbound: Outbound.layerTransport(published(idp)) })),
      Layer.provide(database(":memory:")),
      Layer.provideMerge(NodeHttpServer.layerTest)
    )
  )
  const clock = yield* Clock.Clock
  const get = Effect.fnUntraced(function*(path: string, authorization?: string) {
    const response = yield* HttpClient.get(path, authorization === undefined ? {} : { headers: { authorization } })
    return { status: response.status, headers: response.headers, text: yield* response.text }
  }, Effect.provide(services))
  const token = (sub: string, more: object = {}) =>
    Effect.map(
      idp.token({ now: Math.floor(clock.currentTimeMillisUnsafe() / 1000), claims: { sub, ...more } }),
      (it) => `Bearer ${it}`
    )
  return { get, token }
})

describe("the notes", () => {
  it.live("a member of staff is known by the host's own table", () =>
    Effect.gen(function*() {
      const { get, token } = yield* setting()
      const me = yield* get("/me", yield* token("s-1"))
      assert.strictEqual(me.status, 200, me.text)
      assert.deepStrictEqual(JSON.parse(me.text), { user: "s-1", email: "ada@acme.test" })
    }))

  it.live("an open endpoint asks nobody", () =>
    Effect.gen(function*() {
      const { get } = yield* setting()
      assert.strictEqual((yield* get("/status")).status, 200)
    }))

  it.live("an absent credential is 401, a bad one is answered with its reason", () =>
    Effect.gen(function*() {
      const { get, token } = yield* setting()
      assert.strictEqual((yield* get("/me")).status, 401)
      const bad = yield* get("/me", "Bearer a.b.c")
      assert.strictEqual(bad.status, 401)
      assert.strictEqual(JSON.parse(bad.text).code, "invalid_token")
      assert.match(bad.headers["www-authenticate"] ?? "", /error="invalid_token"/)
      const left = yield* get("/me", yield* token("s-2"))
      assert.strictEqual(left.status, 403)
      assert.strictEqual(JSON.parse(left.text).code, "user_blocked")
      const stranger = yield* get("/me", yield* token("s-3"))
      assert.strictEqual(stranger.status, 404)
      assert.strictEqual(JSON.parse(stranger.text).code, "user_not_found")
    }))

  it.live("the program serves them", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-notes-"))),
        (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
      )
      const program = fileURLToPath(new URL("../src/notes/main.ts", import.meta.url))
      const args = ["--conditions=source", program, "http://127.0.0.1:9", "notes", "0"]
      const { url } = yield* listening(process.execPath, args, /Listening on \S+:(\d+)/, {}, folder)
      const { status } = yield* Effect.promise(() => fetch(`${url}/me`))
      assert.strictEqual(status, 401)
    }))
})
