/** A file is read as one release's: its keys, its defaults, what is of a later one, and what stands at the wrong place. */
import { assert, describe, it } from "@effect/vitest"
import { type LitellmRelease, LitellmReleases, newestLitellm } from "@jotgate/core/Settings"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import { importLitellm, type ImportOptions } from "../../src/import/litellm.ts"
import { JwtAuth } from "../../src/import/LitellmFile.ts"
import { toJson, toText, upgradeOf } from "../../src/import/ParityReport.ts"
import { asRelease, changes, since } from "../../src/import/Releases.ts"

const env = { JWT_PUBLIC_KEY_URL: "https://idp.test/keys", JWT_AUDIENCE: "llm-gateway", JWT_ISSUER: "https://idp.test" }

const attempt = (jwt: object, general: object = {}, rest: object = {}, options: ImportOptions = {}) =>
  importLitellm({ general_settings: { enable_jwt_auth: true, litellm_jwtauth: jwt, ...general }, ...rest }, {
    env,
    ...options
  })

const imported = (...given: Parameters<typeof attempt>) => Result.getOrThrow(attempt(...given))
const refused = (...given: Parameters<typeof attempt>): ReadonlyArray<string> => {
  const result = attempt(...given)
  return Result.isFailure(result) ? result.failure : []
}

describe("importLitellm: releases", () => {
  it.each<readonly [LitellmRelease, ReadonlyArray<string>]>([
    ["1.90", ["openai_routes", "info_routes", "mcp_routes"]],
    ["1.108", ["openai_routes", "info_routes", "mcp_routes", "/v1/messages", "/v1/messages/count_tokens"]],
    ["1.110", [
      ...["openai_routes", "info_routes", "mcp_routes", "/v1/messages", "/v1/messages/count_tokens"],
      ...["/rag/ingest", "/v1/rag/ingest", "/rag/query", "/v1/rag/query"]
    ]]
  ])("%s: its route groups, and its default of team_allowed_routes", (release, routes) => {
    const { policy } = imported({}, {}, {}, { release }).settings
    assert.strictEqual(policy.litellm, release)
    assert.deepStrictEqual(policy.teamRoutes, routes)
  })

  it("a file is the newest release's unless somebody says otherwise", () => {
    assert.strictEqual(imported({}).settings.policy.litellm, newestLitellm)
  })

  it("a name is a route group only where the release has it", () => {
    const jwt = { team_allowed_routes: ["openai_routes", "agent_inference_routes"] }
    assert.lengthOf(imported(jwt, {}, {}, { release: "1.110" }).settings.policy.teamRoutes, 2)
    assert.deepStrictEqual(imported(jwt, {}, {}, { release: "1.90" }).settings.policy.teamRoutes, [
      "openai_routes"
    ])
  })
})

describe("importLitellm: keys by release", () => {
  const all: object = parse(readFileSync(new URL("../fixtures/litellm/all-keys.yaml", import.meta.url), "utf8"))

  it("every key of the newest release has a verdict, and none is unknown", () => {
    const { report } = Result.getOrThrow(importLitellm(all, { env }))
    const keys = Object.keys(JwtAuth.fields)
    for (const key of keys.filter((it) => it !== "issuers")) {
      assert.isTrue(report.some((line) => line.key.startsWith(`litellm_jwtauth.${key}`)), key)
    }
  })

  it("every key that LiteLLM 1.110.2's own models declare has a verdict, with a value of its type", () => {
    const theirs = JSON.parse(readFileSync(new URL("../fixtures/litellm/keys-1.110.json", import.meta.url), "utf8"))
    const { report } = Result.getOrThrow(importLitellm(theirs, { env }))
    const { litellm_jwtauth: jwt, ...general } = theirs.general_settings
    const places = [
      ...Object.keys(general).map((it) => `general_settings.${it}`),
      ...Object.keys(jwt).map((it) => `litellm_jwtauth.${it}`),
      ...Object.keys(jwt.issuers[0]).map((it) => `litellm_jwtauth.issuers[0].${it}`)
    ]
    const silent = places.filter((place) => !report.some(({ key }) => key === place || key.startsWith(`${place}[`)))
    assert.deepStrictEqual(silent, [])
    assert.includeMembers(Object.keys(JwtAuth.fields), Object.keys(jwt))
  })

  it.each(["agent_id_jwt_field", "fallback_to_db_teams", "public_key_stale_ttl"])(
    "%s in a file of 1.90 says from which release on it is known, with its place",
    (key) => {
      const value = key === "fallback_to_db_teams" ? true : key === "public_key_stale_ttl" ? 60 : "azp"
      assert.deepStrictEqual(refused({ [key]: value }, {}, {}, { release: "1.90" }), [
        `general_settings.litellm_jwtauth.${key}: is a key of LiteLLM 1.108 and later; the file is imported as 1.90's ` +
        "(--release)"
      ])
      assert.deepStrictEqual(refused({ [key]: value }), [])
    }
  )

  it("so does a key of an issuer, and a value", () => {
    const issuers = [{ issuer: "https://a.test", audience: "x", virtual_key_claim_field: "azp" }]
    const [first, second] = refused(
      { issuers, unregistered_jwt_client_behavior: "link_only" },
      {},
      {},
      { release: "1.90" }
    )
    assert.match(first ?? "", /^general_settings\.litellm_jwtauth\.issuers\.0\.virtual_key_claim_field: is a key of/)
    assert.match(second ?? "", /link_only is of a later LiteLLM/)
  })

  it("elsewhere LiteLLM passes over what it does not know, and so does the import, with a word", () => {
    const { report, settings } = imported({}, { mcp_allowed_clients: [{ alias: "a", value: "b" }] }, {}, {
      release: "1.90"
    })
    const line = report.find((it) => it.key === "general_settings.mcp_allowed_clients")
    assert.strictEqual(line?.verdict, "ignored")
    assert.match(line?.reason ?? "", /1\.108 and later/)
    assert.isNull(settings.policy.mcpClients)
  })

  it("an unknown key is unknown in every release", () => {
    for (const release of LitellmReleases) {
      assert.deepStrictEqual(
        refused({ team_id_jwt_fild: "t" }, {}, {}, { release }).map((it) => it.split(":")[0]),
        ["general_settings.litellm_jwtauth.team_id_jwt_fild"]
      )
    }
  })

  it.each<readonly [string, object, string]>([
    ["at the top", { litellm_jwtauth: {} }, "litellm_jwtauth: belongs below general_settings"],
    [
      "below litellm_settings",
      { litellm_settings: { litellm_jwtauth: {} } },
      "litellm_settings.litellm_jwtauth: belongs below general_settings"
    ],
    [
      "a key of it beside it",
      { general_settings: { team_ids_jwt_field: "groups" } },
      "general_settings.team_ids_jwt_field: belongs below general_settings.litellm_jwtauth"
    ],
    [
      "a key of it at the top",
      { user_id_jwt_field: "sub" },
      "user_id_jwt_field: belongs below general_settings.litellm_jwtauth"
    ]
  ])("a block at the wrong place (%s) is an error that names the right one", (_, input, expected) => {
    const result = importLitellm(input, { env })
    assert.deepStrictEqual(Result.isFailure(result) ? result.failure : [], [expected])
  })
})

describe("importLitellm: settings of 1.110", () => {
  it("fallback_to_db_teams takes teams out of the directory (RULES D66)", () => {
    const { directory, policy } = imported({ fallback_to_db_teams: true }).settings
    assert.deepStrictEqual([directory.teams.fromMemberships, policy.teamHeader], ["first", "memberships"])
  })

  it("groups are tried by id, in an older file by the claim (RULES D65)", () => {
    const jwt = { team_ids_jwt_field: "groups" }
    assert.strictEqual(imported(jwt).settings.policy.groupOrder, "id")
    assert.strictEqual(imported(jwt, {}, {}, { release: "1.90" }).settings.policy.groupOrder, "claim")
  })

  it("agent_id_jwt_field names a registered agent, and nothing else is read (RULES D72)", () => {
    const { issuers } = imported({ agent_id_jwt_field: "azp" }).settings
    assert.deepStrictEqual(issuers[0]?.claims.agent, { actor: null, client: null, id: "azp" })
  })

  it("stale keys serve as long as there: the default, what the file says, at most seven days", () => {
    const staleOf = (jwt: object, release?: LitellmRelease) =>
      imported(jwt, {}, {}, release === undefined ? {} : { release }).settings.issuers[0]?.keys.stale
    assert.strictEqual(staleOf({}), 3_600_000)
    assert.strictEqual(staleOf({ public_key_stale_ttl: 0 }), 0)
    assert.strictEqual(staleOf({ public_key_stale_ttl: 1e9 }), 604_800_000)
    assert.strictEqual(staleOf({}, "1.90"), 86_400_000)
  })

  it.each<readonly [string, object, object, object | null]>([
    ["no list", { mcp_client_id_jwt_field: "azp" }, {}, null],
    ["a claim", { mcp_client_id_jwt_field: "azp" }, { mcp_allowed_clients: [{ alias: "a", value: "v" }] }, {
      claim: "azp",
      header: null,
      allowed: [{ alias: "a", value: "v" }]
    }],
    ["a header", {}, { mcp_allowed_clients: [], mcp_client_id_header: "X-Client" }, {
      claim: null,
      header: "x-client",
      allowed: []
    }],
    ["a list that cannot be read", {}, { mcp_allowed_clients: "all" }, { claim: null, header: null, allowed: [] }]
  ])("MCP clients, %s (RULES D71)", (_, jwt, general, expected) => {
    assert.deepStrictEqual(imported(jwt, general).settings.policy.mcpClients, expected)
  })

  it("what maps tokens to virtual keys needs a decision (RULES D45)", () => {
    const { report } = imported({
      auto_register_map_existing_key: true,
      issuers: [{ issuer: "https://a.test", audience: "x", virtual_key_claim_field: "azp" }]
    })
    const verdict = (key: string) => report.find((it) => it.key.endsWith(key))?.verdict
    assert.strictEqual(verdict("auto_register_map_existing_key"), "needs a decision")
    assert.strictEqual(verdict("issuers[0].virtual_key_claim_field"), "needs a decision")
  })

  it("a * that is no segment is narrower here than a plain prefix (RULES D73)", () => {
    const line = (release: LitellmRelease) =>
      imported({ team_allowed_routes: ["/v1*"] }, {}, {}, { release }).report
        .find((it) => it.key === "litellm_jwtauth.team_allowed_routes")
    assert.deepStrictEqual([line("1.110")?.verdict, line("1.90")?.verdict], ["stricter", "wider"])
    assert.isTrue(line("1.110")?.deviations.includes("D73"))
  })
})

describe("a deployment as another release would decide", () => {
  it("has its route groups, its order of groups and its default of team_allowed_routes", () => {
    const { settings } = imported({ team_ids_jwt_field: "groups" }, {}, {}, { release: "1.90" })
    const upgraded = imported({ team_ids_jwt_field: "groups" }).settings
    assert.deepStrictEqual(asRelease(settings, "1.110").policy, upgraded.policy)
    assert.deepStrictEqual(asRelease(upgraded, "1.90").policy, settings.policy)
  })

  it("keeps what the file says of its own", () => {
    const { settings } = imported({ team_allowed_routes: ["/v1/*"] }, {}, {}, { release: "1.90" })
    assert.deepStrictEqual(asRelease(settings, "1.110").policy.teamRoutes, ["/v1/*"])
  })
})

describe("what changes between releases", () => {
  it("is told of the file's release and the newest, of a newest file since the oldest", () => {
    assert.deepStrictEqual([upgradeOf("1.90").from, upgradeOf("1.90").to], ["1.90", newestLitellm])
    assert.deepStrictEqual([upgradeOf("1.108").from, upgradeOf("1.108").to], ["1.108", newestLitellm])
    assert.strictEqual(upgradeOf(newestLitellm).from, "1.90")
  })

  it("is nothing between a release and itself, and adds up over those between", () => {
    assert.deepStrictEqual(changes("1.110", "1.110"), [])
    const whole = changes("1.90", "1.110").map((it) => it.what)
    assert.isTrue(whole.some((it) => it.includes("fallback_to_db_teams")))
    assert.isTrue(whole.some((it) => it.includes("/v1/rag/query")))
    assert.isFalse(changes("1.108", "1.110").some((it) => it.what.includes("fallback_to_db_teams")))
    assert.strictEqual(since("jwt", "fallback_to_db_teams"), "1.108")
    assert.isUndefined(since("jwt", "team_id_jwt_field"))
  })

  it("stands in the report, as text and as JSON", () => {
    const { release, report } = imported({})
    assert.include(toText(report, release), "what changes when you go from 1.90 to 1.110:")
    assert.strictEqual(JSON.parse(toJson(report, release)).upgrade.to, "1.110")
  })
})
