/** A real Envoy, on one worker thread. */
import * as Catalog from "./Catalog.ts"
import * as Configured from "./Configured.ts"
import * as Process from "./Process.ts"

export const start = (options: Configured.Options): Promise<Configured.Configured> =>
  Configured.start({
    name: "envoy",
    program: Catalog.locate("envoy"),
    file: "envoy.yaml",
    // Hot restart shares memory by a number: without it two at a time do not meet.
    args: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
  }, options)

/** Envoy for as long as the scope is open. */
export const make = (options: Configured.Options) => Process.scoped(() => start(options))
