/** Several processes behind one gate, as a user starts them (`gateway.workers`). */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, type Scope } from "effect"
import * as IssuerServer from "../support/IssuerServer.ts"
import { children, start, until } from "../support/Process.ts"

const secret = "of-the-administrators"
const asAdmin = { authorization: `Bearer ${secret}` }

interface World {
  readonly files: FileSystem.FileSystem
  readonly folder: string
  readonly file: string
  readonly configuration: (more?: string) => string
  readonly token: (sub: string) => Effect.Effect<string>
  /** How often key sets were fetched. */
  readonly fetches: () => number
  /** Rotates the key: tokens of now on are signed with another one. */
  readonly rotate: Effect.Effect<void>
}

const world = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  const { idp, origin, rotate, state } = yield* IssuerServer.make()
  const it: World = {
    files,
    folder,
    file: `${folder}/jotgate.yaml`,
    configuration: (more = "") => `
issuers: [{ id: a, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "sqlite:${folder}/jotgate.db", users: { unknown: allow } }
cache: { dir: "${folder}/keys" }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, workers: 2, trustedProxies: [127.0.0.1], adminToken: "env:ADMIN", upstream: { url: "http://127.0.0.1:9" } }
audit: { to: "file:${folder}/audit.log" }
${more}`,
    token: (sub) => idp().token({ now: Math.floor(Date.now() / 1_000), claims: { sub } }),
    fetches: () => state.fetches,
    rotate
  }
  return it
})

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

/** One question on a connection of its own, so that the workers take turns. */
const ask = (gate: string, token: string) =>
  Effect.promise(() =>
    fetch(`${gate}/_jotgate/auth/caddy`, {
      headers: {
        authorization: `Bearer ${token}`,
        "x-forwarded-method": "GET",
        "x-forwarded-uri": "/v1/models",
        connection: "close"
      }
    }).then((it) => ({ status: it.status, decision: it.headers.get("x-jotgate-decision") ?? "" }))
  )

const json = (url: string) =>
  Effect.promise(() => fetch(url, { headers: asAdmin }).then((it) => it.json() as Promise<unknown>))

const text = (url: string) => Effect.promise(() => fetch(url).then((it) => it.text()))

const serve = (it: World) =>
  Effect.gen(function*() {
    yield* it.files.writeFileString(it.file, it.configuration())
    const running = yield* start(["serve", "--config", it.file], { ADMIN: secret })
    const [, gate = "", admin = ""] = yield* running.until(/^ready gate=(\S+) admin=(\S+)\n/)
    return { running, gate, admin }
  })

const workersOf = (admin: string) =>
  Effect.map(json(`${admin}/readyz`), (it) => Reflect.get(Object(it), "workers") as { wanted: number; ready: number })

describe("jotgate serve with two workers", () => {
  it.live(
    "answers from both as from one, follows reloads and administrators, replaces what dies, and ends with 0",
    () =>
      run(Effect.gen(function*() {
        const it = yield* world
        const { admin, gate, running } = yield* serve(it)
        const pids = children(running)
        assert.strictEqual(pids.length, 2)

        const answers = yield* Effect.forEach(
          Array.from({ length: 40 }, (_, at) => at),
          (at) => Effect.flatMap(it.token(`u-${at % 8}`), (token) => ask(gate, token))
        )
        assert.isTrue(answers.every(({ status }) => status === 200))

        // one record of each answer, found where administrators ask
        const lines = yield* until(
          it.files.readFileString(`${it.folder}/audit.log`),
          (all) => all.split("\n").length > 40,
          "every line is there"
        )
        const told = lines.trim().split("\n").map((line) => Reflect.get(JSON.parse(line), "decision"))
        assert.deepStrictEqual(told.toSorted(), answers.map(({ decision }) => decision).toSorted())
        const [{ decision } = { decision: "" }] = answers
        assert.propertyVal(yield* json(`${admin}/admin/v1/decisions/${decision}`), "decision", decision)

        // figures of all, keys fetched once for all
        assert.match(yield* text(`${admin}/metrics`), /^jotgate_decisions_total\{.*status="200".*\} 40$/m)
        assert.strictEqual(it.fetches(), 1)

        // a reload is in force in both, and nothing of a bad file
        const statuses = Effect.map(
          Effect.forEach(
            Array.from({ length: 6 }),
            () => Effect.promise(() => fetch(`${gate}/open`, { headers: { connection: "close" } }))
          ),
          (all) => new Set(all.map(({ status }) => status))
        )
        const replace = (more: string) =>
          Effect.andThen(
            it.files.writeFileString(`${it.file}.new`, it.configuration(more)),
            it.files.rename(`${it.file}.new`, it.file)
          )
        yield* replace("policy: { openRoute: [/open] }")
        yield* running.until(/what was stays/)
        assert.deepStrictEqual(yield* statuses, new Set([401]))
        yield* replace("policy: { openRoutes: [/open] }")
        yield* running.until(/jotgate\.yaml is in force/)
        assert.deepStrictEqual(yield* statuses, new Set([502]))

        // an administrator's block holds in both
        const blocked = yield* Effect.promise(() =>
          fetch(`${admin}/admin/v1/users`, {
            method: "POST",
            headers: { ...asAdmin, "content-type": "application/json" },
            body: JSON.stringify({ id: "u-1", blocked: true })
          })
        )
        assert.strictEqual(blocked.status, 201)
        const barred = yield* it.token("u-1")
        yield* until(
          Effect.forEach(Array.from({ length: 4 }), () => ask(gate, barred)),
          (all) => all.every(({ status }) => status === 403),
          "both workers know of the block"
        )

        // a worker that dies is replaced, and what serves meanwhile answers
        const [first = 0] = pids
        const good = yield* it.token("u-2")
        process.kill(first, "SIGKILL")
        yield* until(workersOf(admin), ({ ready }) => ready === 1, "one is missing")
        assert.strictEqual((yield* ask(gate, good)).status, 200)
        // ... also what is put in force while the next one starts
        yield* replace("policy: { openRoutes: [/other] }")
        yield* until(workersOf(admin), ({ ready }) => ready === 2, "it is replaced")
        assert.notInclude(children(running), first)
        yield* running.until(/jotgate\.yaml is in force[^]*jotgate\.yaml is in force/)
        assert.deepStrictEqual(yield* statuses, new Set([401]))

        // told to stop, all end
        const left = children(running)
        running.process.kill("SIGTERM")
        assert.strictEqual(yield* running.ended, 0)
        for (const pid of left) assert.throws(() => process.kill(pid, 0))
      })),
    120_000
  )
})
