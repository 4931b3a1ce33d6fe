import { bare } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** Where the gate is asked over gRPC when nothing is said: its service in the namespace `jotgate`. */
const service = { host: "jotgate.jotgate.svc.cluster.local", port: 4182 }

/** The name and the namespace of a service in the cluster. */
const placeOf = (host: string): { readonly name: string; readonly namespace: string } => {
  const [name = "jotgate", namespace = "jotgate"] = host.split(".")
  return { name, namespace }
}

/** Policies of Envoy Gateway: who may, and how often a team may. */
export const envoyGateway = ({ gate, grpc = service }: SnippetOptions): string => {
  const { name, namespace } = placeOf(grpc.host)
  return `# Envoy Gateway asks jotgate over gRPC (gateway.grpc: 0.0.0.0:${grpc.port}) about every request of one HTTPRoute; jotgate at ${
    bare(gate)
  }.
# In jotgate.yaml: gateway.trustedProxies must list the addresses of the Envoy pods.
# Change the name of the route, then: kubectl apply -f THIS_FILE
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata:
  name: jotgate
spec:
  targetRefs:
    - { group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm }
  extAuth:
    # A gate that does not answer means closed. The whole body is sent along; a larger one is 413.
    failOpen: false
    bodyToExtAuth: { maxRequestBytes: 33554432 }
    grpc:
      backendRefs:
        - { name: ${name}, namespace: ${namespace}, port: ${grpc.port} }
---
# The policy may name a service of another namespace.
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata:
  name: jotgate
  namespace: ${namespace}
spec:
  from:
    - { group: gateway.envoyproxy.io, kind: SecurityPolicy, namespace: default }
  to:
    - { group: "", kind: Service, name: ${name} }
---
# A rate for each team, by the header that the gate sets and the caller cannot.
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata:
  name: jotgate-teams
spec:
  targetRefs:
    - { group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm }
  rateLimit:
    type: Global
    global:
      rules:
        - clientSelectors:
            - headers:
                - { name: x-jotgate-team, type: Distinct }
          limit: { requests: 600, unit: Minute }
`
}
