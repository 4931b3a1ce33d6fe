/**
 * A real Traefik.
 *
 * `config` is the static configuration; routers and middlewares come as a file of `files`, which the static one names
 * in `providers.file.filename`. Traefik accepts connections before it has read them, and answers 404 until then: give
 * `ready` when a test depends on a router.
 */
import * as Catalog from "./Catalog.ts"
import * as Configured from "./Configured.ts"
import * as Process from "./Process.ts"

export const start = (options: Configured.Options): Promise<Configured.Configured> =>
  Configured.start({
    name: "traefik",
    program: Catalog.locate("traefik"),
    file: "traefik.yaml",
    args: (file) => [`--configFile=${file}`]
  }, options)

/** Traefik for as long as the scope is open. */
export const make = (options: Configured.Options) => Process.scoped(() => start(options))
