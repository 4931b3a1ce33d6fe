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

const exact = (names: ReadonlyArray<string>): string =>
  names.map((it) => `                          - exact: ${it}`).join("\n")

/** A complete bootstrap file. */
export const envoy = (options: SnippetOptions): string => {
  const { gate, identityHeaders, listen, teamHeaders, upstream } = options
  return `# Envoy in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request (ext_authz over HTTP).
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
                      with_request_body: { max_request_bytes: 33554432, allow_partial_message: false }
                      http_service:
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
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: llm
                      domains: ["*"]
                      # The caller's credentials go no further.
                      request_headers_to_remove: [authorization, ${
    [...otherCredentials(options), ...teamHeaders].join(", ")
  }]
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
${cluster("llm", upstream)}
`.replaceAll(/^ {26}- exact/gm, "                              - exact")
}
