import { assert, describe, it } from "@effect/vitest"
import { makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Layer, Schedule } from "effect"
import { spawn } from "node:child_process"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

/** A neighbour that writes to the same file, for as long as the scope is open. */
const neighbour = (url: string) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof spawn>>((resume) => {
      const program = new URL("../programs/Neighbour.ts", import.meta.url).pathname
      const child = spawn(process.execPath, ["--conditions=source", program, url], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) =>
      Effect.callback<void>((resume) => {
        child.once("close", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
  )

describe("two processes on one SQLite file", () => {
  it.live(
    "neither loses a write, and the event loop never stands still for the other's lock",
    () =>
      Effect.gen(function*() {
        const folder = yield* Folder.make
        const url = `sqlite:${folder}/jotgate.db`
        const context = yield* Layer.build(storeOf({ url }))
        yield* Effect.gen(function*() {
          const provisioner = yield* Provisioner
          const users = yield* UserRepo
          // Whoever is told that it cannot be written now, on a machine that has no time for us, has lost nothing: once more.
          const create = (id: string) =>
            provisioner.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make(id) }) }]).pipe(
              Effect.retry({ schedule: Schedule.spaced("10 millis") })
            )
          const round = Effect.fnUntraced(function*(name: string) {
            const ids = Array.from({ length: 50 }, (_, index) => `${name}-${index}`)
            const delay = monitorEventLoopDelay({ resolution: 5 })
            delay.enable()
            yield* Effect.forEach(ids, (id) => Effect.andThen(create(id), Effect.sleep(1)), { discard: true })
            delay.disable()
            for (const id of ids) assert.strictEqual((yield* users.byId(UserId.make(id))).id, id)
            return delay.max / 1e6
          })
          yield* round("compiled")
          yield* neighbour(url)
          // On a machine that has no time for us anything stops the loop; waiting for a lock would stop it every time.
          const stops: Array<number> = []
          while (stops.length < 6 && !stops.some((it) => it < 50)) stops.push(yield* round(`round-${stops.length}`))
          assert.isBelow(Math.min(...stops), 250, "milliseconds; 50 are wanted, waiting for a lock takes 600")
        }).pipe(Effect.provide(context))
      })
  )

  it.live(
    "a change through one is seen by the other within two seconds, long before rows age out",
    () =>
      Effect.gen(function*() {
        const folder = yield* Folder.make
        const url = `sqlite:${folder}/jotgate.db`
        const [one, two] = yield* Effect.all([Layer.build(storeOf({ url })), Layer.build(storeOf({ url }))])
        const put = (blocked: boolean) =>
          DirectoryAdmin.use((admin) => admin.put("teams", { id: "red", blocked }, { actor: "test" }))
        const blocked = Effect.map(TeamRepo.use((teams) => teams.byId(TeamId.make("red"))), (row) => row.blocked)
        yield* Effect.provide(put(false), one)
        assert.isFalse(yield* Effect.provide(blocked, two))
        yield* Effect.provide(put(true), one)
        assert.isTrue(yield* Effect.provide(blocked, one), "at once where it was made")
        const before = performance.now()
        while (!(yield* Effect.provide(blocked, two))) yield* Effect.sleep("10 millis")
        assert.isBelow(performance.now() - before, 20_000)
      })
  )
})
