/** `mcp_servers` of LiteLLM's file: each server is judged where LiteLLM serves it, and every key has its line. */
import { assert, describe, it } from "@effect/vitest"
import { LitellmReleases } from "@jotgate/core/Settings"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import { importLitellm } from "../../src/import/litellm.ts"

const env = { JWT_PUBLIC_KEY_URL: "https://idp.test/keys", JWT_AUDIENCE: "a", GITHUB_TOKEN: "secret-of-github" }

const file: { readonly mcp_servers: Readonly<Record<string, object>> } = parse(
  readFileSync(new URL("../fixtures/litellm/mcp-servers.yaml", import.meta.url), "utf8")
)
const imported = (servers: unknown, more: object = {}) =>
  importLitellm({ general_settings: { enable_jwt_auth: true }, mcp_servers: servers, ...more }, { env })
const whole = Result.getOrThrow(importLitellm(file, { env }))
const verdictOf = (key: string) => whole.report.find((it) => it.key === key)?.verdict

describe("importLitellm: mcp_servers", () => {
  it("each server has a path of its own, and the names that rows have for it", () => {
    // The ids were made by LiteLLM 1.110's own loader from the same entries.
    assert.deepStrictEqual(
      whole.settings.policy.mcp.map(({ aliases, path, server }) => ({ server, path, aliases })),
      [
        { server: "gh", path: "/mcp/gh", aliases: ["github", "21e1f64b8ba8042986bfabcfd0a140ea", "group:dev"] },
        { server: "zap", path: "/mcp/zap", aliases: ["zapier", "973b0a895a4b1bdf886835dc16acd291"] },
        { server: "local_time", path: "/mcp/local_time", aliases: ["2e87b216188b2745bdbd86cbfe4a93ec"] },
        { server: "pinned", path: "/mcp/pinned", aliases: ["srv-1"] },
        {
          server: "teams_wiki",
          path: "/mcp/teams/wiki",
          aliases: whole.settings.policy.mcp[4]?.aliases ?? []
        }
      ]
    )
    assert.deepStrictEqual(whole.settings.policy.mcp[0]?.prefixes.slice(0, 2), ["gh-", "github-"])
  })

  it("every key is imported, or named with its place and why not", () => {
    for (const [name, entry] of Object.entries(file.mcp_servers)) {
      assert.isDefined(verdictOf(`mcp_servers.${name}`), name)
      if (name === "two words") continue
      for (const key of Object.keys(entry)) assert.isDefined(verdictOf(`mcp_servers.${name}.${key}`), `${name}.${key}`)
    }
    assert.strictEqual(verdictOf("mcp_servers.two words"), "needs a decision")
    assert.strictEqual(verdictOf("mcp_servers.github.made_up"), "ignored")
    assert.strictEqual(verdictOf("mcp_servers.zapier.allow_all_keys"), "stricter")
    assert.strictEqual(verdictOf("mcp_servers.zapier.available_on_public_internet"), "wider")
    for (const key of ["zapier.extra_headers", "pinned.auth_type", "teams/wiki.delegate_auth_to_upstream"]) {
      assert.strictEqual(verdictOf(`mcp_servers.${key}`), "needs a decision", key)
    }
    assert.strictEqual(verdictOf("litellm_settings.mcp_aliases.gh"), "exact")
    assert.strictEqual(verdictOf("litellm_settings.mcp_aliases.hub"), "ignored")
    assert.strictEqual(verdictOf("litellm_settings.mcp_aliases.nowhere"), "ignored")
  })

  it("every key that LiteLLM 1.110's loader declares is known", () => {
    const keys = `server_id protocol_version alias description mcp_info url spec_path transport auth_type
      authentication_token auth_value instructions command args env client_id client_secret oauth2_flow issuer
      authorization_url token_url registration_url token_endpoint_auth_method scopes dcr_bridge
      per_server_oauth_discovery extra_headers allowed_tools disallowed_tools allowed_params access_groups
      static_headers env_vars allow_all_keys available_on_public_internet delegate_auth_to_upstream oauth_passthrough
      allow_sampling allow_elicitation aws_access_key_id aws_secret_access_key aws_session_token aws_region_name
      aws_service_name aws_role_name aws_session_name token_exchange_endpoint token_exchange_profile audience
      subject_token_type upstream_resource upstream_token_header id_jag_resource_token_endpoint id_jag_resource
      id_jag_subject_source id_jag_resource_client_id id_jag_resource_client_secret client_private_key
      client_private_key_id client_assertion_signing_alg timeout max_concurrent_requests rpm`.split(/\s+/)
    const entry = Object.fromEntries(keys.map((it) => [it, it]))
    const { report } = Result.getOrThrow(imported({ one: entry }))
    const unknown = report.filter((it) => it.reason.includes("no key that LiteLLM reads")).map((it) => it.key)
    assert.deepStrictEqual(unknown, [])
    for (const key of keys) assert.isTrue(report.some((it) => it.key === `mcp_servers.one.${key}`), key)
  })

  it("no secret of a server is written", () => {
    assert.notInclude(JSON.stringify([whole.file, whole.report]), "secret-of-github")
  })

  it("a file is refused where LiteLLM would not start, and says where", () => {
    for (
      const [servers, place] of [
        [{ "my-server": {} }, "mcp_servers.my-server"],
        [{ one: { server_id: " " } }, "mcp_servers.one.server_id"],
        [{ one: "http://one.test" }, "mcp_servers.one"],
        [[{ name: "one" }], "mcp_servers"]
      ] as const
    ) {
      const result = imported(servers)
      assert.isTrue(Result.isFailure(result), place)
      assert.isTrue(Result.isFailure(result) && result.failure.some((it) => it.startsWith(`${place}:`)), place)
    }
  })

  it("an address that a variable holds makes the id; without the variable that is said", () => {
    const servers = { one: { url: "os.environ/ONE_URL" } }
    const { report } = Result.getOrThrow(imported(servers))
    assert.isTrue(report.some((it) => it.key === "os.environ/ONE_URL" && it.verdict === "needs a decision"))
  })

  it.each(LitellmReleases)("%s has them", (release) => {
    assert.lengthOf(Result.getOrThrow(importLitellm(file, { env, release })).settings.policy.mcp, 5)
  })
})
