import { assert, describe, it, layer } from "@effect/vitest"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import { Context, Effect, Layer } from "effect"
import { readFileSync } from "node:fs"
import { createGate } from "../../src/EmbeddedGate.ts"
import * as Doors from "../support/Doors.ts"
import * as ServerWorld from "../support/ServerWorld.ts"
import { rows } from "../support/World.ts"

/** Every door, and whether it sees the body. */
const doors = {
  "the proxy": true,
  "nginx": false,
  "ingress-nginx": false,
  "Caddy": false,
  "HAProxy": false,
  "Traefik without bodies": false,
  "Traefik with bodies": true,
  "Envoy without bodies": false,
  "Envoy with bodies": true,
  "gRPC without bodies": false,
  "gRPC with bodies": true,
  "/decide": true,
  "the façade, plain": true,
  "the façade, Fetch": true
}
type Name = keyof typeof doors

/** The rows of the table in docs/doors.md, and the doors of this test that each is about. */
const told: Readonly<Record<string, ReadonlyArray<Name>>> = {
  "proxy": ["the proxy"],
  "nginx `auth_request`": ["nginx"],
  "ingress-nginx (Kubernetes)": ["ingress-nginx"],
  "Caddy `forward_auth`": ["Caddy"],
  "Traefik `forwardAuth`": ["Traefik without bodies", "Traefik with bodies"],
  "HAProxy with `jotgate.lua`": ["HAProxy"],
  "Envoy `ext_authz` over HTTP": ["Envoy without bodies", "Envoy with bodies"],
  "Envoy, Envoy Gateway, Envoy AI Gateway, Istio, agentgateway: `ext_authz` over gRPC": [
    "gRPC without bodies",
    "gRPC with bodies"
  ],
  // It asks `/decide` with the body; LiteLLM.integration.test.ts runs it.
  "LiteLLM `custom_auth`": ["/decide"],
  "Kubernetes, the gate itself": ["ingress-nginx", "Traefik with bodies", "Envoy with bodies"],
  "`POST /decide`": ["/decide"],
  "embedded": ["the façade, plain", "the façade, Fetch"]
}

/** What a row says of the model in the body, as doors can bear it out. */
const saying = (text: string): ReadonlyArray<ReadonlyArray<boolean>> =>
  text.startsWith("not seen")
    ? [[false]]
    : text.startsWith("as ")
    ? [[true], [false], [true, false]]
    : text.startsWith("seen when")
    ? [[true], [true, false]]
    : [[true]]

/** One server, and the façade over the same settings. */
class Setting extends Context.Service<Setting, {
  readonly ask: Readonly<Record<Name, Doors.Door>>
  readonly cases: ReadonlyArray<Doors.Case>
}>()("test/EveryDoor") {
  static readonly layer = Layer.effect(
    Setting,
    Effect.gen(function*() {
      const world = yield* ServerWorld.make({ gateway: { grpc: "127.0.0.1:0", forwardAuth: { unseenModel: "pass" } } })
      const { gateway: _, audit: _lines, decisions: _records, telemetry: _traces, ...settings } = world.settings
      const gate = yield* Effect.acquireRelease(
        Effect.promise(() => createGate(settings, { directory: () => MemoryStore.layer(rows), env: {} })),
        (it) => Effect.promise(() => it.close())
      )
      const { port } = world.server.gate
      return {
        cases: yield* Doors.cases(world.token),
        ask: {
          "the proxy": Doors.http(world.gate),
          "nginx": Doors.asking(port, "nginx", false),
          "ingress-nginx": Doors.asking(port, "ingress-nginx", false),
          "Caddy": Doors.asking(port, "caddy", false),
          "HAProxy": Doors.asking(port, "haproxy", false),
          "Traefik without bodies": Doors.asking(port, "traefik", false),
          "Traefik with bodies": Doors.asking(port, "traefik", true),
          "Envoy without bodies": Doors.asking(port, "envoy", false),
          "Envoy with bodies": Doors.asking(port, "envoy", true),
          "gRPC without bodies": Doors.grpc(world.server.grpc?.port ?? 0, false),
          "gRPC with bodies": Doors.grpc(world.server.grpc?.port ?? 0, true),
          "/decide": Doors.decide(world.admin),
          "the façade, plain": Doors.embedded(gate, "plain"),
          "the façade, Fetch": Doors.embedded(gate, "fetch")
        }
      }
    })
  )
}

describe("one table of questions, every door", () => {
  layer(Setting.layer, { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    for (const [name, sees] of Object.entries(doors) as ReadonlyArray<readonly [Name, boolean]>) {
      it.effect(`${name} decides as the table says`, () =>
        Effect.gen(function*() {
          const { ask, cases } = yield* Setting
          for (const { question, seen, title, unseen } of cases) {
            assert.deepStrictEqual(yield* ask[name](question), sees ? seen : unseen, title)
          }
        }))
    }
  })
})

describe("docs/doors.md: which door sees the model", () => {
  const page = readFileSync(new URL("../../../../docs/doors.md", import.meta.url), "utf8")
  const [, after = ""] = page.split("## Which door sees the model")
  const [table = ""] = after.split("\nLiteLLM's")
  const rows = table.split("\n").filter((it) => it.startsWith("| ")).slice(1).map((it) => it.split(" | "))

  it("has a row for every door that is asked above, and no other", () => {
    assert.deepStrictEqual(rows.map(([door = ""]) => door.slice(2)), Object.keys(told))
    assert.sameMembers([...new Set(Object.values(told).flat())], Object.keys(doors))
  })

  for (const [door = "", , , seen = ""] of rows) {
    it(`${door.slice(2)}: ${seen}`, () => {
      const sees = [...new Set((told[door.slice(2)] ?? []).map((it) => doors[it]))].toSorted().toReversed()
      assert.deepInclude(saying(seen), sees)
    })
  }
})
