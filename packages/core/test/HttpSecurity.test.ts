import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity
} from "effect/http-api"
import { AuthBuilder } from "../src/AuthBuilder.ts"
import type { Allowed } from "../src/Decision.ts"
import { type Denial, Forbidden, Unauthenticated, Unavailable } from "../src/Errors.ts"
import { CurrentPrincipal, denials, HttpSecurity } from "../src/HttpSecurity.ts"
import { nobody } from "../src/principal/Principal.ts"
import type { Asked } from "../src/Request.ts"

const allowed = (user: string, asked: Asked): Allowed => ({
  _tag: "Allowed",
  claims: undefined,
  identity: undefined,
  principal: { ...nobody, userId: user },
  reach: { models: () => ["*"], mayCall: () => true },
  model: undefined,
  route: asked.path,
  writes: []
})

const authorizationOf = ({ rawHeaders }: Asked) =>
  rawHeaders[rawHeaders.findIndex((it) => it.toLowerCase() === "authorization") + 1]

/** Answers by the token: `good`, `blocked`, `down`; anything else is no good. */
const decide = (asked: Asked): Effect.Effect<Allowed, Denial> => {
  if (!asked.rawHeaders.some((it) => it.toLowerCase() === "authorization")) {
    return Effect.fail(new Unauthenticated({ code: "token_missing" }))
  }
  switch (authorizationOf(asked)) {
    case "Bearer good":
      return Effect.succeed(allowed("ada", asked))
    case "Bearer blocked":
      return Effect.fail(new Forbidden({ code: "user_blocked" }))
    case "Bearer down":
      return Effect.fail(new Unavailable({ code: "directory_unavailable", retryAfter: 5 }))
    default:
      return Effect.fail(new Unauthenticated({ code: "invalid_token" }))
  }
}
const Auth = Layer.succeed(AuthBuilder, { authenticate: decide, decide })

/** A host with a scheme of its own beside ours. */
class Either extends HttpApiMiddleware.Service<Either, { provides: CurrentPrincipal }>()("test/Either", {
  security: { bearer: HttpApiSecurity.bearer, session: HttpApiSecurity.apiKey({ in: "cookie", key: "session" }) },
  error: denials
}) {
  static readonly layer = Layer.effect(
    Either,
    Effect.map(HttpSecurity.makeBearer, (bearer) => ({
      bearer,
      session: (next, { credential }) =>
        Redacted.value(credential) === "s-1"
          ? Effect.provideService(
            next,
            CurrentPrincipal,
            allowed("cookie", { method: "GET", path: "/", rawHeaders: [], model: { _tag: "None" } })
          )
          : Effect.fail(new Unauthenticated({ code: "token_missing" }))
    }))
  )
}

class Api extends HttpApi.make("test")
  .add(
    HttpApiGroup.make("ours").add(HttpApiEndpoint.get("me", "/me", { success: Schema.String })).middleware(HttpSecurity)
  )
  .add(HttpApiGroup.make("both").add(HttpApiEndpoint.get("me", "/both", { success: Schema.String })).middleware(Either))
{}

const who = Effect.map(CurrentPrincipal, ({ principal }) => principal.userId ?? "nobody")
const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide([
    HttpApiBuilder.group(Api, "ours", (handlers) => handlers.handle("me", () => who)),
    HttpApiBuilder.group(Api, "both", (handlers) => handlers.handle("me", () => who))
  ]),
  Layer.provide([HttpSecurity.layer, Either.layer]),
  Layer.provide(Auth)
)

const ask = (path: string, headers: Record<string, string> = {}) =>
  Effect.acquireUseRelease(
    Effect.sync(() =>
      HttpRouter.toWebHandler(Layer.provide(Routes, HttpServer.layerServices), { disableLogger: true })
    ),
    ({ handler }) =>
      Effect.promise(async () => {
        const response = await handler(new Request(`http://host.test${path}`, { headers }), Context.empty())
        return { status: response.status, headers: response.headers, text: await response.text() }
      }),
    ({ dispose }) => Effect.promise(dispose)
  )

describe("HttpSecurity", () => {
  it.live("gives the endpoint whom the pipeline allowed", () =>
    Effect.gen(function*() {
      const answer = yield* ask("/me", { authorization: "Bearer good" })
      assert.strictEqual(answer.status, 200, answer.text)
      assert.strictEqual(JSON.parse(answer.text), "ada")
    }))

  const answers: ReadonlyArray<readonly [string, number, string]> = [
    ["Bearer bad", 401, "invalid_token"],
    ["Bearer blocked", 403, "user_blocked"],
    ["Bearer down", 503, "directory_unavailable"],
    ["Basic x", 401, "invalid_token"]
  ]
  for (const path of ["/me", "/both"]) {
    for (const [authorization, status, code] of answers) {
      it.live(`${path}: ${authorization} is answered at once: ${status} ${code}`, () =>
        Effect.gen(function*() {
          const answer = yield* ask(path, { authorization, cookie: "session=s-1" })
          assert.strictEqual(answer.status, status, answer.text)
          assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
          assert.strictEqual(JSON.parse(answer.text).code, code)
          if (status === 503) assert.strictEqual(answer.headers.get("retry-after"), "5")
        }))
    }
  }

  it.live("an absent credential falls through to the host's next scheme", () =>
    Effect.gen(function*() {
      const cookie = yield* ask("/both", { cookie: "session=s-1" })
      assert.strictEqual(cookie.status, 200, cookie.text)
      assert.strictEqual(JSON.parse(cookie.text), "cookie")
      assert.strictEqual((yield* ask("/both")).status, 401)
      assert.strictEqual((yield* ask("/me")).status, 401)
    }))

  it.live("threat E06: a path that can be read in two ways is 400", () =>
    Effect.gen(function*() {
      const answer = yield* ask("/me;x=1", { authorization: "Bearer good" })
      assert.include([400, 404], answer.status)
    }))
})
