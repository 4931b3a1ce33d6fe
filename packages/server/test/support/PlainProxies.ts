/** The proxies that people have in front of a gate which is itself a proxy: they pass everything on, and ask nobody. */
import { Caddy, Envoy, HAProxy, Nginx } from "@jotgate/servers"
import { traefikOf } from "./Proxies.ts"

const nginx = (gate: URL, { host, port }: Place) =>
  `worker_processes 1;
events { worker_connections 256; }
http {
  server {
    listen ${host}:${port};
    location / {
      proxy_pass ${gate.origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffering off;
    }
  }
}
`

const haproxy = (gate: URL, { host, port }: Place) =>
  `defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend llm
  bind ${host}:${port}
  default_backend gate
backend gate
  server gate ${gate.host}
`

const traefik = (gate: URL) =>
  `http:
  routers: { llm: { entryPoints: [web], rule: "PathPrefix(\`/\`)", service: gate } }
  services: { gate: { loadBalancer: { servers: [{ url: "${gate.origin}" }] } } }
`

const envoy = (gate: URL, { host, port }: Place) =>
  `static_resources:
  listeners:
    - name: llm
      address: { socket_address: { address: ${host}, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: llm
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - { name: llm, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: gate, timeout: 0s } }] }
  clusters:
    - name: gate
      connect_timeout: 5s
      load_assignment:
        cluster_name: gate
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: ${gate.hostname}, port_value: ${gate.port} } } }
`

interface Place {
  readonly host: string
  readonly port: number
}

/** By name, each started in front of a gate. */
export const plainProxies = {
  nginx: (gate: URL) => Nginx.make({ config: (it) => nginx(gate, it) }),
  caddy: (gate: URL) =>
    Caddy.make({
      config: ({ host, port }) =>
        `{\n\tadmin off\n\tauto_https off\n}\nhttp://:${port} {\n\tbind ${host}\n\treverse_proxy ${gate.origin} {\n\t\tflush_interval -1\n\t}\n}\n`
    }),
  haproxy: (gate: URL) => HAProxy.make({ config: (it) => haproxy(gate, it) }),
  traefik: (gate: URL) => traefikOf(() => traefik(gate)),
  envoy: (gate: URL) => Envoy.make({ config: (it) => envoy(gate, it) })
} as const
