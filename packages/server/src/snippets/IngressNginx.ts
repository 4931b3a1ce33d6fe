import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, hostPort, identity, otherCredentials, ours, portOf, rewriting } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** The name of a service in the cluster, of an address such as `litellm.llm.svc.cluster.local`. */
const serviceOf = (url: URL): string => url.hostname.split(".", 1)[0] ?? url.hostname

/** The manifests of one Ingress of the controller ingress-nginx; the gate itself comes from `snippets kubernetes`. */
export const ingressNginx = (options: SnippetOptions): string => {
  const { gate, teamHeaders, upstream } = options
  // What the gate does not answer under a listed name, the controller sends on empty, which nginx does not send at all.
  const listed = [
    ...identity(options),
    ...ours(options).filter((it) => !identity(options).includes(it)),
    "authorization",
    ...otherCredentials(options),
    ...teamHeaders,
    ...rewriting
  ]
  return `# ingress-nginx in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# In jotgate.yaml: gateway.trustedProxies must list the addresses of the controller's pods.
# Change the host name, and the service and port of the LLM gateway; the Ingress stands in that service's namespace.
# nginx carries 200, 401 and 403 of the gate; the real status and code of a denial are in x-jotgate-status and
# x-jotgate-code of the gate's answer, and in its log.
# The model of a JSON body is not seen here: model routes are for callers who may call everything, unless the upstream keeps
# to x-jotgate-models and jotgate.yaml says so with gateway.forwardAuth.unseenModel: pass.
# The controller's own defaults must stay: enable-underscores-in-headers "false", ignore-invalid-headers "true".
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: llm
  annotations:
    nginx.ingress.kubernetes.io/auth-url: ${bare(gate)}/_jotgate/auth/ingress-nginx
    # Each of these is replaced by the gate's value, and taken away where the gate has none: the caller's identity
    # headers, credentials and team go no further. With gateway.forwardAuth.authorization the team's key is set.
    nginx.ingress.kubernetes.io/auth-response-headers: ${listed.join(",")}
    nginx.ingress.kubernetes.io/proxy-body-size: 32m
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-read-timeout: "600"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "600"
spec:
  ingressClassName: nginx
  rules:
    - host: llm.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: { service: { name: ${serviceOf(upstream)}, port: { number: ${portOf(upstream)} } } }
---
# Who issues the tokens (RFC 9728): the gate's own documents, for anybody. This service stands for ${hostPort(gate)}.
apiVersion: v1
kind: Service
metadata:
  name: jotgate-documents
spec:
  type: ExternalName
  externalName: ${gate.hostname}
  ports: [{ port: ${portOf(gate)} }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: llm-documents
spec:
  ingressClassName: nginx
  rules:
    - host: llm.example.com
      http:
        paths:
          - path: ${metadata}
            pathType: Prefix
            backend: { service: { name: jotgate-documents, port: { number: ${portOf(gate)} } } }
`
}
