import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { bodyLimit, type Fetch, fetchTransport, Outbound, type OutboundRequest } from "../../src/issuer/Outbound.ts"

const request: OutboundRequest = {
  url: "https://idp.test/keys",
  reach: { _tag: "Configured" },
  allowInsecure: false,
  accept: "application/json"
}

/** What is sent and how it ends, over a `fetch` of one's own. */
const over = (fetch: Fetch) => Outbound.layerTransport(fetchTransport(fetch))

const answering = (body: BodyInit | null, init: ResponseInit = {}): Fetch => () =>
  Promise.resolve(new Response(body, init))

const ask = (more: Partial<OutboundRequest> = {}) => Outbound.use((outbound) => outbound.ask({ ...request, ...more }))

const reasonOf = (fetch: Fetch, more: Partial<OutboundRequest> = {}) =>
  Effect.map(Effect.flip(ask(more).pipe(Effect.provide(over(fetch)))), ({ reason }) => reason)

describe("Outbound", () => {
  it.effect("asks with GET, or with POST when there is a form, never follows, and names itself", () => {
    const sent: Array<unknown> = []
    const fetch: Fetch = (url, { body, headers, method, redirect }) => {
      sent.push([url, method, body, redirect, headers])
      return Promise.resolve(new Response("{}"))
    }
    return Effect.gen(function*() {
      yield* ask()
      yield* ask({ form: Redacted.make("token=t"), authorization: Redacted.make("Bearer t") })
      const headers = { accept: "application/json", "user-agent": "jotgate" }
      assert.deepStrictEqual(sent, [
        ["https://idp.test/keys", "GET", undefined, "manual", headers],
        ["https://idp.test/keys", "POST", "token=t", "manual", {
          ...headers,
          authorization: "Bearer t",
          "content-type": "application/x-www-form-urlencoded"
        }]
      ])
    }).pipe(Effect.provide(over(fetch)))
  })

  it.effect("reads the media type without its parameters", () =>
    Effect.gen(function*() {
      const answer = yield* ask()
      assert.deepStrictEqual([answer.status, answer.type, answer.text], [418, "application/jwt", "é"])
    }).pipe(
      Effect.provide(
        over(answering("é", { status: 418, headers: { "content-type": "Application/JWT ; charset=utf-8" } }))
      )
    ))

  it.effect("an answer without a body is an empty text", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ask()).text, "")
    }).pipe(Effect.provide(over(answering(null, { status: 204 })))))

  it.effect("keeps a byte order mark, so that the parser that comes next refuses it", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ask()).text, "\ufeff{}")
    }).pipe(Effect.provide(over(answering("\ufeff{}")))))

  it.effect("takes a body as large as the limit, and not one byte more (threat C03)", () =>
    Effect.gen(function*() {
      const answer = yield* ask().pipe(Effect.provide(over(answering("x".repeat(bodyLimit)))))
      assert.strictEqual(answer.text.length, bodyLimit)
      assert.strictEqual(yield* reasonOf(answering("x".repeat(bodyLimit + 1))), "too_large")
      const declared = answering("x", { headers: { "content-length": `${bodyLimit + 1}` } })
      assert.strictEqual(yield* reasonOf(declared), "too_large")
    }))

  it.effect("fails on bytes that are no UTF-8, on redirects told or hidden, and on what cannot be reached", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reasonOf(answering(new Uint8Array([0xc3, 0x28]))), "encoding")
      assert.strictEqual(yield* reasonOf(answering(null, { status: 307 })), "redirect")
      const hidden: Fetch = () => Promise.resolve({ status: 0, headers: { get: () => null }, body: null })
      assert.strictEqual(yield* reasonOf(hidden), "redirect")
      assert.strictEqual(yield* reasonOf(() => Promise.reject(new TypeError("fetch failed"))), "connect")
    }))

  it.effect("an address that may not be asked is not asked (threat C08)", () => {
    let asked = 0
    const fetch: Fetch = () => {
      asked++
      return Promise.resolve(new Response("{}"))
    }
    return Effect.gen(function*() {
      const reach = { _tag: "Discovered", issuer: "idp.test" } as const
      for (const url of ["https://169.254.169.254/", "https://[::1]/", "http://idp.test/", "file:///etc/passwd"]) {
        assert.strictEqual(yield* reasonOf(fetch, { url, reach }), "target")
      }
      assert.strictEqual(asked, 0)
    })
  })

  it.effect("gives up after 3 s and aborts, also when the body stalls and nobody ends it", () => {
    const signals: Array<AbortSignal> = []
    const stalling = new Uint8Array([0x7b])
    const fetch: Fetch = (url, { signal }) => {
      signals.push(signal)
      if (url.endsWith("/silent")) return new Promise(() => {})
      let first = true
      const read = () => {
        const next = first ? Promise.resolve({ done: false, value: stalling }) : new Promise<never>(() => {})
        first = false
        return next
      }
      return Promise.resolve({ status: 200, headers: { get: () => null }, body: { getReader: () => ({ read }) } })
    }
    return Effect.gen(function*() {
      const waiting = yield* Effect.forEach(
        ["silent", "stalling"],
        (path) => Effect.forkChild(Effect.flip(ask({ url: `https://idp.test/${path}` })))
      )
      yield* TestClock.adjust("2999 millis")
      assert.isTrue(signals.every(({ aborted }) => !aborted))
      yield* TestClock.adjust("1 millis")
      const failed = yield* Fiber.joinAll(waiting)
      assert.deepStrictEqual(failed.map(({ reason }) => reason), ["timeout", "timeout"])
      assert.isTrue(signals.every(({ aborted }) => aborted))
    }).pipe(Effect.provide(over(fetch)))
  })

  it.effect("without a runtime that takes one, a certificate authority is a failure and not ignored", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(ask({ ca: "PEM" }))
      assert.strictEqual(failed.reason, "unsupported")
    }).pipe(Effect.provide(Layer.fresh(Outbound.layer))))
})
