/** Programs that act for people, or for themselves (RULES D72, DESIGN §11). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { appendIdentity } from "../../src/answer/IdentityHeaders.ts"
import { AgentId, makeAgent, ModelGroupId, TeamId } from "../../src/directory/Directory.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { team, user } = CoreTest
const agent = (id: string, row: Partial<Parameters<typeof makeAgent>[0]> = {}) =>
  makeAgent({ id: AgentId.make(id), ...row })

const rows = {
  users: [user("u-1")],
  teams: [team("red", { models: ["gpt-4o", "claude"] }), team("blue")],
  modelGroups: [CoreTest.modelGroup("cheap", ["gpt-4o-mini"])],
  agents: [
    agent("free", { name: "Free" }),
    agent("narrow", { models: ["gpt-4o"] }),
    agent("claude", { models: ["claude", "gpt-4o"] }),
    agent("none", { models: [] }),
    agent("grouped", { modelGroups: [ModelGroupId.make("cheap"), ModelGroupId.make("ghost")] }),
    agent("ghosts", { modelGroups: [ModelGroupId.make("ghost")] }),
    agent("blue", { teams: [TeamId.make("blue")] }),
    agent("blocked", { blocked: true }),
    agent("robot", { models: ["gpt-4o"], autonomous: true }),
    agent("bound", { hasIdentity: true }),
    agent("traced", { requireTraceId: true })
  ]
}
const claims = (agent: object) => ({ claims: { ...CoreTest.mapping, agent } })
const acting = (...chain: ReadonlyArray<string>): object | undefined =>
  chain.reduceRight<object | undefined>((act, sub) => act === undefined ? { sub } : { sub, act }, undefined)
const call = (more: object, model = "gpt-4o", headers = {}) => ({
  claims: { uid: "u-1", team_id: "red", ...more },
  model,
  headers
})

describe("agents that the claims name", () => {
  decides("RULES D72: a registered agent by id, then by name; an unknown one is denied", {
    issuer: claims({ actor: null, id: "azp" }),
    rows
  }, {
    "nobody": [call({}), "allow user=u-1 team=red"],
    "no text (RULES D12)": [call({ azp: 7 }), "401 invalid_token"],
    "several": [call({ azp: ["narrow"] }), "401 invalid_token"],
    "nothing": [call({ azp: null }), "allow user=u-1 team=red"],
    "by id": [call({ azp: "free" }), "allow user=u-1 team=red"],
    "by name": [call({ azp: "Free" }), "allow user=u-1 team=red"],
    "unknown": [call({ azp: "ghost" }), "403 agent_unknown"],
    "one that has an identity": [call({ azp: "bound" }), "403 agent_unknown"],
    "an actor is not read": [call({ act: { sub: "blocked" } }), "allow user=u-1 team=red"]
  })

  decides("RULES D12: what cannot be read is passed over where the issuer says so, and nowhere else", {
    issuer: { ...claims({ actor: null, id: "azp" }), unreadable: "ignore" },
    rows
  }, {
    "no text": [call({ azp: 7 }), "allow user=u-1 team=red"]
  })

  decides("null reads nothing of who acts", { issuer: { claims: { ...CoreTest.mapping, agent: null } }, rows }, {
    "an actor": [call({ act: acting("none"), azp: "none" }), "allow user=u-1 team=red"]
  })

  decides("RULES D12: a client that cannot be read is not nobody", {
    issuer: claims({ actor: null, client: "app.client" }),
    rows
  }, {
    "a list": [call({ app: { client: ["narrow"] } }), "401 invalid_token"],
    "on the way to it, a text": [call({ app: "narrow" }), "401 invalid_token"],
    "nothing": [call({ app: {} }), "allow user=u-1 team=red"],
    "nothing on the way to it": [call({ app: null }), "allow user=u-1 team=red"],
    "no entries on the way to it": [call({ app: [] }), "allow user=u-1 team=red"]
  })

  decides("RULES D72: an agent with an identity of its own is named by that alone, also where an actor names it", {
    issuer: claims({}),
    policy: { agents: { unknown: "deny" } },
    rows
  }, {
    "a row": [call({ act: acting("free") }), "allow user=u-1 team=red"],
    "one that has an identity": [call({ act: acting("bound") }), "403 agent_unknown"]
  })

  decides("DESIGN §11: a team is open to a chain when it is open to each agent of it", {
    issuer: claims({}),
    rows: { ...rows, agents: [...rows.agents, agent("red", { teams: [TeamId.make("red")] })] }
  }, {
    "to one that may": [call({ act: acting("red") }), "allow user=u-1 team=red"],
    "to one that may, for one that may not": [call({ act: acting("red", "blue") }), "403 team_denied"],
    "the other way round": [call({ act: acting("blue", "red") }), "403 team_denied"]
  })

  decides("DESIGN §11: each agent of the chain takes away, and adds nothing", { issuer: claims({}), rows }, {
    "its list": [call({ act: acting("narrow") }), "allow user=u-1 team=red"],
    "its list, though the token says that it is elsewhere": [
      call({ act: acting("narrow"), _claim_names: { act: "src1" } }),
      "allow user=u-1 team=red"
    ],
    "an actor that is elsewhere": [call({ _claim_names: { act: "src1" } }), "401 invalid_token"],
    "not in its list": [call({ act: acting("narrow") }, "claude"), "403 agent_model_denied"],
    "the user's first": [call({ act: acting("free") }, "o1"), "403 team_model_denied"],
    "the inner one": [call({ act: acting("claude", "narrow") }, "claude"), "403 agent_model_denied"],
    "an empty list": [call({ act: acting("none") }), "403 agent_model_denied"],
    "models of groups": [call({ team_id: "blue", act: acting("grouped") }, "gpt-4o-mini"), "allow user=u-1 team=blue"],
    "not in its groups": [call({ act: acting("grouped") }), "403 agent_model_denied"],
    "groups that are nowhere": [call({ act: acting("ghosts") }), "403 agent_model_denied"],
    "unknown ones are passed over": [call({ act: acting("ghost") }), "allow user=u-1 team=red"],
    "blocked": [call({ act: acting("free", "blocked") }), "403 agent_blocked"],
    "four are followed": [call({ act: acting("a", "b", "c", "d") }), "allow user=u-1 team=red"],
    "five are not": [call({ act: acting("a", "b", "c", "d", "e") }), "401 invalid_token"],
    "a link without a name": [call({ act: { act: { sub: "free" } } }), "401 invalid_token"],
    "no object": [call({ act: "free" }), "401 invalid_token"]
  })

  decides("DESIGN §11: an agent acts in its teams alone", { issuer: claims({}), rows }, {
    "another": [call({ act: acting("blue") }), "403 team_denied"],
    "its own": [call({ team_id: "blue", act: acting("blue") }), "allow user=u-1 team=blue"],
    "of several": [
      { claims: { uid: "u-1", groups: ["red", "blue"], act: acting("blue") }, model: "gpt-4o" },
      "allow user=u-1 team=blue"
    ],
    "none": [{ claims: { uid: "u-1", act: acting("blue") }, model: "gpt-4o" }, "403 team_denied"]
  })

  decides("DESIGN §11: the client counts when it has a row, or when unknown agents are denied", {
    issuer: claims({ actor: "act", client: "azp" }),
    policy: { agents: { unknown: "deny" } },
    rows
  }, {
    "known": [call({ azp: "narrow" }, "claude"), "403 agent_model_denied"],
    "unknown": [call({ azp: "web" }), "403 agent_unknown"],
    "an actor goes before it": [call({ azp: "web", act: acting("free") }), "allow user=u-1 team=red"],
    "an unknown actor": [call({ act: acting("ghost") }), "403 agent_unknown"]
  })

  decides("DESIGN §11: without a user only an autonomous agent is somebody, with its own list", {
    issuer: claims({ client: "azp" }),
    rows
  }, {
    "autonomous": [{ claims: { azp: "robot" }, model: "gpt-4o" }, "allow"],
    "not in its list": [{ claims: { azp: "robot" }, model: "claude" }, "403 agent_model_denied"],
    "not autonomous": [{ claims: { azp: "narrow" }, model: "gpt-4o" }, "403 principal_required"]
  })

  decides("an agent that must tell its trace", { issuer: claims({}), rows }, {
    "told": [call({ act: acting("traced") }, "gpt-4o", { "x-litellm-trace-id": "t" }), "allow user=u-1 team=red"],
    "a client's session": [
      call({ act: acting("traced") }, "gpt-4o", { "x-claude-code-session-id": "abcdefgh" }),
      "allow user=u-1 team=red"
    ],
    "untold": [call({ act: acting("traced") }), "400 trace_id_required"]
  })

  decides("RULES D27: agents that cannot be read are no absence of agents", {
    issuer: claims({}),
    rows,
    failing: ["agents"]
  }, {
    "503": [call({ act: acting("free") }), "503 directory_unavailable"],
    "nobody": [call({}), "allow user=u-1 team=red"]
  })

  it.effect("who acts is told with the decision, outermost first, and what may be called is theirs too", () =>
    Effect.gen(function*() {
      const { decision } = yield* CoreTest.ask({ issuer: claims({}), rows }, call({ act: acting("claude", "narrow") }))
      assert.deepStrictEqual(decision?.principal.agent, { id: "claude", chain: ["claude", "narrow"] })
      assert.deepStrictEqual(decision?.reach.models(), ["gpt-4o"])
      assert.isFalse(decision?.reach.mayCall("claude"))
      const headers: Array<string> = []
      if (decision !== undefined) appendIdentity(headers, "d_1", decision)
      assert.strictEqual(headers[headers.indexOf("x-jotgate-agent") + 1], "claude")
    }))
})

describe("managed agents", () => {
  const binding = (client: string, row: object = {}) => ({
    agent: agent(`agent-${client}`, { models: ["gpt-4o"], teams: null, autonomous: true, hasIdentity: true }),
    active: true,
    issuer: "https://idp.test",
    tenant: "t-1",
    client,
    servicePrincipal: "sp-1",
    requiredRoles: ["Agent.Run"],
    requiredScopes: ["user_impersonation"],
    mode: "both" as const,
    ...row
  })
  const person = user("u-1", {
    teams: ["red"],
    role: "proxy_admin",
    subjects: [{ namespace: "https://idp.test", subject: JSON.stringify(["t-1", "o-1"]) }]
  })
  const world = {
    issuer: { serviceAccounts: "asUsers" as const },
    rows: {
      ...rows,
      users: [person],
      agentBindings: [
        binding("run"),
        binding("off", { active: false }),
        binding("gone", { agent: null }),
        binding("red", { agent: agent("red-agent", { models: ["gpt-4o"], teams: [TeamId.make("red")] }) })
      ]
    }
  }
  const app = (more: object = {}, model: string | undefined = "gpt-4o", path = "/v1/chat/completions") => ({
    claims: { tid: "t-1", azp: "run", oid: "sp-1", roles: ["Agent.Run"], ...more },
    ...(model === undefined ? {} : { model }),
    path
  })
  const delegated = (more: object = {}, model = "gpt-4o") =>
    app({ azp: "red", oid: "o-1", scp: "user_impersonation", roles: undefined, ...more }, model)

  decides("RULES D72: a token whose application is bound is the agent's, or nobody's", world, {
    "on its own": [app(), "allow"],
    "not among its models": [app({}, "claude"), "403 agent_model_denied"],
    "no model": [{ ...app(), model: "unnamed" }, "403 model_unnamed"],
    "a user claim is not looked at": [app({ uid: "u-1", team_id: "red" }), "allow"],
    "an unbound client is a person's": [
      app({ azp: "web", oid: undefined, uid: "u-1", team_id: "red" }),
      "allow admin user=u-1 team=red"
    ],
    "another tenant is not bound": [
      app({ tid: "t-2", oid: undefined, uid: "u-1", team_id: "red" }),
      "allow admin user=u-1 team=red"
    ],
    "disabled": [app({ azp: "off" }), "403 agent_blocked"],
    "taken back": [app({ azp: "gone", uid: "u-1" }), "403 agent_blocked"],
    "another object": [app({ oid: "o-9" }), "403 agent_blocked"],
    "a role is missing": [app({ roles: [] }), "403 agent_blocked"],
    "roles as text": [app({ roles: "Agent.Run" }), "403 agent_blocked"],
    "a user's token": [app({ idtyp: "user" }), "403 agent_blocked"],
    "a user of the kind of agents": [app({ xms_sub_fct: "9 13" }), "403 agent_blocked"],
    "management": [app({}, undefined, "/key/generate"), "403 agent_blocked"],
    "the list of agents": [{ ...app({}, undefined, "/v1/agents"), method: "GET" }, "allow"]
  })

  decides("RULES D72: delegated to by somebody who signed in, in a team that grants it, and never an admin", world, {
    "in its team": [delegated(), "allow user=u-1 team=red"],
    "its models hold": [delegated({}, "claude"), "403 agent_model_denied"],
    "nobody has signed in": [delegated({ oid: "o-9" }), "403 agent_blocked"],
    "a scope is missing": [delegated({ scp: "openid" }), "403 agent_blocked"],
    "by the agent itself": [delegated({ oid: "sp-1" }), "403 agent_blocked"]
  })

  decides("RULES D72: an issuer whose audience is not checked names no agent", {
    ...world,
    issuer: { ...world.issuer, audience: "any" }
  }, { "any": [app(), "403 agent_blocked"] })
})
