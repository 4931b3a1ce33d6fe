import { assert, it } from "@effect/vitest"
import { makeUser, UserId } from "@jotgate/core/Directory"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { now as moment } from "@jotgate/core/Ticks"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as Store from "@jotgate/store/Store"
import { Effect, Exit, Fiber, Layer, Scheduler, Schema } from "effect"
import { Questioner } from "../../src/directory/Questioner.ts"

it.live("rows at hand are gone with their question, wherever that is cut off", () => {
  const settings = Schema.decodeUnknownSync(Settings)({
    issuers: [{ id: "idp", issuer: "https://idp.test", audience: "x" }],
    directory: { url: "memory:" },
    cache: { dir: null }
  })
  return Effect.gen(function*() {
    const { suppose } = yield* Questioner
    const directory = yield* DirectoryAdmin
    const ada = UserId.make("ada")
    yield* directory.put("users", { id: ada, blocked: true }, { actor: "test" })
    const person = { row: makeUser({ id: ada, models: ["*"] }) }
    const about = { method: "POST", model: "gpt-4o" }
    const ask = (rows?: { readonly person: typeof person }) =>
      Effect.flatMap(moment, (now) => suppose({ person: ada }, about, (auth, asked) => auth.decide(asked, now), rows))
    assert.isTrue(Exit.isSuccess(yield* Effect.exit(ask({ person }))), "as the row at hand says")
    // A fiber gives way after every few steps; it is cut off at one of these places after the other.
    for (let place = 0; place < 60; place++) {
      const fiber = yield* Effect.forkChild(
        Effect.provideService(ask({ person }), Scheduler.MaxOpsBeforeYield, 3 + place % 3),
        { startImmediately: true }
      )
      for (let left = place / 3; left >= 1; left--) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask())), `as the directory says, place ${place}`)
    }
  }).pipe(
    Effect.provide(
      Questioner.layer(settings).pipe(Layer.provideMerge(Store.layer(settings)), Layer.provide(Secrets.layerTest({})))
    )
  )
})
