import { hostPort } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** A complete configuration of a standalone agentgateway. */
export const agentGateway = (
  { grpc = { host: "127.0.0.1", port: 4182 }, listen, upstream }: SnippetOptions
): string =>
  `# agentgateway in front of ${
    hostPort(upstream)
  }; jotgate decides on every request over gRPC (gateway.grpc: ${grpc.host}:${grpc.port}).
# In jotgate.yaml: gateway.trustedProxies must list the address that agentgateway asks from.
# What jotgate says of the caller is at hand in CEL as extauthz.*: extauthz.team, extauthz.user, extauthz.models.
binds:
  - port: ${listen.port}
    listeners:
      - routes:
          - policies:
              extAuthz:
                host: ${grpc.host}:${grpc.port}
                protocol:
                  grpc: {}
                # A gate that does not answer means closed.
                failureMode: deny
                includeRequestBody: { maxRequestBytes: 33554432, allowPartialMessage: false, packAsBytes: true }
            backends:
              - host: ${hostPort(upstream)}
`
