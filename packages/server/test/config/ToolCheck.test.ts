/** What a file says of MCP servers and tools that has no effect, or another one than its author may think. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { checkConfig } from "../../src/config/ConfigCheck.ts"
import { parseConfig } from "../../src/config/ConfigFile.ts"

const check = (policy: string, { gateway = "", grants = "" } = {}): ReadonlyArray<string> =>
  checkConfig(Result.getOrThrow(parseConfig({
    name: "jotgate.yaml",
    text: `issuers: [{ id: a, issuer: https://a.test, audience: x${grants} }]\npolicy: { ${policy} }\n${gateway}`,
    directory: "/",
    env: {}
  }))).map((it) => `${it.severity} ${it.path}: ${it.message}`)

const github = "mcp: [{ server: github, path: /mcp/github }]"

describe("tools in checkConfig", () => {
  it("a server that callers may use has no finding", () => {
    assert.deepStrictEqual(check(github), [])
    assert.deepStrictEqual(check(`${github}, teamRoutes: [info_routes, /mcp/*], userRoutes: []`), [])
    assert.deepStrictEqual(
      check("mcp: [{ server: github, path: /mcp/github, resource: https://g.test/mcp, scopes: [mcp] }]"),
      []
    )
  })

  it("a server whose path nobody may use", () => {
    const [finding, ...more] = check(`${github}, teamRoutes: [info_routes], userRoutes: [info_routes]`)
    assert.match(finding ?? "", /^warning policy\.mcp\[0\]\.path: may be used by nobody/)
    assert.lengthOf(more, 0)
  })

  it("a pattern about a server that is not there, wherever it stands", () => {
    const roles =
      `roles: [{ role: internal_user, tools: ["github/*", "githup/get", "!git*/x", "*"], prompts: ["jira/*"] }]`
    const scopes = `scopes: [{ scope: s, resources: ["!jira/*"] }]`
    const findings = check(`${github}, ${roles}, ${scopes}`, { grants: `, grants: { tools: ["hub/*"] }` })
    assert.deepStrictEqual(findings.map((it) => it.split(": ")[0]), [
      "warning issuers[0].grants.tools[0]",
      "warning policy.roles[0].tools[1]",
      "warning policy.roles[0].prompts[0]",
      "warning policy.scopes[0].resources[0]"
    ])
    assert.include(findings[1], `did you mean "github"?`)
  })

  it("scopes that list tools have an effect without requireScope", () => {
    assert.deepStrictEqual(check(`${github}, scopes: [{ scope: s, tools: ["github/*"] }]`), [])
    assert.match(check(`${github}, scopes: [{ scope: s, models: [gpt-4o] }]`)[0] ?? "", /policy\.scopes: has no effect/)
  })

  it("a resource without scopes", () => {
    assert.match(
      check("mcp: [{ server: g, path: /mcp/g, resource: https://g.test/mcp }]")[0] ?? "",
      /^warning policy\.mcp\[0\]\.scopes: is empty/
    )
  })

  it("doors that see no body, where nothing else is served", () => {
    const gateway = "gateway: { trustedProxies: [10.0.0.0/8], forwardAuth: { unseenModel: pass } }"
    const of = (text: string) => check(github, { gateway: text }).filter((it) => it.includes("Mcp-Method"))
    assert.lengthOf(of(gateway), 1)
    assert.lengthOf(of(gateway.replace(" }\n", "").replace(/ \}$/, ", upstream: { url: http://localhost:4000 } }")), 0)
    assert.lengthOf(of(""), 0)
  })
})
