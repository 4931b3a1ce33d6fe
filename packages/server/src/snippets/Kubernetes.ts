import { bare } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** Complete manifests: two gates behind a service, their configuration and their secrets. */
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
          image: jotgate:0.1.0
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
`
