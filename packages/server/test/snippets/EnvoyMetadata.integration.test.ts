/** Envoy over gRPC: what the gate says of the caller stands in its dynamic metadata, and other filters act on it. */
import { assert, it } from "@effect/vitest"
import { describeWith, Envoy } from "@jotgate/servers"
import { Effect } from "effect"
import { snippet } from "../../src/snippets/Snippet.ts"
import * as World from "../support/World.ts"

/** The printed file with buckets of five a minute for red and twenty for blue. */
const buckets = (text: string): string =>
  text.replace(
    /^( *)- entries: \[\{ key: team, value: a-team \}\]\n.*$/m,
    (_, indent: string) =>
      [["red", 5], ["blue", 20]].map(([team, count]) =>
        `${indent}- entries: [{ key: team, value: ${team} }]\n` +
        `${indent}  token_bucket: { max_tokens: ${count}, tokens_per_fill: ${count}, fill_interval: 60s }`
      ).join("\n")
  )

/** The key once more, under a name that only the metadata can fill. */
const fromMetadata = (text: string): string =>
  text.replace(
    /^( *)domains: \["\*"\]\n/m,
    (line, indent: string) =>
      `${line}${indent}request_headers_to_add:\n${indent}  - header: { key: x-from-metadata, value: "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:upstream:authorization)%" }\n`
  )

describeWith("envoy", "the metadata of the gate in Envoy", () => {
  it.live("gives each team its own rate, and the upstream the team's key", () =>
    Effect.gen(function*() {
      const world = yield* World.make({
        grpc: true,
        doors: { forwardAuth: { authorization: true, unseenModel: "pass" } },
        upstream: { authorization: { team: { red: "env:RED", blue: "env:BLUE" } } },
        env: { RED: "sk-red", BLUE: "sk-blue" }
      })
      const proxy = yield* Envoy.make({
        config: ({ host, port }) =>
          fromMetadata(buckets(snippet("envoy", {
            gate: new URL(world.url),
            grpc: { host: "127.0.0.1", port: world.grpcPort },
            upstream: new URL(world.upstream.url),
            listen: { host, port }
          })))
      })
      const statuses = (token: string, times: number) =>
        Effect.forEach(Array.from({ length: times }), () =>
          Effect.promise(async () => {
            const answer = await fetch(`${proxy.url}/v1/files`, { headers: { authorization: `Bearer ${token}` } })
            await answer.text()
            return answer.status
          }))
      const count = (all: ReadonlyArray<number>, status: number) => all.filter((it) => it === status).length
      const red = yield* statuses(yield* world.token("alice", { groups: ["red"] }), 8)
      assert.deepStrictEqual([count(red, 200), count(red, 429)], [5, 3])
      assert.strictEqual(world.upstream.last().headers["authorization"], "Bearer sk-red")
      assert.strictEqual(world.upstream.last().headers["x-from-metadata"], "Bearer sk-red")
      const blue = yield* statuses(yield* world.token("bob", { groups: ["blue"] }), 22)
      assert.deepStrictEqual([count(blue, 200), count(blue, 429)], [20, 2])
      assert.strictEqual(world.upstream.last().headers["authorization"], "Bearer sk-blue")
      assert.strictEqual(world.upstream.last().headers["x-from-metadata"], "Bearer sk-blue")
      assert.strictEqual(world.upstream.requests.length, 25)
    }))
})
