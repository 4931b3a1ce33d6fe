import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, identity, otherCredentials, ours, rewriting, spelling } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

const removed = (names: ReadonlyArray<string>): string => names.map((it) => `          ${it}: ""`).join("\n")

const underscored = (name: string): string => name.replaceAll("-", "_")

/** A complete dynamic configuration file; its first lines say how Traefik is started with it. */
export const traefik = (options: SnippetOptions): string => {
  const { gate, listen, teamHeaders, upstream } = options
  return `# Traefik in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# Save as jotgate-traefik.yaml and run:
#   traefik --entryPoints.web.address=${listen.host}:${listen.port} --providers.file.filename=jotgate-traefik.yaml
# In jotgate.yaml: gateway.trustedProxies must list the address that this Traefik asks from.
# The whole body is sent along (up to maxBodySize), so the model is judged; larger bodies are refused.
http:
  routers:
    llm:
      entryPoints: [web]
      rule: "PathPrefix(\`/\`)"
      middlewares: [jotgate-strip, jotgate, jotgate-drop]
      service: llm
    # Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
    jotgate-metadata:
      entryPoints: [web]
      rule: "PathPrefix(\`${metadata}\`)"
      service: jotgate
  middlewares:
    jotgate-strip:
      headers:
        customRequestHeaders:
${removed([...ours(options), ...ours(options).map(underscored), ...rewriting])}
    jotgate:
      forwardAuth:
        address: ${bare(gate)}/_jotgate/auth/traefik
        trustForwardHeader: false
        authResponseHeaders: [${identity(options).join(", ")}]
        # Whatever the caller sends in any spelling of our names is taken away, and ours set.
        authResponseHeadersRegex: "(?i)^${spelling}$"
        forwardBody: true
        maxBodySize: 33554432
    jotgate-drop:
      headers:
        # The caller's token goes no further. With gateway.forwardAuth.authorization write authorization
        # into authResponseHeaders above and take its line away here: the team's key replaces it.
        customRequestHeaders:
          authorization: ""
${removed([...otherCredentials(options), ...teamHeaders])}
        customResponseHeaders:
${removed(ours(options))}
  services:
    jotgate:
      loadBalancer:
        servers:
          - url: ${gate.origin}
    llm:
      loadBalancer:
        responseForwarding:
          flushInterval: 1ms
        servers:
          - url: ${upstream.origin}
`
}
