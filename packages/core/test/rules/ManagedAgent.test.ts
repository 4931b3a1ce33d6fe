/** Tokens of managed agents against their binding, claim by claim, and where such an agent may ask (RULES D72). */
import { assert, describe, it } from "@effect/vitest"
import type { AgentBinding } from "../../src/directory/Directory.ts"
import type { JsonObject } from "../../src/Json.ts"
import * as ManagedAgent from "../../src/rules/ManagedAgent.ts"
import { knownModel, severalModels } from "../../src/rules/RequestedModel.ts"
import * as RouteGroups from "../../src/rules/routes/RouteGroups.ts"

const claims = { iss: "https://sts.test/t", tid: "t", azp: "app", oid: "sp" }
const binding = (mode: AgentBinding["mode"]): AgentBinding => ({
  agent: null,
  active: true,
  issuer: "https://sts.test/t",
  tenant: "t",
  client: "app",
  servicePrincipal: "sp",
  mode,
  requiredScopes: ["act"],
  requiredRoles: ["run"]
})

describe("the subject of a managed agent's token", () => {
  const read = (mode: AgentBinding["mode"], more: JsonObject) =>
    ManagedAgent.subjectOf(binding(mode), { ...claims, ...more })

  it("is the agent on its own, or a person by the object id", () => {
    assert.deepStrictEqual(read("both", { roles: ["run"] }), { mode: "autonomous", object: "sp" })
    assert.deepStrictEqual(read("both", { oid: "alice", scp: "act" }), { mode: "delegated", object: "alice" })
  })

  const contradicting: Readonly<Record<string, JsonObject>> = {
    "another issuer": { iss: "https://sts.test/other", roles: ["run"] },
    "another tenant": { tid: "other", roles: ["run"] },
    "another application": { azp: "other", roles: ["run"] },
    "the service principal as a person": { scp: "act" },
    "an application as a person": { oid: "alice", scp: "act", idtyp: "app" },
    "a person on its own": { oid: "alice", roles: ["run"] },
    "a user on its own": { idtyp: "user", roles: ["run"] },
    "a missing scope": { oid: "alice", scp: "read" },
    "a missing role": { roles: ["read"] },
    "a user of the kind of agents": { oid: "alice", scp: "act", xms_sub_fct: "3 13" }
  }
  for (const [title, more] of Object.entries(contradicting)) {
    it(`${title} is nobody's`, () => assert.isString(read("both", more)))
  }

  it("only an issuer whose audience is checked is one", () => {
    assert.isTrue(ManagedAgent.isTrusted({ issuer: "https://sts.test/t", audience: ["gate"] }))
    assert.isFalse(ManagedAgent.isTrusted({ issuer: "any", audience: ["gate"] }))
    assert.isFalse(ManagedAgent.isTrusted({ issuer: "https://sts.test/t", audience: ["any"] }))
  })

  it("calls models by POST alone", () => {
    const may = ManagedAgent.routes(RouteGroups.of("1.110"))
    const asks = (method: string, path: string) => may({ method, path, rawHeaders: [], model: { _tag: "None" } })
    assert.deepStrictEqual(["POST", "GET", "PUT"].map((it) => asks(it, "/v1/chat/completions")), [true, false, false])
    assert.deepStrictEqual(["GET", "POST"].map((it) => asks(it, "/v1/agents")), [true, false])
  })
})

it("RULES D69: a model that is named twice is one", () => {
  assert.deepStrictEqual(severalModels(["gpt-4o", "gpt-4o"]), knownModel("gpt-4o"))
})
