/** A gate whose program is replaced while it runs, as an upgrade in place does. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, type Scope } from "effect"
import { dirname } from "node:path"
import * as IssuerServer from "../support/IssuerServer.ts"
import { children, main, start, until } from "../support/Process.ts"

const asAdmin = { authorization: "Bearer of-the-administrators" }

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const status = (url: string) => Effect.promise(() => fetch(url, { headers: asAdmin }).then((it) => it.status))

/** A program of one's own that serves; `replace` puts another release in its place. */
const serve = (workers: number) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped()
    const { idp, origin } = yield* IssuerServer.make()
    const program = `${folder}/program/dist/command`
    yield* files.copy(dirname(main), program)
    yield* files.writeFileString(`${program}/../../package.json`, JSON.stringify({ type: "module", version: "1.0.0" }))
    const configuration = (redis: string) => `
issuers: [{ id: a, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "sqlite:${folder}/jotgate.db", users: { unknown: allow } }
cache: { dir: "${folder}/keys", redis: ${redis} }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, workers: ${workers}, trustedProxies: [127.0.0.1], adminToken: "env:ADMIN", upstream: { url: "http://127.0.0.1:9" } }
audit: { to: none }
`
    const file = `${folder}/jotgate.yaml`
    const write = (redis: string) => files.writeFileString(file, configuration(redis))
    yield* write("null")
    const running = yield* start(
      ["serve", "--config", file],
      { ADMIN: "of-the-administrators", REDIS: "redis://127.0.0.1:9" },
      `${program}/main.js`
    )
    const [, gate = "", admin = ""] = yield* running.until(/^ready gate=(\S+) admin=(\S+)\n/)
    // It reads itself in a fifth of a second.
    yield* Effect.sleep("4 seconds")
    yield* files.remove(program, { recursive: true })
    yield* files.makeDirectory(program)
    yield* files.writeFileString(`${program}/main.js`, "throw new Error(\"another release\")\n")
    const token = yield* idp().token({ now: Math.floor(Date.now() / 1_000), claims: { sub: "alice" } })
    const ask = Effect.promise(() =>
      fetch(`${gate}/_jotgate/auth/caddy`, {
        headers: {
          authorization: `Bearer ${token}`,
          "x-forwarded-method": "GET",
          "x-forwarded-uri": "/v1/models",
          connection: "close"
        }
      }).then((it) => it.status, () => 0)
    )
    return { admin, ask, running, write }
  })

describe("a gate whose program is replaced while it runs", { concurrent: true }, () => {
  it.live("goes on with what it is: the admin API, its pages and a driver that is named now are of its own release", () =>
    run(Effect.gen(function*() {
      const { admin, ask, running, write } = yield* serve(1)
      assert.deepStrictEqual(
        yield* Effect.forEach(["/admin/v1/decisions", "/docs", "/"], (path) => status(`${admin}${path}`)),
        [200, 200, 200]
      )
      yield* write("env:REDIS")
      yield* running.until(/Redis does not answer[\s\S]*is in force/)
      assert.strictEqual(yield* ask, 200)
      running.process.kill("SIGTERM")
      assert.strictEqual(yield* running.ended, 0)
    })))

  it.live("replaces a worker that dies by one of its own release, which follows reloads", () =>
    run(Effect.gen(function*() {
      const { admin, ask, running, write } = yield* serve(2)
      const before = children(running)
      process.kill(before[0] ?? 0, "SIGKILL")
      const ready = Effect.promise(() =>
        fetch(`${admin}/readyz`).then((it) => it.json()).then((it) => String(Reflect.get(Object(it.workers), "ready")))
      )
      yield* until(
        Effect.map(ready, (it) => it === "2" && !children(running).includes(before[0] ?? 0)),
        (it) => it,
        "two again"
      )
      assert.notInclude(running.err(), "another release")
      yield* write("env:REDIS")
      yield* running.until(/is in force/)
      for (let i = 0; i < 6; i++) assert.strictEqual(yield* ask, 200)
      assert.notInclude(running.err(), "cannot follow")
      running.process.kill("SIGTERM")
      assert.strictEqual(yield* running.ended, 0)
    })))
})
