import { bare } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** Where the gate is asked over gRPC when nothing is said: its service in the namespace `jotgate`. */
const service = { host: "jotgate.jotgate.svc.cluster.local", port: 4182 }

/** The provider in the mesh's configuration, and the policy that has it asked. */
export const istio = ({ gate, grpc = service }: SnippetOptions): string =>
  `# Istio asks jotgate over gRPC (gateway.grpc: 0.0.0.0:${grpc.port}) before requests reach a workload; jotgate at ${
    bare(gate)
  }.
# In jotgate.yaml: gateway.trustedProxies must list the addresses of the proxies.
# The first document belongs to the mesh: istioctl install -f, or meshConfig in the ConfigMap istio.
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  meshConfig:
    extensionProviders:
      - name: jotgate
        envoyExtAuthzGrpc:
          service: ${grpc.host}
          port: ${grpc.port}
          timeout: 5s
          # A gate that does not answer means closed.
          failOpen: false
          statusOnError: "503"
          includeRequestBodyInCheck: { maxRequestBytes: 33554432, allowPartialMessage: false, packAsBytes: true }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: jotgate
spec:
  selector:
    matchLabels: { app: llm }
  action: CUSTOM
  provider: { name: jotgate }
  # Every request.
  rules: [{}]
`
