/** The proxies that the printed configurations are run on, and a gate behind each. */
import { Caddy, Envoy, HAProxy, Nginx, Traefik } from "@jotgate/servers"
import { Effect, Exit, Scope } from "effect"
import { parseAllDocuments } from "yaml"
import { lua, snippet } from "../../src/snippets/Snippet.ts"
import * as World from "./World.ts"

export interface Proxy {
  readonly port: number
  readonly url: string
}
interface Ends {
  readonly gate: URL
  /** Where the gate is asked over gRPC. */
  readonly grpc: { readonly host: string; readonly port: number }
  readonly upstream: URL
}

const listening = (place: { readonly host: string; readonly port: number }) => ({ host: place.host, port: place.port })

/** The part of ingress-nginx's own nginx.conf that an Ingress with an auth-url makes, as its template writes it. */
const controllerConfig = (
  { gate, upstream }: Ends,
  { host, port }: { readonly host: string; readonly port: number }
) => {
  const annotations: Readonly<Record<string, string>> =
    parseAllDocuments(snippet("ingress-nginx", { gate, upstream }))[0]?.toJS().metadata.annotations ?? {}
  const annotation = (name: string) => annotations[`nginx.ingress.kubernetes.io/${name}`] ?? ""
  const headers = annotation("auth-response-headers").split(",")
  return `worker_processes 1;
events { worker_connections 256; }
http {
  underscores_in_headers off;
  ignore_invalid_headers on;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen ${host}:${port};
    location = /_external-auth {
      internal;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header Host ${gate.host};
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Sent-From "nginx-ingress-controller";
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Auth-Request-Redirect $request_uri;
      proxy_http_version 1.1;
      proxy_pass_request_headers on;
      proxy_pass ${annotation("auth-url")};
    }
    location / {
      auth_request /_external-auth;
${
    headers.map((it, i) =>
      `      auth_request_set $authHeader${i} $upstream_http_${it.replaceAll("-", "_")};\n` +
      `      proxy_set_header '${it}' $authHeader${i};`
    ).join("\n")
  }
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_http_version 1.1;
      proxy_pass ${upstream.origin};
    }
  }
}
`
}

/** A Traefik with this file of routes. */
export const traefikOf = (routes: (place: { readonly host: string; readonly port: number }) => string) =>
  Traefik.make({
    config: ({ folder, host, port }) =>
      `entryPoints: { web: { address: "${host}:${port}" } }\nproviders: { file: { filename: ${folder}/jotgate.yaml } }\n`,
    files: { "jotgate.yaml": routes },
    // Before its file is read it knows no route, and says so in words of its own; after it, whoever is asked may hang.
    ready: ({ port }) =>
      fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(4_000) })
        .then(
          async (it) => it.status !== 404 || !(await it.text()).startsWith("404 page"),
          (error) => error instanceof Error && error.name === "TimeoutError"
        )
  })

export const proxies = {
  nginx: {
    needs: "nginx",
    start: (ends: Ends) => Nginx.make({ config: (it) => snippet("nginx", { ...ends, listen: listening(it) }) })
  },
  "caddy of Debian": {
    needs: "caddy",
    start: (ends: Ends) => Caddy.make({ config: (it) => snippet("caddy", { ...ends, listen: listening(it) }) })
  },
  "caddy, current": {
    needs: "caddy-current",
    start: (ends: Ends) =>
      Caddy.make({ release: "current", config: (it) => snippet("caddy", { ...ends, listen: listening(it) }) })
  },
  haproxy: {
    needs: "haproxy",
    start: (ends: Ends) =>
      HAProxy.make({
        config: (it) => snippet("haproxy", { ...ends, listen: listening(it) }),
        files: { "jotgate.lua": lua(ends) }
      })
  },
  traefik: {
    needs: "traefik",
    start: (ends: Ends) => traefikOf((it) => snippet("traefik", { ...ends, listen: listening(it) }))
  },
  envoy: {
    needs: "envoy",
    start: ({ gate, upstream }: Ends) =>
      Envoy.make({ config: (it) => snippet("envoy", { gate, upstream, listen: listening(it) }) })
  },
  "envoy over gRPC": {
    needs: "envoy",
    start: (ends: Ends) => Envoy.make({ config: (it) => snippet("envoy", { ...ends, listen: listening(it) }) })
  }
} as const

/** ingress-nginx's question and what becomes of the answer: nginx, configured as the controller does it. */
export const ingressNginx = {
  needs: "nginx",
  start: (ends: Ends) => Nginx.make({ config: (it) => controllerConfig(ends, it) })
} as const

/** The name of one of them. */
export type Name = keyof typeof proxies
export const names = Object.keys(proxies) as ReadonlyArray<Name>

/** The gate lives in a scope of its own, so that a test can take it down. */
export const setting = Effect.fnUntraced(function*(name: Name | "ingress-nginx", options: World.WorldOptions = {}) {
  const gateScope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(gateScope, Exit.void))
  const world = yield* Scope.provide(World.make({ grpc: name === "envoy over gRPC", ...options }), gateScope)
  const proxy: Proxy = yield* (name === "ingress-nginx" ? ingressNginx : proxies[name]).start({
    gate: new URL(world.url),
    grpc: { host: "127.0.0.1", port: world.grpcPort },
    upstream: new URL(world.upstream.url)
  })
  const token = yield* world.token("alice", { groups: ["red"] })
  const call = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${proxy.url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers }
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  /** What was recorded of the calls, newest first: a proxy may have asked for `/` to see whether it is ready. */
  const records = () => world.log.recent(100).filter((it) => it.route !== "/")
  return { world, proxy, token, call, records, close: Scope.close(gateScope, Exit.void) }
})
