/**
 * `/livez`, `/readyz`, `/metrics`.
 *
 * Alive never depends on another system. Readiness has three grades: *ready*;
 * *degraded*, still 200, with what is missing (a store that is away while those
 * who are remembered go on, an issuer that is away and takes only its own tokens
 * down, decisions that cannot be written or stored); and *out*, 503, when nobody
 * could be served: while the gate ends, without any keys, with a store that has
 * been away for as long as anybody is remembered.
 */
import { ticks } from "@jotgate/core/Ticks"
import { Cause, Duration, Effect, Option } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { ConfigState } from "../config/ConfigState.ts"
import { Deployments } from "../Deployment.ts"
import { joined } from "../platform/JoinedFigures.ts"
import { Telemetry } from "../platform/Telemetry.ts"
import { GateState } from "../proxy/GateState.ts"
import { DecisionLog } from "../record/DecisionLog.ts"
import { RecordWriter } from "../record/RecordWriter.ts"
import { figures } from "./Figures.ts"

/** How long the directory may take to show that it is there. */
const patience = Duration.seconds(1)

const readiness = Effect.gen(function*() {
  const deployments = yield* Deployments
  const gate = yield* GateState
  const log = yield* DecisionLog
  const records = yield* RecordWriter
  const telemetry = yield* Telemetry
  /** Monotonic milliseconds of the first question that the directory did not answer; `undefined` while it does. */
  let awaySince: number | undefined
  let wasThere = false
  const probe = Effect.gen(function*() {
    const trouble = yield* deployments.current().directory.pipe(
      Effect.as(undefined),
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed("does not answer") }),
      Effect.catchCause((cause) => Effect.succeed(Option.getOrElse(Cause.findErrorOption(cause), () => "fails")))
    )
    if (trouble === undefined) {
      awaySince = undefined
      wasThere = true
    } else awaySince ??= yield* ticks
    return trouble
  })
  // What is known at the first question must not depend on when it is asked.
  yield* Effect.forkScoped(probe)
  return Effect.gen(function*() {
    const { keys, remembers } = deployments.current()
    const issuers = yield* keys
    const why = yield* probe
    const isThere = why === undefined
    const now = yield* ticks
    const isForgotten = !isThere && (!wasThere || now - (awaySince ?? now) > remembers)
    const hasKeys = issuers.length === 0 || issuers.some((it) => it.ready)
    const trouble = log.audit.trouble()
    const missing = [
      ...(isThere ? [] : ["directory"]),
      ...issuers.filter((it) => !it.ready).map((it) => `issuer ${it.issuer}`),
      ...(trouble === undefined ? [] : [`audit ${trouble}`]),
      ...(records.state().away ? ["records"] : [])
    ]
    const crew = gate.crew?.()
    if (crew !== undefined && crew.ready < crew.wanted) {
      missing.push(`${crew.wanted - crew.ready} of ${crew.wanted} workers`)
    }
    const isOut = gate.draining || gate.wounded || isForgotten || !hasKeys || log.audit.refuses() || crew?.ready === 0
    return HttpServerResponse.jsonUnsafe(
      {
        ready: !isOut,
        status: isOut ? "out" : missing.length > 0 ? "degraded" : "ready",
        missing,
        draining: gate.draining,
        directory: isThere ? { ready: true } : { ready: false, reason: why },
        ...(crew === undefined ? {} : { workers: crew }),
        issuers,
        ...(records.store === undefined ? {} : { records: records.state() }),
        audit: { dropped: log.audit.dropped(), trouble: trouble ?? null },
        defects: telemetry.defects()
      },
      { status: isOut ? 503 : 200, headers: { "cache-control": "no-store" } }
    )
  })
})

/** The three routes. */
export const layer = HttpRouter.use(Effect.fn(function*(router) {
  const readyz = yield* readiness
  const deployments = yield* Deployments
  const config = yield* ConfigState
  const gate = yield* GateState
  yield* router.add("GET", "/livez", HttpServerResponse.text("alive\n"))
  yield* router.add("GET", "/readyz", readyz)
  yield* router.add(
    "GET",
    "/metrics",
    Effect.gen(function*() {
      const own = yield* figures(deployments.current(), config)
      const text = gate.figures === undefined ? own : joined([own, ...(yield* gate.figures)])
      return HttpServerResponse.text(text, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
    })
  )
}))
