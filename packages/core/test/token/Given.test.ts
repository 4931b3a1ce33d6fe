import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Schema, Scope } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { RequestPolicy } from "../../src/decision/RequestPolicy.ts"
import { MemoryDirectory } from "../../src/directory/MemoryDirectory.ts"
import { Gate, type SettingsInvalid } from "../../src/Gate.ts"
import { HttpSecurity } from "../../src/HttpSecurity.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { ClaimsPolicy, CustomDenied } from "../../src/token/ClaimsPolicy.ts"
import { chat, gateOf, lineOf, settings, tokenOf } from "../support/GateWorld.ts"

type Given = Layer.Layer<never>
type Live = Layer.Layer<Gate, SettingsInvalid>

const deny = () => Effect.fail(new CustomDenied({ reason: "no" }))
const allow = () => Effect.void
const rows = MemoryDirectory.layerRepos({ teams: [CoreTest.team("red", { models: ["gpt-4o*"] })] })
const gateLayer = () => Gate.layer(settings, { directory: rows })
const kinds: Readonly<Record<string, readonly [denying: () => Given, allowing: () => Given]>> = {
  "a hook": [() => ClaimsPolicy.layer(deny), () => ClaimsPolicy.layer(allow)],
  "a rule": [() => RequestPolicy.layer(deny), () => RequestPolicy.layer(allow)]
}
const decide = Effect.flatMap(tokenOf(), (token) => Gate.use((gate) => gate.decide(chat(token))))
const lineIn = (live: Live) => Effect.map(Effect.provide(decide, live), lineOf)

/** A layer that is built by a program of its own inside the graph, as `HttpRouter.serve` builds an application. */
const nested = <A, E>(layer: Layer.Layer<A, E>): Layer.Layer<A, E> => Layer.effectContext(Layer.build(layer))

/** Ways to give a check, some of them the wrong way round. */
const compositions: Readonly<Record<string, (given: Given, allowing: Given) => Live>> = {
  "below the gate": (given) => Layer.provide(gateLayer(), given),
  "below the gate, and beside it": (given) => Layer.provideMerge(gateLayer(), given),
  "beside the gate": (given) => Layer.merge(gateLayer(), given),
  "beside the gate, first": (given) => Layer.merge(given, gateLayer()),
  "above the gate": (given) => Layer.provideMerge(given, gateLayer()),
  "among others": (given) => Layer.mergeAll(Layer.empty, gateLayer(), given),
  "below the gate, twice, the other nearer": (given, allowing) =>
    gateLayer().pipe(Layer.provide(allowing), Layer.provide(given)),
  "below the gate, twice, the other farther": (given, allowing) =>
    gateLayer().pipe(Layer.provide(given), Layer.provide(allowing)),
  "below the gate, one of two": (given, allowing) => Layer.provide(gateLayer(), Layer.merge(given, allowing)),
  "below the gate, the other of two": (given, allowing) => Layer.provide(gateLayer(), Layer.merge(allowing, given)),
  "below the gate, and another beside": (given, allowing) => Layer.merge(Layer.provide(gateLayer(), allowing), given),
  "beside the gate's directory": (given) => Gate.layer(settings, { directory: Layer.merge(rows, given) }),
  "below the gate's directory": (given) => Gate.layer(settings, { directory: Layer.provide(rows, given) }),
  "beside a fresh gate": (given) => Layer.merge(Layer.fresh(gateLayer()), given),
  "beside a gate, fresh": (given) => Layer.merge(gateLayer(), Layer.fresh(given)),
  "beside a gate that is built inside": (given) => Layer.merge(nested(gateLayer()), given),
  "beside a gate, built inside": (given) => Layer.merge(gateLayer(), nested(given)),
  "inside one, beside a gate inside another": (given) => Layer.merge(nested(nested(gateLayer())), nested(given)),
  "below a part of the host that gets the gate": (given) =>
    Layer.provideMerge(Layer.effectDiscard(Gate).pipe(Layer.provide(given)), gateLayer()),
  "beside the gate, both below a part of the host": (given) =>
    Layer.merge(gateLayer(), Layer.provide(Layer.empty, [gateLayer(), given]))
}

describe("a check that is given anywhere in the graph is asked", () => {
  for (const [kind, [denying, allowing]] of Object.entries(kinds)) {
    for (const [place, compose] of Object.entries(compositions)) {
      it.live(`${kind} ${place}`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* lineIn(compose(denying(), allowing())), "403 custom_denied")
          assert.strictEqual(yield* lineIn(compose(allowing(), allowing())), "allow ada red")
        }))
    }

    it.live(`${kind} around the question`, () =>
      Effect.gen(function*() {
        const asked = Effect.map(Effect.provide(decide, denying()), lineOf)
        const both = Effect.all([asked, Effect.map(decide, lineOf)])
        assert.deepStrictEqual(yield* Effect.provide(both, gateLayer()), ["403 custom_denied", "allow ada red"])
      }))

    it.live(`${kind} around the question, with a memory of layers of its own`, () =>
      Effect.gen(function*() {
        const local = { local: true } as const
        const asked = (given: Given) => Effect.map(Effect.provide(decide, given, local), lineOf)
        const both = Effect.all([asked(denying()), asked(allowing()), Effect.map(decide, lineOf)])
        const lines = ["403 custom_denied", "allow ada red", "allow ada red"]
        assert.deepStrictEqual(yield* Effect.provide(both, gateLayer()), lines)
        assert.deepStrictEqual(yield* Effect.provide(both, gateLayer(), local), lines)
        const below = asked(Layer.provide(Layer.empty, denying()))
        assert.strictEqual(yield* Effect.provide(below, gateLayer()), lines[0])
      }))

    it.live(`${kind} around a gate with a memory of layers of its own`, () =>
      Effect.gen(function*() {
        const local = Effect.map(Effect.provide(decide, gateLayer(), { local: true }), lineOf)
        assert.strictEqual(yield* Effect.provide(local, denying()), "403 custom_denied")
        assert.strictEqual(yield* Effect.provide(local, allowing()), "allow ada red")
        const within = Effect.gen(function*() {
          return yield* Effect.provide(local, denying())
        })
        assert.strictEqual(yield* Effect.provide(within, gateLayer()), "403 custom_denied")
        // Of the inner gate alone: the outer one is asked beside it.
        const apart = Effect.all([
          Effect.map(Effect.provide(decide, Layer.provide(gateLayer(), denying()), { local: true }), lineOf),
          Effect.map(decide, lineOf)
        ])
        assert.deepStrictEqual(yield* Effect.provide(apart, gateLayer()), ["403 custom_denied", "allow ada red"])
      }))

    it.live(`${kind} that is ready after the gate, from then on`, () =>
      Effect.gen(function*() {
        const ready = yield* Deferred.make<void>()
        const memoMap = Layer.makeMemoMapUnsafe()
        const scope = yield* Scope.Scope
        const gate = yield* Layer.buildWithMemoMap(gateLayer(), memoMap, scope)
        const late = Layer.unwrap(Effect.as(Deferred.await(ready), denying()))
        const building = yield* Effect.forkChild(Layer.buildWithMemoMap(late, memoMap, scope))
        assert.strictEqual(lineOf(yield* Effect.provide(decide, gate)), "allow ada red")
        yield* Deferred.succeed(ready, undefined)
        yield* Effect.exit(Effect.yieldNow)
        while (building.pollUnsafe() === undefined) yield* Effect.yieldNow
        assert.strictEqual(lineOf(yield* Effect.provide(decide, gate)), "403 custom_denied")
      }))

    it.live(`${kind} of one gate, by that one alone; of none, by each`, () =>
      Effect.gen(function*() {
        const other = (...around: ReadonlyArray<Given>) =>
          Layer.effect(Other, Gate).pipe(
            Layer.provide(Layer.provide(gateLayer(), Layer.mergeAll(Layer.empty, ...around)))
          )
        const lines = Effect.gen(function*() {
          const token = yield* tokenOf()
          const first = yield* Gate.use((gate) => gate.decide(chat(token)))
          return [lineOf(first), lineOf(yield* (yield* Other).decide(chat(token)))]
        })
        const apart = Layer.merge(Layer.provide(gateLayer(), denying()), other(allowing()))
        assert.deepStrictEqual(yield* Effect.provide(lines, apart), ["403 custom_denied", "allow ada red"])
        assert.deepStrictEqual(
          yield* Effect.provide(lines, Layer.merge(Layer.provide(gateLayer(), denying()), other())),
          ["403 custom_denied", "allow ada red"]
        )
        const neither = Layer.mergeAll(gateLayer(), other(), denying())
        assert.deepStrictEqual(yield* Effect.provide(lines, neither), ["403 custom_denied", "403 custom_denied"])
      }))

    it.live(`${kind} of Gate.make, beside its directory`, () =>
      Effect.gen(function*() {
        const gate = yield* gateOf({ directory: Layer.merge(rows, denying()) })
        const token = yield* tokenOf()
        assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(chat(token)))), "403 custom_denied")
      }))

    for (
      const [place, live] of Object.entries({
        "below the middleware": (given: Given) =>
          Routes.pipe(Layer.provide(Layer.provide(HttpSecurity.layer, given)), Layer.provide(gateLayer())),
        "beside the gate": (given: Given) =>
          Routes.pipe(Layer.provide(HttpSecurity.layer), Layer.provide([gateLayer(), given])),
        "beside the program": (given: Given) =>
          Layer.merge(Routes.pipe(Layer.provide(HttpSecurity.layer), Layer.provide(gateLayer())), given),
        "below everything": (given: Given) =>
          Routes.pipe(Layer.provide(HttpSecurity.layer), Layer.provide(gateLayer()), Layer.provide(given))
      })
    ) {
      it.live(`${kind} of an HttpApi program, ${place}`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* statusIn(live(denying())), 403)
          assert.strictEqual(yield* statusIn(live(allowing())), 200)
        }))
    }
  }
})

class Other extends Context.Service<Other, Gate["Service"]>()("test/Other") {}

class Api extends HttpApi.make("test").add(
  HttpApiGroup.make("ours")
    .add(HttpApiEndpoint.get("models", "/v1/models", { success: Schema.String }))
    .middleware(HttpSecurity)
) {}

const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(HttpApiBuilder.group(Api, "ours", (handlers) => handlers.handle("models", () => Effect.succeed("ok"))))
)

type Served = typeof Routes extends Layer.Layer<infer _A, infer _E, infer R> ? Exclude<R, HttpSecurity> : never

const statusIn = <A, E>(live: Layer.Layer<A, E, Served>) =>
  Effect.gen(function*() {
    const token = yield* tokenOf()
    return yield* Effect.acquireUseRelease(
      Effect.sync(() =>
        HttpRouter.toWebHandler(Layer.provide(live, HttpServer.layerServices), { disableLogger: true })
      ),
      ({ handler }) =>
        Effect.promise(async () => {
          const headers = { authorization: `Bearer ${token}` }
          return (await handler(new Request("http://host.test/v1/models", { headers }), Context.empty())).status
        }),
      ({ dispose }) => Effect.promise(dispose)
    )
  })
