/**
 * The long runs of the key store: a day of outage, floods of tokens of both kinds, memory, kill -9, and an issuer that pours.
 *
 * The first four are on a virtual clock with counted hits, the others on real files and sockets.
 */
import { Cache } from "@jotgate/core/Cache"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import * as NodeSignature from "@jotgate/core/NodeSignature"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { Outbound, type OutboundRequest } from "@jotgate/core/Outbound"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Secrets } from "@jotgate/core/Secrets"
import { Issuer } from "@jotgate/core/Settings"
import { HostileIssuer as Hostile } from "@jotgate/core/testing"
import { fromClock } from "@jotgate/core/Ticks"
import { type Clock, Effect, Layer, Redacted, References, Schema } from "effect"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeOutbound from "../packages/server/src/platform/NodeOutbound.ts"
import * as SavedKeyFiles from "../packages/server/src/platform/SavedKeyFiles.ts"
import { start } from "../packages/server/test/support/HostileServer.ts"
import { figure, megabytes } from "./Figures.ts"

const A = "https://a.idp.test"
const publicJwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" })
const key = { ...publicJwk, kid: "a-es", alg: "ES256", use: "sig" }
const settings = Schema.decodeUnknownSync(Issuer)({ id: "a", issuer: A, audience: "gate" })

const formOf = (request: OutboundRequest | undefined): string =>
  request?.form === undefined ? "" : Redacted.value(request.form)

/** How a look-up ends: `found`, the reason of a refusal, or `503`. */
const look = (kid: string) =>
  Effect.gen(function*() {
    const keys = yield* KeyStore
    const profile = (yield* Issuers).byId("a")
    if (profile === undefined) return yield* Effect.die("no issuer")
    const now = yield* Effect.clockWith((clock: Clock.Clock) =>
      Effect.succeed({ time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined })
    )
    return yield* keys.find(profile, { algorithm: "ES256", kid }, now).pipe(
      Effect.as("found"),
      Effect.catchTag("TokenRefused", ({ reason }) => Effect.succeed<string>(reason)),
      Effect.catchTag("IssuerUnavailable", () => Effect.succeed("503"))
    )
  })

/** Runs against one scripted issuer on a virtual clock. */
const virtually = <A>(
  issuer: Hostile.HostileIssuer,
  run: Effect.Effect<A, never, KeyStore | Issuers | TestClock.TestClock>
): Promise<A> =>
  Effect.runPromise(
    run.pipe(
      Effect.provide(KeyStore.layer.pipe(
        Layer.provideMerge(Issuers.layer([settings])),
        Layer.provide([Hostile.layer(issuer), NodeSignature.layer, SavedKeys.layerMemory, Secrets.layerTest({})]),
        Layer.provideMerge(TestClock.layer())
      )),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )

const outage = async () => {
  const issuer = Hostile.HostileIssuer.make(A, [key])
  const [refused, last] = await virtually(
    issuer,
    Effect.gen(function*() {
      yield* look("a-es")
      issuer.all(Hostile.refused)
      let refused = 0
      for (let second = 0; second < 86_400; second++) {
        if ((yield* look("a-es")) !== "found") refused++
        yield* TestClock.adjust("1 second")
      }
      yield* TestClock.adjust("1 second")
      return [refused, yield* look("a-es")] as const
    })
  )
  figure("outage of 24 h at one token a second: refusals", refused, { most: 0 })
  figure("after 24 h and 1 s: 503", last === "503" ? 1 : 0, { least: 1 })
  figure("fetches in the densest minute of the outage", issuer.densest("/keys", 60_000), { most: 10 })
}

const flood = async () => {
  const issuer = Hostile.HostileIssuer.make(A, [key])
  const [refused, allowed] = await virtually(
    issuer,
    Effect.gen(function*() {
      yield* look("a-es")
      let refused = 0
      let allowed = 0
      for (let token = 0; token < 10_000; token++) {
        if ((yield* look(`kid-${token}`)) === "unknown_key") refused++
        if (token % 17 === 0 && (yield* look("a-es")) === "found") allowed++
        yield* TestClock.adjust("6 millis")
      }
      return [refused, allowed] as const
    })
  )
  figure("flood of 10 000 unknown kids in 60 s: refused", refused, { least: 10_000 })
  figure("good tokens meanwhile", allowed, { least: 589 })
  figure("fetches, the first included", issuer.count("/keys"), { most: 3 })
}

const memory = async () => {
  const issuer = Hostile.HostileIssuer.make(A, [key])
  const growth = await virtually(
    issuer,
    Effect.gen(function*() {
      for (let token = 0; token < 10_000; token++) yield* look(`warm-${token}`.padEnd(400, "x"))
      const before = megabytes()
      for (let token = 0; token < 1_000_000; token++) {
        yield* look(`kid-${token}`.padEnd(400, "x"))
        if (token % 1_000 === 0) yield* TestClock.adjust("1 second")
      }
      return megabytes() - before
    })
  )
  figure("memory after 1 000 000 distinct unknown kids", growth, { most: 16 }, " MB")
}

/** Threat D07: random opaque tokens, as fast as they come, with an issuer that answers each. */
const opaqueFlood = async () => {
  const issuer = Hostile.HostileIssuer.make(A, [key])
    .on(
      "/introspect",
      Hostile.chosen((_, request) =>
        Hostile.json({ active: new URLSearchParams(formOf(request)).get("token") === "good", aud: "gate", sub: "u-1" })
      )
    )
  const introspection = { url: `${A}/introspect`, clientId: "gate", clientSecret: "env:SECRET" }
  const asking = Schema.decodeUnknownSync(Issuer)({ id: "a", issuer: A, audience: "gate", opaque: { introspection } })
  const [growth, refused] = await Effect.runPromise(
    Effect.gen(function*() {
      const opaque = yield* OpaqueToken
      const ask = (token: string) =>
        Effect.clockWith((clock: Clock.Clock) =>
          opaque.verify(token, { time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined })
        ).pipe(Effect.isSuccess)
      let refused = 0
      let before = 0
      for (let token = 0; token < 100_000; token++) {
        yield* ask(`random-${token}`.padEnd(200, "x"))
        if (token % 100 === 0 && !(yield* ask("good"))) refused++
        if (token === 10_000) before = megabytes()
        if (token % 5 === 0) yield* TestClock.adjust("3 millis")
      }
      return [megabytes() - before, refused] as const
    }).pipe(
      Effect.provide(OpaqueToken.layer.pipe(
        Layer.provide(KeyStore.layer),
        Layer.provide([
          Issuers.layer([asking]),
          Cache.layer,
          Hostile.layer(issuer),
          NodeSignature.layer,
          SavedKeys.layerMemory,
          Secrets.layerTest({ "env:SECRET": "hush" })
        ]),
        Layer.provideMerge(TestClock.layer())
      )),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
  figure("100 000 random opaque tokens in 60 s: calls in the densest second", issuer.densest("/introspect", 1_000), {
    most: 10
  })
  figure("good opaque tokens refused meanwhile", refused, { most: 1 })
  figure("memory after them", growth, { most: 16 }, " MB")
}

const kills = async () => {
  const directory = mkdtempSync(join(tmpdir(), "jotgate-soak-"))
  const writer = fileURLToPath(new URL("../packages/server/test/support/saved-keys-writer.ts", import.meta.url))
  let torn = 0
  for (let round = 0; round < 50; round++) {
    const child = spawn(process.execPath, ["--conditions=source", writer, directory], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    await once(child.stdout, "data")
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    child.kill("SIGKILL")
    await once(child, "exit")
    const found = await Effect.runPromise(
      SavedKeys.use((saved) => saved.load("a", "s")).pipe(
        Effect.provide(Layer.provide(SavedKeyFiles.layer(directory), SavedKeys.layerMemory))
      )
    )
    if (JSON.parse(found?.text ?? "null")?.keys?.length !== 2_000) torn++
  }
  rmSync(directory, { recursive: true })
  figure("50 times kill -9 while a set is written: sets that were torn", torn, { most: 0 })
}

const pouring = () =>
  Effect.runPromise(
    Effect.gen(function*() {
      const issuer = (yield* start()).on("/keys", Hostile.endless)
      const ask = Outbound.use((outbound) =>
        outbound.ask({
          url: `${issuer.origin}/keys`,
          reach: { _tag: "Configured" },
          allowInsecure: false,
          accept: "application/json"
        })
      )
      for (let round = 0; round < 20; round++) yield* Effect.exit(ask)
      const before = megabytes()
      for (let round = 0; round < 200; round++) yield* Effect.exit(ask)
      figure("memory after 200 key sets without end", megabytes() - before, { most: 16 }, " MB")
    }).pipe(Effect.provide(NodeOutbound.layer), Effect.scoped)
  )

for (const run of [outage, flood, memory, opaqueFlood, kills, pouring]) await run()
