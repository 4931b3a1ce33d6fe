import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { type Code, Codes, Details } from "../../src/Errors.ts"
import { Gate } from "../../src/Gate.ts"
import { CurrentPrincipal, HttpSecurity } from "../../src/HttpSecurity.ts"
import { settings, tokenOf } from "../support/GateWorld.ts"

const Chat = Schema.Struct({ model: Schema.String, text: Schema.optionalKey(Schema.String) })

class Api extends HttpApi.make("chat").add(
  HttpApiGroup.make("chat")
    .add(HttpApiEndpoint.post("ask", "/v1/chat/completions", { payload: Chat, success: Schema.String }))
    .middleware(HttpSecurity)
) {}

const who = Effect.map(CurrentPrincipal, ({ principal }) => principal.userId ?? "nobody")

const rows = {
  team: (id: string) => {
    if (id === "down") throw new Error("no answer")
    return id === "red" ? { id, models: ["gpt-4o*"] } : id === "spent" ? { id, spend: 11, maxBudget: 10 } : null
  }
}

const scoped = {
  ...settings,
  policy: {
    scopes: [{ scope: "chat", models: ["*"] }, { scope: "llm.chat", models: ["gpt-4o*"] }],
    requireScope: true
  }
} as const

const Routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(HttpApiBuilder.group(Api, "chat", (handlers) => handlers.handle("ask", () => who))),
  Layer.provide(HttpSecurity.layer),
  Layer.provide(Gate.layer(scoped, {
    directory: rows,
    bodyLimit: 256,
    hook: (claims) => claims.payload["tier"] === "slow" ? Promise.reject(new Error("no answer")) : true
  }))
)

interface Sent {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: typeof Chat.Type
}

/** The error that a client of the host's API has, and the answer that it was made of. */
const failed = Effect.fnUntraced(function*({ claims, headers, payload = { model: "gpt-4o" } }: Sent) {
  const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(Routes, HttpServer.layerServices), {
    disableLogger: true
  })
  yield* Effect.addFinalizer(() => Effect.promise(dispose))
  const token = claims === undefined ? undefined : yield* tokenOf(claims)
  let answer: Response | undefined
  const fetch: typeof globalThis.fetch = async (input, init) => {
    answer = await handler(new Request(input, init), Context.empty())
    return answer.clone()
  }
  const client = yield* HttpApiClient.make(Api, {
    baseUrl: "http://host.test",
    transformClient: HttpClient.mapRequest((request) =>
      HttpClientRequest.setHeaders(token === undefined ? request : HttpClientRequest.bearerToken(request, token), {
        ...headers
      })
    )
  }).pipe(Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))))
  return { error: yield* Effect.flip(client.chat.ask({ payload })), answer }
})

/** What is asked, and the error that it ends with: the server decides each of them. */
const cases: ReadonlyArray<readonly [Sent, string, Code<400 | 401 | 403 | 404 | 413 | 429 | 503>]> = [
  [{ claims: {}, payload: { model: "gpt-4o,o1" } }, "BadRequest", "request_ambiguous"],
  [{ claims: {}, headers: { "x-team-id": "red,blue" } }, "Forbidden", "team_denied"],
  [{}, "Unauthenticated", "token_missing"],
  [{ headers: { authorization: "Bearer a.b.c" } }, "Unauthenticated", "invalid_token"],
  [{ claims: { aud: "another" } }, "Unauthenticated", "invalid_token"],
  [{ claims: {}, payload: { model: "o1" } }, "Forbidden", "team_model_denied"],
  [{ claims: { scope: "llm.chat", groups: ["red"] }, payload: { model: "o1" } }, "Forbidden", "scope_model_denied"],
  [{ claims: { groups: ["unknown"] } }, "NotFound", "team_not_found"],
  [{ claims: {}, payload: { model: "gpt-4o", text: "x".repeat(300) } }, "ContentTooLarge", "body_too_large"],
  [{ claims: { groups: ["spent"] } }, "BudgetExceeded", "budget_exceeded"],
  [{ claims: { groups: ["down"] } }, "Unavailable", "directory_unavailable"],
  [{ claims: { tier: "slow" } }, "Unavailable", "custom_unavailable"]
]

describe("a client of the host's API has every declared error as the gate decided it", () => {
  for (const [sent, tag, code] of cases) {
    it.live(`${tag} ${code}: ${JSON.stringify(sent).slice(0, 80)}`, () =>
      Effect.gen(function*() {
        const { answer, error } = yield* failed(sent)
        assert.strictEqual(error._tag, tag)
        if (!("code" in error) || answer === undefined) return assert.fail(String(error))
        const body = yield* Effect.promise(() => answer.json())
        assert.deepStrictEqual([error.code, error.status, error.message], [code, answer.status, Details[code]])
        assert.deepStrictEqual([body.code, body.status, body.detail], [code, answer.status, Details[code]])
        assert.include(Codes[error.status], code)
        assert.match(error.decision ?? "", /^d_/)
        assert.strictEqual(body.decision, error.decision)
        const { headers } = answer
        assert.strictEqual(headers.get("x-jotgate-decision"), error.decision ?? "")
        assert.strictEqual(headers.get("content-type"), "application/problem+json")
        assert.strictEqual(headers.has("www-authenticate"), answer.status === 401 || code === "scope_model_denied")
        assert.strictEqual(headers.has("retry-after"), answer.status === 503)
      }))
  }

  it("none is missing", () => {
    assert.deepStrictEqual(
      [...new Set(cases.map(([, tag]) => tag))].toSorted(),
      [
        "BadRequest",
        "BudgetExceeded",
        "ContentTooLarge",
        "Forbidden",
        "NotFound",
        "Unauthenticated",
        "Unavailable"
      ]
    )
  })
})
