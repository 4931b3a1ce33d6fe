import { bare } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

const portOf = (url: URL): string => url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port

/** Identity providers, the upstream, PostgreSQL. */
const egress = (upstream: URL): string =>
  [...new Set(["443", portOf(upstream), "5432"])].map((port) => `{ protocol: TCP, port: ${port} }`).join(", ")

/**
 * Complete manifests: two gates behind a service, their configuration and their secrets; one at a time may be taken
 * away, and only what must is let in and out.
 */
export const kubernetes = ({ upstream }: SnippetOptions): string =>
  `# jotgate on Kubernetes, in front of ${
    bare(upstream)
  }. Change issuer, audience and image, then: kubectl apply -f THIS_FILE
apiVersion: v1
kind: Secret
metadata:
  name: jotgate
type: Opaque
stringData:
  ADMIN_TOKEN: change-me
  UPSTREAM_KEY: change-me
  DATABASE_URL: postgres://jotgate:change-me@postgres:5432/jotgate
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: jotgate
data:
  jotgate.yaml: |
    issuers:
      - { id: company, issuer: https://login.example.com, audience: [llm-gateway], claims: { user: sub, email: email, teams: groups } }
    directory:
      url: \${DATABASE_URL}
    cache: { dir: /var/cache/jotgate }
    gateway:
      listen: 0.0.0.0:4180
      admin: 0.0.0.0:4181
      adminToken: env:ADMIN_TOKEN
      upstream: { url: ${bare(upstream)}, authorization: { default: env:UPSTREAM_KEY } }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: jotgate
spec:
  replicas: 2
  selector: { matchLabels: { app: jotgate } }
  template:
    metadata: { labels: { app: jotgate } }
    spec:
      # The gate never talks to the cluster.
      automountServiceAccountToken: false
      # gateway.drain (5s), then up to 20s for running requests.
      terminationGracePeriodSeconds: 30
      securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: jotgate
          image: jotgate:0.2.0
          args: [serve, --config, /etc/jotgate/jotgate.yaml]
          envFrom: [{ secretRef: { name: jotgate } }]
          ports:
            - { name: gate, containerPort: 4180 }
            - { name: admin, containerPort: 4181 }
          startupProbe: { httpGet: { path: /livez, port: admin }, periodSeconds: 2, failureThreshold: 30 }
          readinessProbe: { httpGet: { path: /readyz, port: admin }, periodSeconds: 2 }
          livenessProbe: { httpGet: { path: /livez, port: admin }, periodSeconds: 10 }
          resources: { requests: { cpu: 250m, memory: 192Mi }, limits: { memory: 1Gi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          volumeMounts:
            - { name: config, mountPath: /etc/jotgate, readOnly: true }
            - { name: cache, mountPath: /var/cache/jotgate }
      volumes:
        - { name: config, configMap: { name: jotgate } }
        - { name: cache, emptyDir: {} }
---
apiVersion: v1
kind: Service
metadata:
  name: jotgate
spec:
  selector: { app: jotgate }
  ports:
    - { name: gate, port: 4180, targetPort: gate }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: jotgate
spec:
  minAvailable: 1
  selector: { matchLabels: { app: jotgate } }
---
# Callers reach the gate from everywhere, its admin listener is for the namespace "monitoring" (and the kubelet's probes).
# Out: names, the upstream and the identity provider; narrow the last rule to their addresses where these are known.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: jotgate
spec:
  podSelector: { matchLabels: { app: jotgate } }
  policyTypes: [Ingress, Egress]
  ingress:
    - ports: [{ protocol: TCP, port: gate }]
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }]
      ports: [{ protocol: TCP, port: admin }]
  egress:
    - ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
    - ports: [${egress(upstream)}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: jotgate
  annotations:
    # Streams of models are not held back, and may think for minutes.
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-read-timeout: "600"
    nginx.ingress.kubernetes.io/proxy-body-size: 32m
spec:
  ingressClassName: nginx
  tls: [{ hosts: [llm.example.com], secretName: jotgate-tls }]
  rules:
    - host: llm.example.com
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: jotgate, port: { name: gate } } } }
`
