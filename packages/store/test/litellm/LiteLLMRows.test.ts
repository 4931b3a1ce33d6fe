import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import * as LiteLLMRows from "../../src/litellm/LiteLLMRows.ts"

const valueOf = <A, E>(exit: Exit.Exit<A, E>): A | undefined => Exit.isSuccess(exit) ? exit.value : undefined

const team = {
  id: "red",
  alias: null,
  organization_id: null,
  models: null,
  model_groups: null,
  aliases: null,
  metadata: "{}",
  blocked: false,
  max_budget: null,
  spend: 0
}

const user = {
  id: "u",
  email: null,
  role: null,
  teams: null,
  models: null,
  max_budget: null,
  spend: 0,
  sso_user_id: null,
  subjects: null,
  token_teams: null,
  token_role: null
}

describe("rows of LiteLLM", () => {
  it("NULL lists are empty, and a NULL in a list is left out", () => {
    assert.deepStrictEqual(valueOf(LiteLLMRows.user(user))?.teams, [])
    assert.deepStrictEqual(
      valueOf(LiteLLMRows.user({ ...user, models: "[\"a\",null]" }))?.models,
      ["a"]
    )
    assert.deepStrictEqual(valueOf(LiteLLMRows.team(team))?.models, [])
  })

  it("JSON may be JSON in a text, once or twice", () => {
    const routes = { allowed_passthrough_routes: ["/a", 1, "/b"] }
    for (const metadata of [JSON.stringify(routes), JSON.stringify(JSON.stringify(routes))]) {
      assert.deepStrictEqual(valueOf(LiteLLMRows.team({ ...team, metadata }))?.passThroughRoutes, ["/a", "/b"])
    }
    const aliases = { fast: "gpt-4o-mini", odd: 1 }
    for (const text of [JSON.stringify(aliases), JSON.stringify(JSON.stringify(aliases))]) {
      assert.deepStrictEqual(valueOf(LiteLLMRows.team({ ...team, aliases: text }))?.modelAliases, {
        fast: "gpt-4o-mini"
      })
    }
    for (const odd of ["null", "[]", "7", "\"text\"", "{", ""]) {
      assert.deepStrictEqual(valueOf(LiteLLMRows.team({ ...team, aliases: odd, metadata: odd }))?.modelAliases, {})
    }
  })

  it("members_with_roles may be an empty object, a list, or either in a text", () => {
    const member = { user_id: "u", role: "admin" }
    assert.deepStrictEqual(LiteLLMRows.members("{}"), [])
    assert.deepStrictEqual(LiteLLMRows.members("\"{}\""), [])
    assert.deepStrictEqual(LiteLLMRows.members(JSON.stringify([member, null, 7])), [member])
    assert.deepStrictEqual(LiteLLMRows.members(JSON.stringify(JSON.stringify([member]))), [member])
  })

  it("RULES D42: a role is kept as it is found, known or not", () => {
    assert.strictEqual(valueOf(LiteLLMRows.user({ ...user, role: "wizard" }))?.role, "wizard")
  })

  it("RULES D31: sso_user_id is a subject of the empty namespace", () => {
    const row = { ...user, sso_user_id: "s", subjects: "[[\"okta\",\"o\"]]" }
    assert.deepStrictEqual(valueOf(LiteLLMRows.user(row))?.subjects, [
      { namespace: "", subject: "s" },
      { namespace: "okta", subject: "o" }
    ])
  })

  it("a role is a token's only while it is the one that the token granted", () => {
    assert.strictEqual(valueOf(LiteLLMRows.user({ ...user, role: "a", token_role: "a" }))?.roleOrigin, "token")
    assert.strictEqual(valueOf(LiteLLMRows.user({ ...user, role: "b", token_role: "a" }))?.roleOrigin, "api")
    assert.strictEqual(valueOf(LiteLLMRows.user(user))?.roleOrigin, "api")
  })

  it("what is no row of its kind does not fit", () => {
    assert.isTrue(Exit.isFailure(LiteLLMRows.user({ ...user, id: "" })))
    assert.isTrue(Exit.isFailure(LiteLLMRows.user({ ...user, spend: "much" })))
    assert.isTrue(Exit.isFailure(LiteLLMRows.team({ ...team, models: "{}" })))
    assert.isTrue(Exit.isFailure(LiteLLMRows.team({ ...team, blocked: "no" })))
  })
})
