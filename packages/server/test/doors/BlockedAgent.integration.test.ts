/**
 * An agent that is blocked at one gate is blocked at every door of every process over the same database, within two
 * seconds, whoever it acts for, and whatever it asks for; another agent is not. Both processes change it once.
 */
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { describeWith, Postgres } from "@jotgate/servers"
import { Effect, type Scope } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createGate, type GateSettings } from "../../src/EmbeddedGate.ts"
import * as AdminClient from "../support/AdminClient.ts"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import * as Doors from "../support/Doors.ts"
import * as ServedGate from "../support/ServedGate.ts"
import * as Upstream from "../support/Upstream.ts"

const token = DirectoryWorld.adminToken

const dialects = ["nginx", "ingress-nginx", "caddy", "haproxy", "traefik", "envoy"] as const

/** Every door of a gate. */
const doorsOf = ({ admin, gate, grpc }: ServedGate.ServedGate): Readonly<Record<string, Doors.Door>> => ({
  "the proxy": Doors.http(`http://127.0.0.1:${gate}`),
  ...Object.fromEntries(dialects.map((it) => [it, Doors.asking(gate, it, false)])),
  "traefik with bodies": Doors.asking(gate, "traefik", true),
  "envoy with bodies": Doors.asking(gate, "envoy", true),
  "gRPC": Doors.grpc(grpc, false),
  "gRPC with bodies": Doors.grpc(grpc, true),
  "/decide, as custom_auth asks": Doors.decide(`http://127.0.0.1:${admin}`, token)
})

/** A gate here, one in another process, and one in a host, over one database; tokens of agents for two people. */
const world = Effect.fnUntraced(function*(urlIn: (folder: string) => Effect.Effect<string, never, Scope.Scope>) {
  const folder = yield* DirectoryWorld.folder
  const upstream = yield* Upstream.make
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  writeFileSync(join(folder, "keys.json"), JSON.stringify(idp.jwks))
  const settings: GateSettings = {
    issuers: [{
      id: "idp",
      issuer: "https://idp.test",
      audience: "https://api.test",
      jwks: `file:${folder}/keys.json`,
      claims: { user: "sub", agent: { actor: "act" } }
    }],
    policy: {
      withoutTeam: "all",
      userRoutes: ["llm_api_routes", "/mcp/*"],
      mcp: [{ server: "files", path: "/mcp/files" }],
      roles: [{ role: "internal_user", tools: ["files/*"] }]
    },
    directory: { url: yield* urlIn(folder), users: { unknown: "allow" } },
    // Rows are remembered for so long that only a word of the other process can make a gate forget one.
    cache: { dir: null, rows: "10m", staleRows: "20m" }
  }
  const served = {
    ...settings,
    gateway: {
      listen: "127.0.0.1:0",
      admin: "127.0.0.1:0",
      grpc: "127.0.0.1:0",
      adminToken: "env:ADMIN",
      drain: "0s",
      upstream: { url: upstream.url },
      trustedProxies: ["127.0.0.1"]
    },
    audit: { to: "none" }
  }
  const env = { ADMIN: token }
  // One after the other: the first makes the tables.
  const first = yield* ServedGate.here(served, env)
  const second = yield* ServedGate.elsewhere(served, env)
  const embedded = yield* Effect.acquireRelease(
    Effect.promise(() => createGate(settings, { env })),
    (it) => Effect.promise(() => it.close())
  )
  const doors = [first, second].flatMap((it, at) =>
    Object.entries(doorsOf(it)).map(([name, ask]) => ({ name: `${name} of gate ${at + 1}`, ask }))
  )
  const now = Math.floor(Date.now() / 1000)
  const bearer = (sub: string, agent: string) => idp.token({ now, claims: { sub, act: { sub: agent } } })
  return {
    admins: [first, second].map((it) => AdminClient.make(`http://127.0.0.1:${it.admin}`, token)),
    bearer,
    doors: [...doors, { name: "a host that embeds the gate", ask: Doors.embedded(embedded, "fetch") }],
    upstream
  }
})

/** A call of a tool, and one of a model. */
const questionsOf = (bearer: string): ReadonlyArray<Doors.Question> => {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" }
  const named = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get" }
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get", arguments: {} } })
  return [
    { method: "POST", path: "/mcp/files", headers: { ...headers, ...named }, body },
    { method: "POST", path: "/v1/chat/completions", headers, body: JSON.stringify({ model: "gpt-4o", messages: [] }) }
  ]
}

const allowed = "200 null"

/** What each door answers to each question, told shortly, with how often. */
const counted = Effect.fnUntraced(function*(
  doors: ReadonlyArray<{ readonly ask: Doors.Door }>,
  questions: ReadonlyArray<Doors.Question>
) {
  const counts: Record<string, number> = {}
  for (const { ask } of doors) {
    for (const question of questions) {
      const { code, status } = yield* ask(question)
      const answer = `${status} ${code}`
      counts[answer] = (counts[answer] ?? 0) + 1
    }
  }
  return counts
})

/** What AuthZEN says of an agent that calls the tool for somebody, at each gate. */
const evaluated = (admins: ReadonlyArray<ReturnType<typeof AdminClient.make>>, user: string, agent: string) =>
  Effect.forEach(admins, (admin) =>
    Effect.map(
      admin.post("/access/v1/evaluation", {
        subject: { type: "user", id: user },
        action: { name: "call" },
        resource: { type: "tool", id: "files/get" },
        context: { agent }
      }),
      ({ body }) => body.decision
    ))

const blocking = (urlIn: (folder: string) => Effect.Effect<string, never, Scope.Scope>) => {
  it.live(
    "and lets it act again as soon as it may, alike",
    () =>
      Effect.gen(function*() {
        const { admins, bearer, doors, upstream } = yield* world(urlIn)
        const acting = [
          ...questionsOf(yield* bearer("alice", "agent-7")),
          ...questionsOf(yield* bearer("bob", "agent-7")).slice(0, 1)
        ]
        const other = questionsOf(yield* bearer("alice", "agent-8"))
        const all = doors.length * acting.length
        assert.deepStrictEqual(yield* counted(doors, [...acting, ...other]), { [allowed]: all + doors.length * 2 })
        assert.deepStrictEqual(yield* evaluated(admins, "alice", "agent-7"), [true, true])

        /** Until every door says so of both; two seconds are meant, a busy machine is given twenty times as long. */
        const until = Effect.fnUntraced(function*(answer: string) {
          const since = performance.now()
          for (const { ask, name } of doors) {
            for (const question of acting.slice(0, 2)) {
              const { code, status } = yield* Effect.repeat(ask(question), {
                until: ({ code, status }) => `${status} ${code}` === answer || performance.now() - since > 40_000
              })
              assert.strictEqual(`${status} ${code}`, answer, name)
            }
          }
        })
        const [first, second] = admins
        if (first === undefined || second === undefined) return assert.fail("two gates are asked")
        // What `jotgate deny create --agent` asks of a gate.
        const made = yield* first.post("/admin/v1/agents", { id: "agent-7", blocked: true })
        assert.strictEqual(made.status, 201, made.text)
        yield* until("403 agent_blocked")
        const reached = upstream.requests.length
        assert.deepStrictEqual(yield* counted(doors, acting), { "403 agent_blocked": all })
        assert.lengthOf(upstream.requests, reached)
        assert.deepStrictEqual(yield* counted(doors, other), { [allowed]: doors.length * 2 })
        assert.deepStrictEqual(yield* evaluated(admins, "bob", "agent-7"), [false, false])
        assert.deepStrictEqual(yield* evaluated(admins, "bob", "agent-8"), [true, true])

        const lifted = yield* second.patch("/admin/v1/agents/agent-7", { blocked: false })
        assert.strictEqual(lifted.status, 200, lifted.text)
        yield* until(allowed)
        assert.deepStrictEqual(yield* counted(doors, acting), { [allowed]: all })
      })
  )
}

describe("an agent is blocked at every door, over SQLite", () =>
  blocking((folder) => Effect.succeed(`sqlite:${folder}/jotgate.db`)))

describeWith("postgres", "an agent is blocked at every door, over PostgreSQL", () =>
  blocking(() =>
    Effect.flatMap(
      Effect.acquireRelease(Effect.promise(() => Postgres.start()), (it) => Effect.promise(() => it.stop())),
      (it) => Effect.promise(() => it.createDatabase("agents"))
    )
  ))
