import { assert, it } from "@effect/vitest"
import { makeUser, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { Effect, Fiber, Scheduler } from "effect"
import * as Folder from "../support/Folder.ts"
import { storeOf } from "../support/StoreOf.ts"

it.live("whoever is cut off while a person is made, wherever, leaves it to the next", () =>
  Effect.gen(function*() {
    const file = `${yield* Folder.make}/jotgate.db`
    yield* Effect.gen(function*() {
      const provisioner = yield* Provisioner
      // A fiber gives way after every few steps; it is cut off at one of these places after the other.
      for (let place = 0; place < 60; place++) {
        const made = provisioner.run([{ _tag: "CreateUser", user: makeUser({ id: UserId.make(`u-${place}`) }) }])
        const fiber = yield* Effect.forkChild(Effect.provideService(made, Scheduler.MaxOpsBeforeYield, 3 + place % 3), {
          startImmediately: true
        })
        for (let left = place / 3; left >= 1; left--) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* Effect.exit(made))._tag, "Success", `place ${place}`)
      }
    }).pipe(Effect.provide(storeOf({ url: `sqlite:${file}` })))
  }))
