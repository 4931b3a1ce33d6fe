/** Threat E14: what a gate does while something that it rests on is down. Every door is closed, none is slow. */
import { assert, it } from "@effect/vitest"
import { describeWith, Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import * as Doors from "../support/Doors.ts"

type World = Effect.Success<ReturnType<typeof DirectoryWorld.make>>

const doorsOf = (world: World): Readonly<Record<string, Doors.Door>> => {
  const { port } = world.server.gate
  return {
    "proxy": Doors.http(world.gate),
    "nginx": Doors.asking(port, "nginx", false),
    "ingress-nginx": Doors.asking(port, "ingress-nginx", false),
    "caddy": Doors.asking(port, "caddy", false),
    "traefik": Doors.asking(port, "traefik", false),
    "haproxy": Doors.asking(port, "haproxy", false),
    "envoy": Doors.asking(port, "envoy", false),
    "decide": Doors.decide(world.admin, DirectoryWorld.adminToken)
  }
}

/** Asks every door as a person that no cache knows. */
const asked = Effect.fnUntraced(function*(world: World, person: string) {
  const verdicts: Record<string, Doors.Verdict> = {}
  for (const [name, ask] of Object.entries(doorsOf(world))) {
    const token = yield* world.token(`${person}-${name}`)
    const start = performance.now()
    verdicts[name] = yield* ask({ method: "GET", path: "/v1/files", headers: { authorization: `Bearer ${token}` } })
    assert.isBelow(performance.now() - start, 5_000, name)
  }
  return verdicts
})

const every = (verdict: Doors.Verdict, world: World) =>
  Object.fromEntries(Object.keys(doorsOf(world)).map((name) => [name, verdict]))

const closed: Doors.Verdict = { status: 503, code: "directory_unavailable" }
const open: Doors.Verdict = { status: 200, code: null }

describeWith("postgres", "threat E14: a dependency that is down", () => {
  for (
    const [title, take, give] of [
      ["is killed", (it: Postgres.Postgres) => it.kill(), (it: Postgres.Postgres) => it.restart()],
      [
        "hangs",
        async (it: Postgres.Postgres) => it.pause(),
        async (it: Postgres.Postgres) => it.resume()
      ]
    ] as const
  ) {
    it.live(
      `threat E14: a directory that ${title} is 503 at every door, never an allow, and serves again afterwards`,
      () =>
        Effect.gen(function*() {
          const postgres = yield* Postgres.make()
          const world = yield* DirectoryWorld.make({
            directory: { url: postgres.url, users: { unknown: "allow" }, connection: { timeout: "1s" } }
          })
          assert.deepStrictEqual(yield* asked(world, "before"), every(open, world))
          const before = world.upstream.requests.length
          yield* Effect.promise(() => take(postgres))
          assert.deepStrictEqual(yield* asked(world, "meanwhile"), every(closed, world))
          assert.strictEqual(world.upstream.requests.length, before)
          yield* Effect.promise(() => give(postgres))
          // How soon is measured elsewhere: here as long as the machine takes to start it.
          for (let round = 0; (yield* world.chat(`after-${round}`)) !== "allowed"; round++) yield* Effect.sleep(100)
          assert.deepStrictEqual(yield* asked(world, "afterwards"), every(open, world))
        })
    )
  }

  it.live(
    "threat E14: an issuer whose keys cannot be had is 503 at every door, never an allow",
    () =>
      Effect.gen(function*() {
        const world = yield* DirectoryWorld.make({
          directory: { users: { unknown: "allow" } },
          issuer: { jwks: ["http://127.0.0.1:1/keys"], keys: { save: false } }
        })
        assert.deepStrictEqual(
          yield* asked(world, "anyone"),
          every({ status: 503, code: "issuer_unavailable" }, world)
        )
        assert.strictEqual(world.upstream.requests.length, 0)
      })
  )
})
