import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { Gate } from "../../src/Gate.ts"
import { CurrentPrincipal, HttpSecurity } from "../../src/HttpSecurity.ts"
import * as Issuer from "../../src/testing/Issuer.ts"
import { settings, teams, tokenOf } from "../support/GateWorld.ts"

const other = await Effect.runPromise(Issuer.make("https://other.test", ["ES256"]))
const otherToken = Effect.map(
  Effect.clockWith((clock) => clock.currentTimeMillis),
  (millis) => ({ now: Math.floor(millis / 1000), claims: { sub: "bob", groups: ["blue"] } })
).pipe(Effect.flatMap(other.token))

const who = Effect.map(CurrentPrincipal, ({ principal }) => principal.userId ?? "nobody")

const apiOf = <const Name extends string>(name: Name) =>
  HttpApi.make(name).add(
    HttpApiGroup.make("me")
      .add(HttpApiEndpoint.get("me", `/${name}/me`, { success: Schema.String }))
      .middleware(HttpSecurity)
  )
class First extends apiOf("first") {}
class Second extends apiOf("second") {}

const policy = { userRoutes: ["/*"], teamRoutes: ["/*"] }
const gates = {
  first: () => Gate.layer({ ...settings, policy }, { directory: teams }),
  second: () =>
    Gate.layer({
      issuers: [{
        id: "other",
        issuer: other.iss,
        audience: "https://api.test",
        jwks: { keys: other.jwks.keys.map((it) => ({ ...it })) },
        claims: { user: "sub", teams: "groups" }
      }],
      directory: { users: { unknown: "allow" } },
      policy
    }, { directory: teams })
}

const served = {
  first: HttpApiBuilder.layer(First).pipe(
    Layer.provide(HttpApiBuilder.group(First, "me", (handlers) => handlers.handle("me", () => who)))
  ),
  second: HttpApiBuilder.layer(Second).pipe(
    Layer.provide(HttpApiBuilder.group(Second, "me", (handlers) => handlers.handle("me", () => who)))
  )
}
const guarded = {
  first: served.first.pipe(Layer.provide(HttpSecurity.layer), Layer.provide(gates.first())),
  second: served.second.pipe(Layer.provide(HttpSecurity.layer), Layer.provide(gates.second()))
}

type Served = typeof served.first extends Layer.Layer<infer _A, infer _E, infer R> ? Exclude<R, HttpSecurity> : never

/** The statuses of both APIs for a token of each issuer, then for none. */
const statusesOf = Effect.fnUntraced(function*(program: Layer.Layer<never, unknown, Served>) {
  const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(program, HttpServer.layerServices), {
    disableLogger: true
  })
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  const tokens = [yield* tokenOf(), yield* otherToken, undefined]
  const ask = (path: string, token: string | undefined) =>
    Effect.promise(async () => {
      const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` })
      const response = await handler(new Request(`http://host.test${path}`, { headers }), Context.empty())
      return response.status === 200 ? String(await response.json()) : response.status
    })
  return yield* Effect.forEach(
    ["/first/me", "/second/me"],
    (path) => Effect.forEach(tokens, (token) => ask(path, token))
  )
})

describe("two APIs of one program over a gate each", () => {
  const programs = {
    "side by side": Layer.merge(guarded.first, guarded.second),
    "the other way round": Layer.merge(guarded.second, guarded.first),
    "one below the other": Layer.provideMerge(guarded.first, guarded.second)
  }
  for (const [place, program] of Object.entries(programs)) {
    it.live(`${place}: each believes its own issuer alone`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* statusesOf(program), [["ada", 401, 401], [401, "bob", 401]])
      }))
  }
})
