/** `telemetry.otlp`: traces, metrics and logs go to a collector (OTLP over HTTP, JSON). */
import { Effect, Layer } from "effect"

/** Sends to the collector at `url`; `null` sends nothing and loads nothing. */
export const layer = (url: string | null): Layer.Layer<never> =>
  url === null
    ? Layer.empty
    : Layer.unwrap(
      Effect.map(
        Effect.promise(() => Promise.all([import("effect/observability"), import("effect/http")])),
        ([{ Otlp }, { FetchHttpClient }]) =>
          Otlp.layerJson({
            baseUrl: url,
            resource: { serviceName: "jotgate" },
            loggerMergeWithExisting: true,
            shutdownTimeout: "1 second"
          }).pipe(Layer.provide(FetchHttpClient.layer))
      )
    )
