import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

/** Two gates as processes of their own over one database, and tokens of an agent for two people. */
const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  writeFileSync(join(folder, "keys.json"), JSON.stringify(idp.jwks))
  const config = join(folder, "jotgate.yaml")
  // Rows are remembered for so long that only a word from the other process can make a gate forget one.
  writeFileSync(
    config,
    `issuers:
  - { id: idp, issuer: "https://idp.test", audience: ["https://api.test"], jwks: file:keys.json, claims: { user: sub, agent: { actor: act } } }
directory: { url: "sqlite:./jotgate.db", users: { unknown: allow } }
cache: { dir: null, rows: 10m, staleRows: 20m }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", trustedProxies: [127.0.0.1], drain: 0s }
policy: { withoutTeam: all }
audit: { to: none }
`
  )
  const gates = yield* Effect.forEach(["one", "two"], () =>
    Effect.gen(function*() {
      const serve = yield* start(["serve", "--config", config])
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/m)
      return gate
    }))
  const now = Math.floor(Date.now() / 1000)
  const token = (sub: string, agent: string) => idp.token({ now, claims: { sub, act: { sub: agent } } })
  /** What a proxy in front of a gate is told. */
  const asked = (gate: string, token: string) =>
    Effect.promise(async () => {
      const response = await fetch(`${gate}/_jotgate/auth/nginx`, {
        headers: { authorization: `Bearer ${token}`, "x-original-method": "GET", "x-original-uri": "/v1/models" }
      })
      return `${response.status} ${response.headers.get("x-jotgate-code") ?? "allowed"}`
    })
  return { asked, config, gates, token }
})

describe("jotgate deny create --agent", () => {
  it.live(
    "blocks the agent everywhere, whoever it acts for: in every process within seconds, in others nobody",
    () =>
      Effect.gen(function*() {
        const { asked, config, gates, token } = yield* world
        const [alice, bob, other] = [
          yield* token("alice", "agent-7"),
          yield* token("bob", "agent-7"),
          yield* token("alice", "agent-8")
        ]
        for (const gate of gates) {
          for (const one of [alice, bob, other]) assert.strictEqual(yield* asked(gate, one), "200 allowed")
        }
        const denied = yield* jotgate("deny", "create", "--agent", "agent-7", "--config", config, "--direct")
        assert.deepStrictEqual([denied.code, denied.out], [0, "the agent agent-7 is blocked from now on"], denied.err)
        const before = performance.now()
        for (const gate of gates) {
          for (const one of [alice, bob]) {
            yield* Effect.repeat(asked(gate, one), { until: (it) => it === "403 agent_blocked" })
          }
        }
        // Two seconds are meant; a machine that does twenty other things is given twenty times as long.
        assert.isBelow(performance.now() - before, 40_000)
        for (const gate of gates) assert.strictEqual(yield* asked(gate, other), "200 allowed")
      }),
    120_000
  )
})
