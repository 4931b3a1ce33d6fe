import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, otherCredentials, portOf, rewriting, spelling, told } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

const cluster = (name: string, url: URL): string =>
  `    - name: ${name}
      type: STRICT_DNS
      connect_timeout: 1s
${
    url.protocol === "https:"
      ? `      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: ${url.hostname}
`
      : ""
  }      load_assignment:
        cluster_name: ${name}
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: ${url.hostname}, port_value: ${portOf(url)} } } }`

/** A cluster that speaks HTTP/2: what gRPC needs. */
const grpcCluster = (name: string, { host, port }: { readonly host: string; readonly port: number }): string =>
  `${cluster(name, new URL(`http://${host}:${port}`))}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: { http2_protocol_options: {} }
`

const exact = (names: ReadonlyArray<string>): string =>
  names.map((it) => `                          - exact: ${it}`).join("\n")

/** How Envoy asks over HTTP: which headers it tells the gate, and which it takes over from its answer. */
const overHttp = (options: SnippetOptions): string => {
  const { gate, identityHeaders } = options
  return `                      http_service:
                        path_prefix: /_jotgate/envoy
                        server_uri: { uri: ${bare(gate)}, cluster: jotgate, timeout: 5s }
                        authorization_response:
                          allowed_upstream_headers:
                            patterns:
                              - prefix: x-jotgate-
${
    identityHeaders.map((it) => `                              - exact: ${it}\n`).join("")
  }                              # With gateway.forwardAuth.authorization: { exact: authorization }, and not removed below.
                          allowed_client_headers:
                            patterns:
${exact(["www-authenticate", "content-type", "retry-after", "cache-control", "x-jotgate-decision"])}
                      allowed_headers:
                        patterns:
${exact(told(options))}
`
}

/**
 * How Envoy asks over gRPC: all headers, raw, and the body as bytes. What the answer says of the caller also stands in
 * the dynamic metadata of ext_authz, where rate limits and credential overrides find it.
 */
const overGrpc = `                      encode_raw_headers: true
                      grpc_service: { envoy_grpc: { cluster_name: jotgate_grpc }, timeout: 5s }
                  # A bucket for each team, filled from what the gate said; without an entry a team shares the first one.
                  - name: envoy.filters.http.local_ratelimit
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
                      stat_prefix: team
                      token_bucket: { max_tokens: 100000, tokens_per_fill: 100000, fill_interval: 60s }
                      filter_enabled: { default_value: { numerator: 100 } }
                      filter_enforced: { default_value: { numerator: 100 } }
                      rate_limits:
                        - actions:
                            - metadata:
                                descriptor_key: team
                                metadata_key: { key: envoy.filters.http.ext_authz, path: [{ key: team }] }
                      descriptors:
                        - entries: [{ key: team, value: a-team }]
                          token_bucket: { max_tokens: 600, tokens_per_fill: 600, fill_interval: 60s }
`

/** A complete bootstrap file. */
export const envoy = (options: SnippetOptions): string => {
  const { gate, grpc, identityHeaders, listen, teamHeaders, upstream } = options
  const asked = grpc === undefined ? overHttp(options) : overGrpc
  const way = grpc === undefined ? "HTTP" : `gRPC at ${grpc.host}:${grpc.port}, gateway.grpc`
  return `# Envoy in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request (ext_authz over ${way}).
# In jotgate.yaml: gateway.trustedProxies must list the address that this Envoy asks from.
# The whole body is sent along (up to max_request_bytes), so the model is judged; larger bodies are refused.
# Envoy makes an empty 503 of a gate that fails or is down.
static_resources:
  listeners:
    - name: llm
      address: { socket_address: { address: ${listen.host}, port_value: ${listen.port} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: llm
                use_remote_address: true
                stream_idle_timeout: 600s
                common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
                upgrade_configs: [{ upgrade_type: websocket }]
                http_filters:
                  # The caller's own headers of these names go before anybody reads them, in any spelling of ours.
                  - name: envoy.filters.http.header_mutation
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
                      mutations:
                        request_mutations:
                          - remove_on_match: { key_matcher: { safe_regex: { regex: "${spelling}" } } }
                          # What an upgrade's Connection names, an upstream may take away; other requests have no such header here.
                          - append: { header: { key: connection, value: upgrade }, append_action: OVERWRITE_IF_EXISTS }
${[...identityHeaders, ...rewriting].map((it) => `                          - remove: ${it}`).join("\n")}
                        response_mutations:
                          - remove_on_match: { key_matcher: { safe_regex: { regex: "${spelling}" } } }
${
    identityHeaders.map((it) => `                          - remove: ${it}\n`).join("")
  }                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      transport_api_version: V3
                      failure_mode_allow: false
                      status_on_error: { code: ServiceUnavailable }
                      with_request_body: { max_request_bytes: 33554432, allow_partial_message: false${
    grpc === undefined ? "" : ", pack_as_bytes: true"
  } }
${asked}                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: llm
                      domains: ["*"]
                      # The caller's credentials go no further.
                      request_headers_to_remove: [${
    // Over gRPC the gate says what goes, because what it sets for the upstream would go as well.
    [...(grpc === undefined ? ["authorization"] : []), ...otherCredentials(options), ...teamHeaders].join(", ")}]
                      routes:
                        # Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
                        - match: { path_separated_prefix: ${metadata} }
                          route: { cluster: jotgate, timeout: 5s }
                          typed_per_filter_config:
                            envoy.filters.http.ext_authz:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                              disabled: true
                        - match: { prefix: / }
                          route: { cluster: llm, timeout: 0s, idle_timeout: 600s }
  clusters:
${cluster("jotgate", gate)}
${grpc === undefined ? "" : grpcCluster("jotgate_grpc", grpc)}${cluster("llm", upstream)}
`.replaceAll(/^ {26}- exact/gm, "                              - exact")
}
