/**
 * Law: AuthZEN's searches list exactly those whom an evaluation lets, and so do `who` and `can`, over a directory that a
 * seed draws: people, teams, memberships and agents with lists of models and of tools. The tests draw some, the soak 1 000.
 */
import { Effect } from "effect"
import assert from "node:assert"
import type * as AdminClient from "./AdminClient.ts"

/** The policy under which the law is asked: servers of MCP that anybody with a team or without may reach. */
export const policy = {
  teamRoutes: ["llm_api_routes", "/mcp/*"],
  userRoutes: ["llm_api_routes", "/mcp/*"],
  mcp: [{ server: "github", path: "/mcp/github" }, { server: "files", path: "/mcp/files" }]
}

/** Small numbers of one seed, as many as are drawn (mulberry32). */
export const draws = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let it = Math.imul(state ^ (state >>> 15), 1 | state)
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it
    return ((it ^ (it >>> 14)) >>> 0) % below
  }
}

const models = ["gpt-4o", "claude-x", "o1"]
const tools = ["github/read", "github/delete", "files/read"]
const modelLists = [[], ["gpt-4o"], ["claude-*"], ["*"], ["no-default-models"], ["gpt-4o", "o1"]]
const toolLists = [[], ["github/*"], ["github/*", "!github/delete"], ["*"], ["files/read", "github/read"], ["!*"]]
const teamIds = ["blue", "green", "red"]
const people = ["u-1", "u-2", "u-3", "u-4"]
const agentIds = ["a-1", "a-2"]

const directoryOf = (seed: number) => {
  const pick = draws(seed)
  const some = <A>(all: ReadonlyArray<A>): A | undefined => all[pick(all.length)]
  const lists = (share: number) => ({
    models: pick(share) === 0 ? some(modelLists) ?? [] : [],
    ...(pick(share) === 0 ? { tools: some(toolLists) ?? [] } : {})
  })
  return {
    teams: teamIds.map((id) => ({ id, ...lists(1), blocked: pick(6) === 0 })),
    users: people.map((id) => ({ id, role: "internal_user", ...lists(2), blocked: pick(6) === 0 })),
    memberships: people.flatMap((user) =>
      teamIds.filter(() => pick(3) === 0).map((team) => ({ user, team, ...lists(3) }))
    ),
    agents: agentIds.map((id) => ({ id, ...lists(2), autonomous: pick(2) === 0, blocked: pick(6) === 0 }))
  }
}

type Ids = ReadonlyArray<string>
const idsOf = (items: ReadonlyArray<{ readonly id: string }>): Ids => items.map((it) => it.id)

/** Asks one drawn directory about one model or tool, with or without an agent; dies where two answers differ. */
export const holds = Effect.fnUntraced(function*(client: ReturnType<typeof AdminClient.make>, seed: number) {
  const pick = draws(seed * 7919)
  const directory = directoryOf(seed)
  const applied = yield* client.post("/admin/v1/directory?prune=all", directory)
  assert.ok(applied.status < 300, JSON.stringify(applied.body))
  const type = pick(2) === 0 ? "model" : "tool"
  const all = type === "model" ? models : tools
  const id = all[pick(all.length)] ?? ""
  const text = JSON.stringify(directory)
  const isNamed = (name: string): boolean => text.includes(`"${name}"`) || text.includes(`"!${name}"`)
  const agent = pick(3) === 0 ? agentIds[pick(2)] : undefined
  const context = agent === undefined ? {} : { agent }
  const query = `${type}=${encodeURIComponent(id)}${agent === undefined ? "" : `&agent=${agent}`}`
  const resource = { type, id }
  const action = { name: "call" }
  const about = `seed ${seed}, ${query}`
  const post = (path: string, body: object) =>
    Effect.map(client.post(`/access/v1/${path}`, { action, resource, context, ...body }), (it) => it.body)
  const found = (kind: string) =>
    Effect.map(post("search/subject", { subject: { type: kind } }), (it) => idsOf(it.results))
  const allowed = (kind: string, ids: Ids) =>
    Effect.map(
      post("evaluations", { evaluations: ids.map((one) => ({ subject: { type: kind, id: one } })) }),
      ({ evaluations }) => ids.filter((_, at) => evaluations[at].decision === true)
    )
  const who = (kind: string) => Effect.map(client.get(`/admin/v1/who/${kind}?${query}`), (it) => idsOf(it.body.items))
  for (const [kind, plural, ids] of [["user", "users", people], ["team", "teams", teamIds]] as const) {
    const listed = yield* found(kind)
    assert.deepStrictEqual(listed, yield* allowed(kind, ids), `${about}: evaluations of each ${kind}`)
    assert.deepStrictEqual(listed, yield* who(plural), `${about}: who, ${plural}`)
    const one = ids[pick(ids.length)] ?? ""
    const can = yield* client.get(`/admin/v1/${plural}/${one}/can?${query}`)
    assert.strictEqual(can.body.allowed, listed.includes(one), `${about}: can, ${one}`)
    // What the same subject may call at all: of what is named somewhere, what an evaluation lets.
    const { results } = yield* post("search/resource", { subject: { type: kind, id: one }, resource: { type } })
    const { evaluations } = yield* post("evaluations", {
      subject: { type: kind, id: one },
      evaluations: all.map((it) => ({ resource: { type, id: it } }))
    })
    assert.deepStrictEqual(
      idsOf(results),
      all.filter((it, at) => isNamed(it) && evaluations[at].decision === true).toSorted(),
      `${about}: search of resources, ${one}`
    )
  }
  if (agent === undefined) {
    const listed = yield* found("agent")
    assert.deepStrictEqual(listed, yield* allowed("agent", agentIds), `${about}: evaluations of each agent`)
    const { body } = yield* client.get(`/admin/v1/who/agents?${query}`)
    const alone = body.items.filter((it: { readonly alone: boolean }) => it.alone)
    assert.deepStrictEqual(listed, idsOf(alone), `${about}: who, agents`)
  }
})
