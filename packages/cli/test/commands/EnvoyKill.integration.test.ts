/** A gate that is killed in the middle of its checks: Envoy denies, and lets nobody through. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { snippet } from "@jotgate/server/Snippet"
import { describeWith, Envoy } from "@jotgate/servers"
import { Effect, Fiber, FileSystem } from "effect"
import * as IssuerServer from "../support/IssuerServer.ts"
import { start } from "../support/Process.ts"

/** How many ask side by side, and how often each asks. */
const CALLERS = 4
const ASKED = 12

describeWith("envoy", "kill -9 of the gate under load, behind Envoy", () => {
  it.live(
    "who may not is never let through, who may is let through or denied with 503, before and after",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const reached: Array<string | undefined> = []
        const { idp, origin } = yield* IssuerServer.make((asked, answer) => {
          reached.push(asked.headers["x-jotgate-user"]?.toString())
          answer.end("{}")
        })
        const file = `${folder}/jotgate.yaml`
        yield* files.writeFileString(
          file,
          `
issuers: [{ id: a, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "memory:", users: { unknown: allow } }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", grpc: "127.0.0.1:0", drain: 0s, trustedProxies: [127.0.0.1] }
policy: { withoutTeam: all }
audit: { to: none }
`
        )
        const gate = yield* start(["serve", "--config", file])
        const [, url = "", port = ""] = yield* gate.until(/^ready gate=(\S+) .*grpc=http:\/\/127\.0\.0\.1:(\d+)/)
        const proxy = yield* Envoy.make({
          config: ({ host, port: listen }) =>
            snippet("envoy", {
              gate: new URL(url),
              grpc: { host: "127.0.0.1", port: Number(port) },
              upstream: new URL(origin),
              listen: { host, port: listen }
            })
        })
        const good = yield* idp().token({ now: Math.floor(Date.now() / 1_000), claims: { sub: "alice" } })
        const ask = (token: string) =>
          Effect.promise(() =>
            fetch(`${proxy.url}/v1/files`, { headers: { authorization: `Bearer ${token}` } }).then((it) =>
              it.text().then(() => it.status)
            )
          )
        assert.strictEqual(yield* ask(good), 200)
        const statuses = { good: new Array<number>(), bad: new Array<number>() }
        const caller = Effect.gen(function*() {
          for (let i = 0; i < ASKED; i++) {
            statuses.good.push(yield* ask(good))
            statuses.bad.push(yield* ask("bad"))
          }
        })
        const load = yield* Effect.forkChild(
          Effect.all(Array.from({ length: CALLERS }, () => caller), { concurrency: "unbounded" })
        )
        yield* Effect.suspend(() => statuses.good.length > CALLERS * 3 ? Effect.void : Effect.fail("too early")).pipe(
          Effect.tapError(() => Effect.sleep("5 millis")),
          Effect.eventually
        )
        gate.process.kill("SIGKILL")
        yield* gate.ended
        yield* Fiber.join(load)
        assert.isEmpty(statuses.good.filter((it) => it !== 200 && it !== 503))
        assert.isEmpty(statuses.bad.filter((it) => it !== 401 && it !== 503))
        assert.include(statuses.good, 503)
        assert.strictEqual(yield* ask(good), 503)
        assert.isEmpty(
          reached.filter((it) => it === undefined),
          "whoever reached the upstream was let through by the gate"
        )
        assert.strictEqual(reached.length, statuses.good.filter((it) => it === 200).length + 1)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})
