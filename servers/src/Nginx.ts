/** A real nginx, in the foreground, logging to standard error. */
import * as Catalog from "./Catalog.ts"
import * as Configured from "./Configured.ts"
import * as Process from "./Process.ts"

/** A complete configuration around what belongs into its `http` block; nothing is written outside the folder. */
export const http = (place: Configured.Place, block: string): string =>
  `worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${place.folder}/body;
  proxy_temp_path ${place.folder}/proxy;
  fastcgi_temp_path ${place.folder}/fastcgi;
  uwsgi_temp_path ${place.folder}/uwsgi;
  scgi_temp_path ${place.folder}/scgi;
${block}
}
`

/** What the command line sets, unless the configuration does: nginx refuses to be told twice. */
const directives = (config: string, { folder }: Configured.Place): string =>
  Object.entries({ daemon: "off", pid: `${folder}/nginx.pid` })
    .filter(([name]) => !new RegExp(`^\\s*${name}\\s`, "m").test(config))
    .map(([name, value]) => `${name} ${value};`)
    .join(" ")

export const start = (options: Configured.Options): Promise<Configured.Configured> =>
  Configured.start({
    name: "nginx",
    program: Catalog.locate("nginx"),
    file: "nginx.conf",
    args: (file, config, place) => ["-p", place.folder, "-e", "stderr", "-c", file, "-g", directives(config, place)],
    stopSignal: "SIGTERM"
  }, options)

/** nginx for as long as the scope is open. */
export const make = (options: Configured.Options) => Process.scoped(() => start(options))
