import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity
} from "effect/http-api"
import { AuthBuilder } from "../src/AuthBuilder.ts"
import type { Allowed } from "../src/Decision.ts"
import * as Reach from "../src/decision/Reach.ts"
import {
  BadRequest,
  BudgetExceeded,
  type Denial,
  Forbidden,
  NotFound,
  Unauthenticated,
  Unavailable
} from "../src/Errors.ts"
import { CurrentPrincipal, CurrentVerdict, denials, HttpSecurity } from "../src/HttpSecurity.ts"
import { nobody } from "../src/principal/Principal.ts"
import type { Asked } from "../src/Request.ts"

const allowed = (user: string, asked: Asked): Allowed => ({
  _tag: "Allowed",
  claims: undefined,
  identity: undefined,
  principal: { ...nobody, userId: user },
  reach: Reach.everything,
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
      return Effect.fail(
        declared[authorizationOf(asked)?.slice("Bearer ".length) ?? ""] ??
          new Unauthenticated({ code: "invalid_token" })
      )
  }
}
const Auth = Layer.succeed(AuthBuilder, {
  authenticate: decide,
  admit: (asked) => Effect.asVoid(decide(asked)),
  decide,
  suppose: (_, asked) => decide(asked),
  teamAskedFor: () => undefined,
  clientAskedFor: () => undefined
})

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
    HttpApiGroup.make("ours")
      .add(HttpApiEndpoint.get("me", "/me", { success: Schema.String }))
      .add(HttpApiEndpoint.get("verdict", "/verdict", { success: Schema.String }))
      .middleware(HttpSecurity)
  )
  .add(HttpApiGroup.make("both").add(HttpApiEndpoint.get("me", "/both", { success: Schema.String })).middleware(Either))
{}

const who = Effect.map(CurrentPrincipal, ({ principal }) => principal.userId ?? "nobody")
const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide([
    HttpApiBuilder.group(
      Api,
      "ours",
      (handlers) =>
        handlers.handle("me", () => who).handle("verdict", () => Effect.map(CurrentVerdict, (it) => it.decision))
    ),
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

/** A client of the host's API, over the handler itself. */
const client = Effect.gen(function*() {
  const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(Routes, HttpServer.layerServices), {
    disableLogger: true
  })
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init), Context.empty())
  return yield* HttpApiClient.make(Api, { baseUrl: "http://host.test" }).pipe(
    Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))))
  )
})

/** One denial of each declared kind, as its token. */
const declared: Readonly<Record<string, Denial>> = {
  bad_request: new BadRequest({ code: "request_ambiguous" }),
  expired: new Unauthenticated({ code: "token_expired" }),
  forbidden: new Forbidden({ code: "scope_model_denied", scope: ["llm.chat"] }),
  absent: new NotFound({ code: "team_not_found" }),
  spent: new BudgetExceeded({ code: "budget_exceeded" }),
  out: new Unavailable({ code: "issuer_unavailable", retryAfter: 7 })
}

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

  for (const [token, denial] of Object.entries(declared)) {
    it.live(`a client decodes ${denial._tag} ${denial.code}`, () =>
      Effect.gen(function*() {
        const { ours } = yield* client
        const error = yield* Effect.flip(
          Effect.provideService(ours.me(), FetchHttpClient.RequestInit, {
            headers: { authorization: `Bearer ${token}` }
          })
        )
        assert.strictEqual(error._tag, denial._tag)
        assert.strictEqual("code" in error ? error.code : undefined, denial.code)
        assert.match("decision" in error ? error.decision ?? "" : "", /^d_[0-9A-Z]{26}$/)
        const answer = yield* ask("/me", { authorization: `Bearer ${token}` })
        assert.strictEqual(answer.status, denial.status)
        assert.strictEqual(JSON.parse(answer.text).decision, answer.headers.get("x-jotgate-decision"))
        if (denial.status === 503) assert.strictEqual(answer.headers.get("retry-after"), "7")
        if (denial.status === 403) {
          assert.match(answer.headers.get("www-authenticate") ?? "", /error="insufficient_scope", scope="llm.chat"/)
        }
      }))
  }

  it.live("tells the endpoint its verdict, with the id of the decision", () =>
    Effect.gen(function*() {
      const answer = yield* ask("/verdict", { authorization: "Bearer good" })
      assert.match(JSON.parse(answer.text), /^d_[0-9A-Z]{26}$/)
    }))
})
