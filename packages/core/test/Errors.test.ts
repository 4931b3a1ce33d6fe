import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import * as Errors from "../src/Errors.ts"

const statuses = [400, 401, 403, 404, 405, 413, 429, 431, 502, 503, 504] as const
const codes = statuses.flatMap((status) => Errors.Codes[status].map((code) => [code, status] as const))

describe("problems", () => {
  it("every code has one status, one text and a type", () => {
    assert.strictEqual(new Set(codes.map(([code]) => code)).size, codes.length)
    for (const [code, status] of codes) {
      assert.strictEqual(Errors.statusOf(code), status)
      assert.isAbove(Errors.Details[code].length, 10)
      assert.strictEqual(Errors.problem(code, "d").type, `https://jotgate.dev/problems/${code}`)
    }
  })

  it("the body has exactly the members of RFC 9457 with ours, and an OpenAI error", () => {
    assert.deepStrictEqual(Errors.problem("team_model_denied", "d_1"), {
      type: "https://jotgate.dev/problems/team_model_denied",
      title: "Not allowed",
      status: 403,
      detail: "The team may not use this model.",
      code: "team_model_denied",
      decision: "d_1",
      error: {
        message: "The team may not use this model. (team_model_denied, d_1)",
        type: "permission_error",
        code: "team_model_denied",
        param: null
      }
    })
  })

  it("the SDKs find the kind of error that they know", () => {
    const kinds = (
      code: Errors.Code
    ) => [Errors.problem(code, "d").error.type, Errors.anthropicProblem(code, "d").error.type]
    assert.deepStrictEqual(kinds("invalid_token"), ["auth_error", "authentication_error"])
    assert.deepStrictEqual(kinds("user_blocked"), ["permission_error", "permission_error"])
    assert.deepStrictEqual(kinds("user_not_found"), ["not_found_error", "not_found_error"])
    assert.deepStrictEqual(kinds("budget_exceeded"), ["budget_exceeded", "rate_limit_error"])
    assert.deepStrictEqual(kinds("body_too_large"), ["invalid_request_error", "request_too_large"])
    assert.deepStrictEqual(kinds("body_invalid"), ["invalid_request_error", "invalid_request_error"])
    assert.deepStrictEqual(kinds("directory_unavailable"), ["api_error", "overloaded_error"])
    assert.deepStrictEqual(kinds("upstream_timeout"), ["api_error", "api_error"])
    assert.strictEqual(Errors.anthropicProblem("user_blocked", "d").type, "error")
  })

  it("a denial is made once per code, has no stack, and is a failure", () => {
    for (const [code, status] of codes.filter(([, status]) => status <= 404 || status === 429)) {
      const denial = Errors.deny(code as Errors.DecisionCode)
      assert.isTrue(Exit.isFailure(denial))
      assert.strictEqual(Errors.deny(code as Errors.DecisionCode), denial)
      assert.include(JSON.stringify(denial), `"${code}"`)
      assert.notInclude(JSON.stringify(denial), "stack")
      assert.isAtLeast(status, 400)
    }
  })

  it("a missing scope is named in a 403 alone (RFC 6750 3.1)", () => {
    assert.include(JSON.stringify(Errors.deny("scope_model_denied", ["chat"])), "\"scope\":[\"chat\"]")
    assert.notInclude(JSON.stringify(Errors.deny("team_not_found", ["chat"])), "chat")
  })

  it("RULES D28: no text names a team, a rule, a claim or a row", () => {
    for (const detail of Object.values(Errors.Details)) assert.notMatch(detail, /["`{}$]|\bpolicy\.|\bdirectory\./)
  })
})
