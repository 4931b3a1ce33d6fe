/**
 * The console: ask about a request, read the steps of past decisions, see who
 * may what, people, issuers, configuration and health.
 *
 * It loads nothing from elsewhere and runs no inline script, and its content
 * security policy says so; what it shows of a decision is set as text, never as
 * markup.
 */
import { Effect, Option, Queue, Schedule, Schema, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { AnswerRecord } from "../record/AnswerRecord.ts"
import { Records } from "../record/Records.ts"
import { entry } from "./AdminAccessLive.ts"
import { DevPeople } from "./DevPeople.ts"
import { css } from "./page/css.ts"
import { html } from "./page/html.ts"
import { noRecordPage, recordPage } from "./page/record.ts"
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

const refused = (status: 401 | 403) =>
  HttpServerResponse.text("The admin token is needed here.\n", {
    status,
    headers: status === 401 ? { ...headers, "www-authenticate": "Bearer" } : headers
  })

/** Records as they are written: server-sent events, with a comment now and then so that nobody on the way gives up. */
const live = (records: Records["Service"]) =>
  HttpServerResponse.stream(
    Stream.merge(
      Stream.callback<AnswerRecord>((queue) =>
        Effect.acquireRelease(
          Effect.sync(() => records.follow((it) => void Queue.offerUnsafe(queue, it))),
          (stop) => Effect.sync(stop)
        ), { bufferSize: 1_000, strategy: "sliding" }).pipe(
          Stream.map((it) => `id: ${it.decision}\ndata: ${JSON.stringify(it)}\n\n`)
        ),
      Stream.map(Stream.fromSchedule(Schedule.spaced("15 seconds")), () => ": still here\n\n")
    ).pipe(Stream.encodeText),
    { contentType: "text/event-stream", headers }
  )

const oneRecord = Effect.fnUntraced(function*(records: Records["Service"]) {
  const { id = "" } = yield* HttpRouter.params
  const found = yield* Effect.option(records.find(id))
  const record = Option.getOrUndefined(found)
  const body = record === undefined ? noRecordPage(`No record has this id. ${records.kept}`) : recordPage(record)
  return HttpServerResponse.text(body, {
    contentType: "text/html; charset=utf-8",
    headers,
    status: record === undefined ? 404 : 200
  })
})

/** The page and its data. */
export const layer = HttpRouter.use(Effect.fn(function*(router) {
  const records = yield* Records
  const check = yield* entry
  const guarded = <R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>) =>
    Effect.catchTags(Effect.andThen(check, answer), {
      AdminRequired: () => Effect.succeed(refused(401)),
      AdminDenied: () => Effect.succeed(refused(403))
    })
  yield* router.add("GET", "/admin/v1/decisions/live", guarded(Effect.sync(() => live(records))))
  yield* router.add("GET", "/decisions/:id", guarded(oneRecord(records)))
  // Read while the layer is built: a request has its own context.
  const dev = yield* DevPeople
  yield* router.add("GET", "/", text(html, "text/html; charset=utf-8"))
  yield* router.add("GET", "/page.css", text(css, "text/css; charset=utf-8"))
  yield* router.add("GET", "/page.js", text(script, "text/javascript; charset=utf-8"))
  yield* router.add("GET", "/page/people", Effect.provideService(people, DevPeople, dev))
  yield* router.add("POST", "/page/token", Effect.provideService(token, DevPeople, dev))
}))
