/**
 * `/livez`, `/readyz`, `/metrics`.
 *
 * Alive never depends on another system. Ready means: not stopping, the
 * directory answers, and at least one issuer's keys are at hand; the issuers
 * are told one by one, because one that is away takes only its own tokens down.
 */
import { Duration, Effect } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Deployments } from "../Deployment.ts"
import { GateState } from "../proxy/GateState.ts"

/** How long the directory may take to show that it is there. */
const patience = Duration.seconds(1)

const readiness = Effect.gen(function*() {
  const deployments = yield* Deployments
  const gate = yield* GateState
  return Effect.gen(function*() {
    const { directory, keys } = deployments.current()
    const issuers = yield* keys
    const directoryReady = yield* directory.pipe(
      Effect.timeout(patience),
      Effect.as(true),
      Effect.catchCause(() => Effect.succeed(false))
    )
    const keysReady = issuers.length === 0 || issuers.some((it) => it.ready)
    const ready = directoryReady && keysReady && !gate.draining
    return HttpServerResponse.jsonUnsafe(
      { ready, draining: gate.draining, directory: { ready: directoryReady }, issuers },
      { status: ready ? 200 : 503, headers: { "cache-control": "no-store" } }
    )
  })
})

/** The three routes. */
export const layer = HttpRouter.use(Effect.fn(function*(router) {
  const readyz = yield* readiness
  yield* router.add("GET", "/livez", HttpServerResponse.text("alive\n"))
  yield* router.add("GET", "/readyz", readyz)
  yield* router.add(
    "GET",
    "/metrics",
    Effect.map(
      PrometheusMetrics.format(),
      (text) => HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
    )
  )
}))
