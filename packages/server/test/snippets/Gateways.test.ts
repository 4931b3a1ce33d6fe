/** The configurations of gateways that are not run here, held to the fields of their published schemas. */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { parseAllDocuments } from "yaml"
import { snippet, type SnippetName } from "../../src/snippets/Snippet.ts"

const documents = (
  name: SnippetName,
  grpc?: { readonly host: string; readonly port: number }
): ReadonlyArray<unknown> =>
  parseAllDocuments(snippet(name, grpc === undefined ? {} : { grpc })).map((it) => {
    assert.isEmpty(it.errors, name)
    return it.toJS()
  })

/** Whether a document has these members and no others. */
const exactly = <A>(schema: Schema.ConstraintDecoder<A>, value: unknown): A =>
  Result.getOrThrow(Schema.decodeUnknownResult(schema, { onExcessProperty: "error", errors: "all" })(value))

const metadata = Schema.Struct({ name: Schema.String, namespace: Schema.optionalKey(Schema.String) })
const target = Schema.Struct({
  group: Schema.Literal("gateway.networking.k8s.io"),
  kind: Schema.Literal("HTTPRoute"),
  name: Schema.String
})

const SecurityPolicy = Schema.Struct({
  apiVersion: Schema.Literal("gateway.envoyproxy.io/v1alpha1"),
  kind: Schema.Literal("SecurityPolicy"),
  metadata,
  spec: Schema.Struct({
    targetRefs: Schema.Array(target),
    extAuth: Schema.Struct({
      failOpen: Schema.Literal(false),
      bodyToExtAuth: Schema.Struct({ maxRequestBytes: Schema.Int }),
      grpc: Schema.Struct({
        backendRefs: Schema.Array(
          Schema.Struct({ name: Schema.String, namespace: Schema.String, port: Schema.Int })
        )
      })
    })
  })
})

const BackendSecurityPolicy = Schema.Struct({
  apiVersion: Schema.Literal("aigateway.envoyproxy.io/v1beta1"),
  kind: Schema.Literal("BackendSecurityPolicy"),
  metadata,
  spec: Schema.Struct({
    targetRefs: Schema.Array(Schema.Struct({
      group: Schema.Literal("aigateway.envoyproxy.io"),
      kind: Schema.Literal("AIServiceBackend"),
      name: Schema.String
    })),
    type: Schema.Literal("APIKey"),
    apiKey: Schema.Struct({ secretRef: Schema.Struct({ name: Schema.String }) }),
    credentialOverride: Schema.Struct({
      fromDynamicMetadata: Schema.Struct({
        namespace: Schema.Literal("envoy.filters.http.ext_authz"),
        key: Schema.String,
        fallbackToConfigured: Schema.Literal(false)
      })
    })
  })
})

const AuthorizationPolicy = Schema.Struct({
  apiVersion: Schema.Literal("security.istio.io/v1"),
  kind: Schema.Literal("AuthorizationPolicy"),
  metadata,
  spec: Schema.Struct({
    selector: Schema.Struct({ matchLabels: Schema.Record(Schema.String, Schema.String) }),
    action: Schema.Literal("CUSTOM"),
    provider: Schema.Struct({ name: Schema.String }),
    rules: Schema.Array(Schema.Struct({}))
  })
})

const body = Schema.Struct({
  maxRequestBytes: Schema.Int,
  allowPartialMessage: Schema.Literal(false),
  packAsBytes: Schema.Literal(true)
})

const Mesh = Schema.Struct({
  apiVersion: Schema.String,
  kind: Schema.Literal("IstioOperator"),
  spec: Schema.Struct({
    meshConfig: Schema.Struct({
      extensionProviders: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          envoyExtAuthzGrpc: Schema.Struct({
            service: Schema.String,
            port: Schema.Int,
            timeout: Schema.String,
            failOpen: Schema.Literal(false),
            statusOnError: Schema.String,
            includeRequestBodyInCheck: body
          })
        })
      )
    })
  })
})

const AgentGateway = Schema.Struct({
  binds: Schema.Array(
    Schema.Struct({
      port: Schema.Int,
      listeners: Schema.Array(
        Schema.Struct({
          routes: Schema.Array(
            Schema.Struct({
              policies: Schema.Struct({
                extAuthz: Schema.Struct({
                  host: Schema.String,
                  protocol: Schema.Struct({ grpc: Schema.Struct({}) }),
                  failureMode: Schema.Literal("deny"),
                  includeRequestBody: body
                })
              }),
              backends: Schema.Array(Schema.Struct({ host: Schema.String }))
            })
          )
        })
      )
    })
  )
})

describe("gateways that ask over gRPC", () => {
  it("Envoy Gateway: a policy that is closed, the grant that it needs, and a rate for each team", () => {
    const [policy, grant, traffic] = documents("envoy-gateway", { host: "gate.auth.svc", port: 5000 })
    const { spec } = exactly(SecurityPolicy, policy)
    assert.deepStrictEqual(spec.extAuth.grpc.backendRefs, [{ name: "gate", namespace: "auth", port: 5000 }])
    assert.deepInclude(grant, { kind: "ReferenceGrant" })
    assert.deepInclude(traffic, { kind: "BackendTrafficPolicy" })
  })

  it("Envoy AI Gateway: the same, and the team's key from the metadata or none", () => {
    const [policy, grant, traffic, keys] = documents("envoy-ai-gateway")
    exactly(SecurityPolicy, policy)
    assert.deepStrictEqual([Object(grant).kind, Object(traffic).kind], ["ReferenceGrant", "BackendTrafficPolicy"])
    assert.strictEqual(
      exactly(BackendSecurityPolicy, keys).spec.credentialOverride.fromDynamicMetadata.key,
      "x-aigw-api-key"
    )
  })

  it("Istio: a provider of the mesh that is closed, and the policy that names it", () => {
    const [mesh, policy] = documents("istio")
    const [provider] = exactly(Mesh, mesh).spec.meshConfig.extensionProviders
    assert.strictEqual(exactly(AuthorizationPolicy, policy).spec.provider.name, provider?.name)
    assert.strictEqual(provider?.envoyExtAuthzGrpc.port, 4182)
  })

  it("agentgateway: one listener whose every route asks", () => {
    const [config] = documents("agentgateway")
    const [bind] = exactly(AgentGateway, config).binds
    assert.strictEqual(bind?.listeners[0]?.routes[0]?.policies.extAuthz.host, "127.0.0.1:4182")
  })
})
