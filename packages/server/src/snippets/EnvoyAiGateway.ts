import { envoyGateway } from "./EnvoyGateway.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/**
 * Policies of Envoy AI Gateway: those of Envoy Gateway, which it stands on, and the credential of each team in place of
 * the one of the gateway. The route that it makes of an `AIGatewayRoute` has that one's name.
 */
export const envoyAiGateway = (options: SnippetOptions): string =>
  `# Envoy AI Gateway: the AIGatewayRoute is called llm, its AIServiceBackend llm-backend; change both names below.
# In jotgate.yaml: gateway.forwardAuth: { authorization: true }, and
# gateway.upstream: { url: …, authorization: { team: "file:keys/{team}" }, header: x-aigw-api-key, onMissingTeamKey: deny }
${envoyGateway(options)}---
# The team's own key: what jotgate said in the metadata, which no caller can write.
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata:
  name: jotgate-team-keys
spec:
  targetRefs:
    - { group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: llm-backend }
  type: APIKey
  # Asked for by the schema, and never used: without a key of the team the answer is 401.
  apiKey:
    secretRef: { name: llm-unused-key }
  credentialOverride:
    fromDynamicMetadata:
      namespace: envoy.filters.http.ext_authz
      key: x-aigw-api-key
      fallbackToConfigured: false
`
