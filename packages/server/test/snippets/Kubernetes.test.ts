import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse, parseAllDocuments } from "yaml"
import { checkConfig } from "../../src/config/ConfigCheck.ts"
import { parseConfig } from "../../src/config/ConfigFile.ts"
import { snippet } from "../../src/snippets/Snippet.ts"

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0

const upstream = "http://litellm.llm.svc:4000"

const documents = parseAllDocuments(snippet("kubernetes", { upstream: new URL(upstream) }))

const Named = Schema.Struct({ name: Schema.String })
const Port = Schema.Struct({ name: Schema.String, containerPort: Schema.Int })
const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }),
  periodSeconds: Schema.Int,
  failureThreshold: Schema.optionalKey(Schema.Int)
})
const Secret = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Secret"),
  metadata: Named,
  type: Schema.Literal("Opaque"),
  stringData: Schema.Record(Schema.String, Schema.String)
})
const ConfigMap = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("ConfigMap"),
  metadata: Named,
  data: Schema.Struct({ "jotgate.yaml": Schema.String })
})
const Labels = Schema.Record(Schema.String, Schema.String)
const Deployment = Schema.Struct({
  apiVersion: Schema.Literal("apps/v1"),
  kind: Schema.Literal("Deployment"),
  metadata: Named,
  spec: Schema.Struct({
    replicas: Schema.Int,
    selector: Schema.Struct({ matchLabels: Labels }),
    template: Schema.Struct({
      metadata: Schema.Struct({ labels: Labels }),
      spec: Schema.Struct({
        automountServiceAccountToken: Schema.Boolean,
        terminationGracePeriodSeconds: Schema.Int,
        securityContext: Schema.Struct({
          runAsNonRoot: Schema.Boolean,
          runAsUser: Schema.Int,
          fsGroup: Schema.Int,
          seccompProfile: Schema.Struct({ type: Schema.String })
        }),
        containers: Schema.Tuple([Schema.Struct({
          name: Schema.String,
          image: Schema.String,
          args: Schema.Array(Schema.String),
          envFrom: Schema.Array(Schema.Struct({ secretRef: Named })),
          ports: Schema.Array(Port),
          startupProbe: Probe,
          readinessProbe: Probe,
          livenessProbe: Probe,
          resources: Schema.Struct({ requests: Labels, limits: Labels }),
          securityContext: Schema.Struct({
            allowPrivilegeEscalation: Schema.Boolean,
            readOnlyRootFilesystem: Schema.Boolean,
            capabilities: Schema.Struct({ drop: Schema.Array(Schema.String) })
          }),
          volumeMounts: Schema.Array(
            Schema.Struct({
              name: Schema.String,
              mountPath: Schema.String,
              readOnly: Schema.optionalKey(Schema.Boolean)
            })
          )
        })]),
        volumes: Schema.Tuple([
          Schema.Struct({ name: Schema.String, configMap: Named }),
          Schema.Struct({ name: Schema.String, emptyDir: Schema.Struct({}) })
        ])
      })
    })
  })
})
const Service = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Service"),
  metadata: Named,
  spec: Schema.Struct({
    selector: Labels,
    ports: Schema.Array(Schema.Struct({ name: Schema.String, port: Schema.Int, targetPort: Schema.String }))
  })
})

const Selector = Schema.Struct({ matchLabels: Labels })
const Budget = Schema.Struct({
  apiVersion: Schema.Literal("policy/v1"),
  kind: Schema.Literal("PodDisruptionBudget"),
  metadata: Named,
  spec: Schema.Struct({ minAvailable: Schema.Int, selector: Selector })
})
const NetworkPort = Schema.Struct({
  protocol: Schema.Literals(["TCP", "UDP"]),
  port: Schema.Union([Schema.Int, Schema.String])
})
const NetworkPolicy = Schema.Struct({
  apiVersion: Schema.Literal("networking.k8s.io/v1"),
  kind: Schema.Literal("NetworkPolicy"),
  metadata: Named,
  spec: Schema.Struct({
    podSelector: Selector,
    policyTypes: Schema.Array(Schema.Literals(["Ingress", "Egress"])),
    ingress: Schema.Array(Schema.Struct({
      from: Schema.optionalKey(Schema.Array(Schema.Struct({ namespaceSelector: Selector }))),
      ports: Schema.Array(NetworkPort)
    })),
    egress: Schema.Array(Schema.Struct({ ports: Schema.Array(NetworkPort) }))
  })
})
const Kustomization = Schema.Struct({
  apiVersion: Schema.Literal("kustomize.config.k8s.io/v1beta1"),
  kind: Schema.Literal("Kustomization"),
  resources: Schema.Array(Schema.String),
  images: Schema.Array(Schema.Struct({ name: Schema.String, newName: Schema.String, newTag: Schema.String }))
})
const Ingress = Schema.Struct({
  apiVersion: Schema.Literal("networking.k8s.io/v1"),
  kind: Schema.Literal("Ingress"),
  metadata: Schema.Struct({ name: Schema.String, annotations: Labels }),
  spec: Schema.Struct({
    ingressClassName: Schema.String,
    tls: Schema.Array(Schema.Struct({ hosts: Schema.Array(Schema.String), secretName: Schema.String })),
    rules: Schema.Tuple([Schema.Struct({
      host: Schema.String,
      http: Schema.Struct({
        paths: Schema.Tuple([Schema.Struct({
          path: Schema.String,
          pathType: Schema.Literal("Prefix"),
          backend: Schema.Struct({
            service: Schema.Struct({ name: Schema.String, port: Schema.Struct({ name: Schema.String }) })
          })
        })])
      })
    })])
  })
})

// A key that is not named above is an error: a misspelt one would be ignored by nobody but us.
const [secret, configMap, deployment, service, budget, network, ingress] = Schema.decodeUnknownSync(
  Schema.Tuple([Secret, ConfigMap, Deployment, Service, Budget, NetworkPolicy, Ingress]),
  { onExcessProperty: "error" }
)(documents.map((it) => it.toJS()))

const pod = deployment.spec.template.spec
const [container] = pod.containers
const text = configMap.data["jotgate.yaml"]
const env = secret.stringData

const config = Result.getOrThrow(parseConfig({ name: "jotgate.yaml", text, directory: "/etc/jotgate", env }))

describe("the snippet of kubernetes", () => {
  it("is YAML without errors or warnings, every object of one name", () => {
    for (const { errors, warnings } of documents) assert.deepStrictEqual([errors, warnings], [[], []])
    for (const { metadata } of [secret, configMap, deployment, service, budget, network, ingress]) {
      assert.strictEqual(metadata.name, "jotgate")
    }
  })

  it("its objects refer to each other: labels, ports, secret, configuration, folders", () => {
    assert.deepStrictEqual(deployment.spec.template.metadata.labels, deployment.spec.selector.matchLabels)
    assert.deepStrictEqual(service.spec.selector, deployment.spec.selector.matchLabels)
    assert.deepStrictEqual(container.envFrom, [{ secretRef: { name: secret.metadata.name } }])
    assert.strictEqual(pod.volumes[0].configMap.name, configMap.metadata.name)
    assert.deepStrictEqual(container.volumeMounts.map((it) => it.name), pod.volumes.map((it) => it.name))
    const ports = new Set(container.ports.map((it) => it.name))
    for (const { targetPort } of service.spec.ports) assert.isTrue(ports.has(targetPort), targetPort)
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      assert.isTrue(ports.has(probe.httpGet.port))
    }
  })

  it("only the gate is a service: the admin listener stays inside the pod's network", () => {
    assert.deepStrictEqual(service.spec.ports, [{ name: "gate", port: 4180, targetPort: "gate" }])
  })

  it("one gate stays when nodes are emptied, and only the ports that are needed are open", () => {
    assert.deepStrictEqual(budget.spec.selector, deployment.spec.selector)
    assert.isBelow(budget.spec.minAvailable, deployment.spec.replicas)
    assert.deepStrictEqual(network.spec.podSelector, deployment.spec.selector)
    const [callers, monitoring, ...others] = network.spec.ingress
    assert.deepStrictEqual(callers, { ports: [{ protocol: "TCP", port: "gate" }] })
    assert.deepStrictEqual(monitoring?.ports, [{ protocol: "TCP", port: "admin" }])
    assert.isNotEmpty(monitoring?.from ?? [])
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(network.spec.egress.map(({ ports }) => ports.map(({ port }) => port)), [
      [53, 53],
      [443, 4000, 5432]
    ])
  })

  it("the ingress leads to the gate's port, holds no stream back and lets bodies of limits.body in", () => {
    const [rule] = ingress.spec.rules
    const { service: backend } = rule.http.paths[0].backend
    assert.strictEqual(backend.name, service.metadata.name)
    assert.isDefined(service.spec.ports.find(({ name }) => name === backend.port.name))
    assert.deepStrictEqual(ingress.spec.tls[0]?.hosts, [rule.host])
    assert.propertyVal(ingress.metadata.annotations, "nginx.ingress.kubernetes.io/proxy-buffering", "off")
    assert.propertyVal(ingress.metadata.annotations, "nginx.ingress.kubernetes.io/proxy-body-size", "32m")
    assert.strictEqual(config.settings.gateway.limits.body, 32 * 1024 * 1024)
  })

  it("is what deploy/kubernetes holds, for kubectl apply -k", () => {
    const file = new URL("../../../../deploy/kubernetes/jotgate.yaml", import.meta.url)
    if (process.env["UPDATE_DOCS"] === "true") writeFileSync(file, snippet("kubernetes"))
    assert.strictEqual(readFileSync(file, "utf8"), snippet("kubernetes"))
  })

  it("and that folder is the one that docs/operating.md applies: its kustomization finds what it names", () => {
    const root = new URL("../../../../", import.meta.url)
    const page = readFileSync(new URL("docs/operating.md", root), "utf8")
    const [, folder = ""] = /`kubectl apply -k (\S+)`/.exec(page) ?? []
    const text = readFileSync(new URL(`${folder}/kustomization.yaml`, root), "utf8")
    const { images, resources } = Schema.decodeUnknownSync(Kustomization, { onExcessProperty: "error" })(parse(text))
    const applied = resources.flatMap((it) =>
      parseAllDocuments(readFileSync(new URL(`${folder}/${it}`, root), "utf8")).map((one) => one.toJS())
    )
    assert.deepStrictEqual(applied, parseAllDocuments(snippet("kubernetes")).map((it) => it.toJS()))
    assert.deepStrictEqual(images.map(({ name }) => name), [container.image.replace(/:.*/, "")])
  })

  it.skipIf(!hasKubectl)("which kubectl renders, as kustomize build of docs/development.md does", () => {
    const page = readFileSync(new URL("../../../../docs/development.md", import.meta.url), "utf8")
    const [, folder = ""] = /`kustomize build (\S+)`/.exec(page) ?? []
    const cwd = fileURLToPath(new URL("../../../../", import.meta.url))
    const { stderr, stdout } = spawnSync("kubectl", ["kustomize", folder], { cwd, encoding: "utf8" })
    assert.strictEqual(stderr, "")
    const kinds = (text: string) => parseAllDocuments(text).map((it) => it.toJS().kind).toSorted()
    assert.deepStrictEqual(kinds(stdout), kinds(snippet("kubernetes")))
    assert.include(stdout, `image: ${container.image}`)
  })

  it("the probes ask the paths that the admin listener answers, and more than one gate runs", () => {
    assert.strictEqual(container.startupProbe.httpGet.path, "/livez")
    assert.strictEqual(container.livenessProbe.httpGet.path, "/livez")
    assert.strictEqual(container.readinessProbe.httpGet.path, "/readyz")
    // Ready again, or not any more, within half of the time in which a gate that ends still answers.
    assert.isAtMost(container.readinessProbe.periodSeconds * 1000 * 2, 5_000)
    assert.isAtLeast(deployment.spec.replicas, 2)
  })

  it("the pod may do as little as possible", () => {
    assert.isTrue(pod.securityContext.runAsNonRoot)
    assert.isAbove(pod.securityContext.runAsUser, 0)
    assert.strictEqual(pod.securityContext.seccompProfile.type, "RuntimeDefault")
    assert.isFalse(pod.automountServiceAccountToken)
    assert.deepStrictEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] }
    })
    assert.isDefined(container.resources.requests["memory"])
    assert.isDefined(container.resources.limits["memory"])
  })

  it("the command serves the mounted file, and writes only where it may", () => {
    const [mounted, cache] = container.volumeMounts
    assert.deepStrictEqual(container.args, ["serve", "--config", `${mounted?.mountPath}/jotgate.yaml`])
    assert.isTrue(mounted?.readOnly)
    assert.strictEqual(config.settings.cache.dir, cache?.mountPath)
    assert.match(config.settings.directory.url, /^postgres:/)
  })

  it("the configuration is sound, without a warning", () => {
    assert.deepStrictEqual(checkConfig(config), [])
  })

  it("the configuration listens at the container's ports, and its secrets are in the secret", () => {
    const { gateway } = config.settings
    assert.deepStrictEqual(
      container.ports,
      [{ name: "gate", containerPort: 4180 }, { name: "admin", containerPort: 4181 }]
    )
    assert.deepStrictEqual(gateway.listen, { host: "0.0.0.0", port: 4180 })
    assert.deepStrictEqual(gateway.admin, { host: "0.0.0.0", port: 4181 })
    const named = [...text.matchAll(/env:(\w+)|\$\{(\w+)\}/g)].map(([, secret, variable]) => secret ?? variable)
    assert.deepStrictEqual(named.toSorted(), Object.keys(env).toSorted())
  })

  it("running requests have the time that the gate gives them, before the pod is killed", () => {
    assert.isAbove(pod.terminationGracePeriodSeconds, 25)
  })

  it("the upstream is the one that was asked for", () => {
    assert.strictEqual(config.settings.gateway.upstream?.url, upstream)
  })
})
