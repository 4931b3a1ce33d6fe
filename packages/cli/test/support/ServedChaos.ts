/** `jotgate serve`, started as a user does, under connections that nobody should make. */
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Chaos from "./Chaos.ts"
import { start } from "./Process.ts"

/** How a server was after it. */
export interface After extends Chaos.Told {
  /** `null` while the process lives. */
  readonly exitCode: number | null
  /** The lines of defects in the metrics, and in the log. */
  readonly defects: ReadonlyArray<string>
  readonly inFlight: number
  readonly held: number
  /** Of a good request, after all of it. */
  readonly status: number
}

const portOf = (url: string): number => Number(new URL(url).port)

const figure = (metrics: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)`, "m").exec(metrics)?.[1] ?? 0)

/** Runs it for `millis` with draws from `seed`. */
export const run = Effect.fnUntraced(function*(seed: number, millis: number, pause?: number) {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-chaos-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const upstream = yield* Effect.acquireRelease(
    Effect.promise(() => Chaos.upstream(seed)),
    (it) => Effect.sync(it.close)
  )
  const file = join(folder, "jotgate.json")
  writeFileSync(join(folder, "directory.json"), JSON.stringify({ teams: [{ id: "red", models: ["gpt-4o*"] }] }))
  writeFileSync(
    file,
    JSON.stringify({
      issuers: [{
        id: "idp",
        issuer: idp.iss,
        audience: "https://api.test",
        jwks: idp.jwks,
        claims: { user: "sub", teams: "groups" }
      }],
      policy: { mcp: [{ server: "tools", path: "/mcp/tools" }] },
      directory: { url: "sqlite:directory.db", file: "directory.json", users: { unknown: "allow" } },
      cache: { dir: null },
      gateway: {
        listen: "127.0.0.1:0",
        admin: "127.0.0.1:0",
        grpc: "127.0.0.1:0",
        drain: "0s",
        trustedProxies: ["127.0.0.1"],
        websocket: ["/v1/realtime", "/v1/responses"],
        limits: { body: "1MiB", bodyTimeout: "1s", stream: "5s" },
        upstream: { url: upstream.url, authorization: { team: "file:keys/{team}", default: "env:KEY" } }
      },
      audit: { to: "file:audit.jsonl" }
    })
  )
  const now = Math.floor(Date.now() / 1000)
  const token = (sub: string, groups: ReadonlyArray<string>) =>
    idp.token({ now, claims: { sub, groups, exp: now + 3600, email: undefined } })
  const good = yield* token("alice", ["red"])
  const tokens = [good, good, good, yield* token("bob", ["x".repeat(252)]), "bad", `${good}x`, "x".repeat(20_000)]
  const serve = yield* start(["serve", "--config", file], { KEY: "sk-upstream" })
  const [, gate = "", admin = "", grpc = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+) grpc=(\S+)\n/)
  const told = yield* Effect.promise(() =>
    Chaos.run({
      ports: [gate, gate, gate, admin].map(portOf),
      grpc: portOf(grpc),
      tokens,
      seed,
      millis,
      ...(pause === undefined ? {} : { pause })
    })
  )
  const after = Effect.promise(async () => {
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    return {
      inFlight: figure(metrics, "jotgate_requests_in_flight"),
      held: figure(metrics, "jotgate_body_bytes_held"),
      defects: metrics.split("\n").filter((it) => it.startsWith("jotgate_defects_total{") && !it.endsWith(" 0"))
    }
  })
  // What was cut off may still be on its way; nothing of it may stay longer than the longest stream.
  let left = yield* after
  for (let round = 0; round < 100 && (left.inFlight > 0 || left.held > 0); round++) {
    yield* Effect.sleep("100 millis")
    left = yield* after
  }
  const status = yield* Effect.promise(async () => {
    const ask = () =>
      fetch(`${gate}/v1/files`, { headers: { authorization: `Bearer ${good}` } }).then((it) => it.status)
    // The upstream answers well half of the time.
    for (let round = 0; round < 30; round++) if (await ask().catch(() => 0) === 200) return 200
    return await ask()
  })
  const logged = serve.err().split("\n").filter((it) => it.includes("nobody expected"))
  return {
    ...told,
    ...left,
    defects: [...left.defects, ...logged],
    exitCode: serve.process.exitCode,
    status
  } satisfies After
})
