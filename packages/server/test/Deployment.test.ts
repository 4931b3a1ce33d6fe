/** What becomes of a deployment whose server is told to stop while it is built. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { Deployments, makeDoors } from "../src/Deployment.ts"
import { defaultLimits, makeAuth } from "./support/World.ts"

describe("the first deployment", () => {
  it.effect("is closed by a stop that comes while it is built, and nothing else goes wrong", () =>
    Effect.gen(function*() {
      const { auth } = yield* makeAuth({})
      const begun = yield* Deferred.make<void>()
      const goesOn = yield* Deferred.make<void>()
      let closed = 0
      const build = Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.sync(() => closed++))
        yield* Deferred.succeed(begun, undefined)
        yield* Deferred.await(goesOn)
        const doors = yield* makeDoors({
          credentials: ["authorization"],
          trustedProxies: [],
          forwardAuth: { authorization: false, unseenModel: "deny" },
          limits: defaultLimits,
          cors: null,
          websocket: [],
          upstreams: []
        }, { teamHeaders: [], litellm: "1.110", env: {}, mcp: [] })
        return { auth, doors, issuers: [], scopes: [], keys: Effect.succeed([]), directory: Effect.void, remembers: 0 }
      })
      const starting = yield* Effect.forkChild(Effect.scoped(Layer.build(Deployments.layer(build))))
      yield* Deferred.await(begun)
      const stopping = yield* Effect.forkChild(Fiber.interrupt(starting))
      yield* Effect.yieldNow
      yield* Deferred.succeed(goesOn, undefined)
      yield* Fiber.join(stopping)
      const exit = yield* Fiber.await(starting)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause), String(exit))
      assert.strictEqual(closed, 1)
    }).pipe(Effect.scoped))
})
