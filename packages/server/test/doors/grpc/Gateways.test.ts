/**
 * The messages of Istio and agentgateway in full, as their sources build them (istio/istio `pilot/pkg/security/authz`
 * over Envoy's `ext_authz`, agentgateway/agentgateway `http/ext_authz.rs`): peers with SPIFFE names, TLS, extensions of the
 * provider, metadata, headers joined in a map, and a body as text or bytes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import protobuf from "protobufjs"
import * as GrpcClient from "../../support/GrpcClient.ts"
import * as World from "../../support/World.ts"

const { root } = protobuf.parse(
  readFileSync(new URL("../../fixtures/check/Attributes.proto", import.meta.url), "utf8"),
  { keepCase: true }
)
const CheckRequest = root.lookupType("check.CheckRequest")
const bytes = (message: object): Buffer => Buffer.from(CheckRequest.encode(CheckRequest.fromObject(message)).finish())

/** What a client sends through a gateway. */
interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How much of the body the gateway holds; left out: all. */
  readonly held?: number
  readonly chunked?: boolean
}

const path = "/v1/chat/completions"
const peer = (address: string, port: number, principal: string) => ({
  address: { socket_address: { protocol: 0, address, port_value: port } },
  principal
})
const time = { seconds: 1_795_000_000, nanos: 5_000_000 }
const length = ({ body = "", chunked }: Sent) =>
  chunked === true ? { "transfer-encoding": "chunked" } : { "content-length": String(Buffer.byteLength(body)) }

/** Of a sidecar or a gateway of Istio: Envoy's, with the names of the mesh. It marks a body that it has cut. */
const istio = (sent: Sent): Buffer => {
  const { body = "", headers = {}, held = body.length } = sent
  return bytes({
    attributes: {
      source: peer("10.244.0.17", 41_234, "spiffe://cluster.local/ns/chat/sa/assistant"),
      destination: peer("10.244.0.9", 4_000, "spiffe://cluster.local/ns/llm/sa/gateway"),
      request: {
        time,
        http: {
          id: "9273645182736451827",
          method: "POST",
          path,
          host: "llm.acme.test",
          scheme: "http",
          size: held,
          protocol: "HTTP/1.1",
          body: body.slice(0, held),
          headers: {
            ":authority": "llm.acme.test",
            ":method": "POST",
            ":path": path,
            ":scheme": "http",
            "content-type": "application/json",
            "x-b3-sampled": "1",
            "x-b3-traceid": "80f198ee56343ba864fe8b2a57d3eff7",
            "x-envoy-auth-partial-body": String(held < body.length),
            "x-forwarded-client-cert":
              "By=spiffe://cluster.local/ns/llm/sa/gateway;URI=spiffe://cluster.local/ns/chat/sa/assistant",
            "x-forwarded-proto": "http",
            "x-request-id": "0b9a2d0c-6b0e-9f4b-8a2e-0d2e3c1f5a77",
            ...length(sent),
            ...headers
          }
        }
      },
      context_extensions: { "virtual_host": "llm.acme.test:80" },
      metadata_context: {},
      route_metadata_context: {},
      tls_session: { sni: "outbound_.4000_._.gateway.llm.svc.cluster.local" }
    }
  })
}

/** Of agentgateway: a body in bytes, of the size -1 when it was cut, which nothing else tells. */
const agentgateway = (sent: Sent): Buffer => {
  const { body = "", headers = {}, held = body.length } = sent
  return bytes({
    attributes: {
      source: peer("127.0.0.1", 50_112, "spiffe://acme.test/agent"),
      destination: peer("127.0.0.1", 3_000, ""),
      request: {
        time,
        http: {
          id: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          method: "POST",
          path,
          host: "llm.acme.test",
          scheme: "https",
          size: held < body.length ? -1 : held,
          protocol: "HTTP/2",
          raw_body: Buffer.from(body.slice(0, held)),
          headers: {
            ":authority": "llm.acme.test",
            ":method": "POST",
            ":path": path,
            ":scheme": "https",
            "content-type": "application/json",
            ...(sent.chunked === true ? {} : length(sent)),
            ...headers
          }
        }
      },
      context_extensions: { route: "llm" },
      metadata_context: {
        filter_metadata: { "envoy.filters.http.jwt_authn": { fields: { sub: { string_value: "root" } } } }
      },
      tls_session: { sni: "llm.acme.test" }
    }
  })
}

const json = (model: string): string => JSON.stringify({ model, messages: [] })
/** A form whose second model stands where a gateway has cut it off. */
const form = "model=gpt-4o&prompt=hi"
const whole = `${form}&model=o1`

for (const [name, message] of Object.entries({ Istio: istio, agentgateway })) {
  describe(`a message of ${name}`, () => {
    it.live("is decided as at every door, by the credential alone, with one record each", () =>
      Effect.gen(function*() {
        const world = yield* World.make({
          grpc: true,
          doors: { forwardAuth: { authorization: false, unseenModel: "deny" } }
        })
        const authorization = `Bearer ${yield* world.token("alice", { groups: ["red"] })}`
        const ask = (sent: Sent) =>
          Effect.map(
            GrpcClient.check(world.grpcPort, message(sent)),
            ({ body, status }) => body === "" ? String(status) : `${status} ${JSON.parse(body).code}`
          )
        const urlencoded = { authorization, "content-type": "application/x-www-form-urlencoded" }
        const answers: ReadonlyArray<readonly [Sent, string]> = [
          [{ headers: { authorization }, body: json("gpt-4o") }, "200"],
          [{ headers: { authorization }, body: json("gpt-4o"), chunked: true }, "200"],
          [{ headers: { authorization }, body: json("o1") }, "403 team_model_denied"],
          [{ body: json("gpt-4o") }, "401 token_missing"],
          [
            { headers: { authorization: `${authorization}, Bearer other` }, body: json("gpt-4o") },
            "400 credential_conflict"
          ],
          [{ headers: { authorization }, body: json("gpt-4o"), held: 5 }, "403 model_unseen"],
          [{ headers: urlencoded, body: whole, held: form.length }, "403 model_unseen"],
          [{ headers: urlencoded, body: whole, held: form.length, chunked: true }, "403 model_unseen"]
        ]
        for (const [sent, expected] of answers) {
          assert.strictEqual(yield* ask(sent), expected, JSON.stringify({ ...sent, headers: undefined }))
        }
        const records = world.log.recent(100)
        assert.strictEqual(records.length, answers.length)
        assert.isTrue(records.every((it) => it.door === "grpc" && it.route === path))
        const allowed = yield* GrpcClient.check(
          world.grpcPort,
          message({ headers: { authorization, "x-jotgate-user": "root" }, body: json("gpt-4o") })
        )
        assert.deepInclude(allowed.metadata, { user: "alice", team: "red", model: "gpt-4o", admin: false })
        assert.strictEqual(allowed.headers["x-jotgate-user"], "alice")
        assert.include(allowed.removed, "authorization")
      }))
  })
}
