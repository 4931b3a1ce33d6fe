/** A gate that is killed while its issuer is down starts again from the saved keys (reliability: start with a saved set). */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect, FileSystem } from "effect"
import * as IssuerServer from "../support/IssuerServer.ts"
import { start } from "../support/Process.ts"

describe("jotgate serve after kill -9 in an outage of the issuer", () => {
  it.live(
    "lets good tokens in within 2 s of its start, and /readyz tells the age of its keys",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const { close, idp, origin } = yield* IssuerServer.make()
        const evil = yield* Issuer.make(origin)
        const file = `${folder}/jotgate.yaml`
        yield* files.writeFileString(
          file,
          `
issuers: [{ id: a, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "memory:", users: { unknown: allow } }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, trustedProxies: [127.0.0.1] }
audit: { to: none }
`
        )
        const time = Math.floor(Date.now() / 1_000)
        const ask = (gate: string, token: string) =>
          Effect.promise(() =>
            fetch(`${gate}/_jotgate/auth/caddy`, {
              headers: {
                authorization: `Bearer ${token}`,
                "x-forwarded-method": "GET",
                "x-forwarded-uri": "/v1/models"
              }
            }).then((it) => it.status)
          )
        const good = yield* idp().token({ now: time })

        const first = yield* start(["serve", "--config", file])
        const [, gate = ""] = yield* first.until(/^ready gate=(\S+)/)
        assert.strictEqual(yield* ask(gate, good), 200)
        // Not the file beside its place that is renamed when it is whole.
        const isSaved = (names: ReadonlyArray<string>) => names.some((it) => it.endsWith(".json"))
        yield* Effect.eventually(
          Effect.filterOrFail(files.readDirectory(`${folder}/jotgate-cache`), isSaved).pipe(
            Effect.tapError(() => Effect.sleep("20 millis"))
          )
        )
        yield* close
        first.process.kill("SIGKILL")
        yield* first.ended

        const second = yield* start(["serve", "--config", file])
        const [, again = "", admin = ""] = yield* second.until(/^ready gate=(\S+) admin=(\S+)/)
        const started = performance.now()
        assert.strictEqual(yield* ask(again, good), 200)
        assert.isBelow(performance.now() - started, 20_000)
        assert.strictEqual(yield* ask(again, yield* evil.token({ now: time })), 401)
        const ready = yield* Effect.promise(() =>
          fetch(`${admin}/readyz`).then((it) => it.json() as Promise<{ readonly issuers: ReadonlyArray<object> }>)
        )
        assert.propertyVal(ready.issuers[0], "ready", true)
        assert.isNotNull(Reflect.get(ready.issuers[0] ?? {}, "ageSeconds"))
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
