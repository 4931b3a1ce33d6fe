/**
 * A real Caddy.
 *
 * Debian's release is old and behaves differently where headers are absent, so a current one stands beside it. Its
 * admin end point would be on one fixed port for all; it is off unless the Caddyfile says otherwise.
 */
import * as Catalog from "./Catalog.ts"
import * as Configured from "./Configured.ts"
import * as Process from "./Process.ts"

export interface Options extends Configured.Options {
  readonly release?: "debian" | "current"
}

export const start = ({ release = "debian", ...options }: Options): Promise<Configured.Configured> => {
  const name = release === "debian" ? "caddy" : "caddy-current"
  return Configured.start({
    name,
    program: Catalog.locate(name),
    file: "Caddyfile",
    args: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
    env: ({ folder }) => ({
      CADDY_ADMIN: `unix/${folder}/admin.sock`,
      XDG_DATA_HOME: `${folder}/data`,
      XDG_CONFIG_HOME: `${folder}/config`
    })
  }, options)
}

/** Caddy for as long as the scope is open. */
export const make = (options: Options) => Process.scoped(() => start(options))
