/**
 * The page: pick a person or paste a token, name a route and a model, read the
 * steps of the decision.
 *
 * It loads nothing from elsewhere and runs no inline script, and its content
 * security policy says so; what it shows of a decision is set as text, never as
 * markup.
 */
import { Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { DevPeople } from "./DevPeople.ts"
import { css } from "./page/css.ts"
import { html } from "./page/html.ts"
import { script } from "./page/script.ts"

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store"
}

const text = (body: string, contentType: string) => HttpServerResponse.text(body, { contentType, headers })

const Pick = Schema.Struct({ person: Schema.String })

const noSuchPerson = HttpServerResponse.jsonUnsafe({ token: "" }, { status: 404, headers })

/** A fresh token of one of dev's people; only JSON from this very page can ask (a form of another site cannot send it). */
const token = Effect.gen(function*() {
  const dev = yield* DevPeople
  const request = yield* HttpServerRequest.HttpServerRequest
  if (dev === undefined || request.headers["content-type"] !== "application/json") return noSuchPerson
  const { person } = yield* HttpServerRequest.schemaBodyJson(Pick)
  const made = yield* dev.token(person)
  return made === undefined ? noSuchPerson : HttpServerResponse.jsonUnsafe({ token: made }, { headers })
}).pipe(Effect.catchTag(["SchemaError", "HttpServerError"], () => Effect.succeed(noSuchPerson)))

const people = Effect.map(DevPeople, (dev) => HttpServerResponse.jsonUnsafe(dev?.people ?? [], { headers }))

/** The page and its data. */
export const layer = HttpRouter.use(Effect.fn(function*(router) {
  // Read while the layer is built: a request has its own context.
  const dev = yield* DevPeople
  yield* router.add("GET", "/", text(html, "text/html; charset=utf-8"))
  yield* router.add("GET", "/page.css", text(css, "text/css; charset=utf-8"))
  yield* router.add("GET", "/page.js", text(script, "text/javascript; charset=utf-8"))
  yield* router.add("GET", "/page/people", Effect.provideService(people, DevPeople, dev))
  yield* router.add("POST", "/page/token", Effect.provideService(token, DevPeople, dev))
}))
