/** A real HAProxy, in the foreground; Lua scripts come as `files` and are loaded by the path `{folder}/NAME`. */
import * as Catalog from "./Catalog.ts"
import * as Configured from "./Configured.ts"
import * as Process from "./Process.ts"

export const start = (options: Configured.Options): Promise<Configured.Configured> =>
  Configured.start({
    name: "haproxy",
    program: Catalog.locate("haproxy"),
    file: "haproxy.cfg",
    args: (file) => ["-db", "-f", file],
    // SIGTERM ends at once; SIGUSR1 would wait for clients.
    stopSignal: "SIGTERM"
  }, options)

/** HAProxy for as long as the scope is open. */
export const make = (options: Configured.Options) => Process.scoped(() => start(options))
