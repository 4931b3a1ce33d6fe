/** The run over recorded decisions: what it takes, what it prints last, and how it ends. */
import { assert, describe, it, vi } from "@effect/vitest"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { main } from "./Report.ts"

const now = 1_790_000_000
const header = { alg: "RS256", kid: "k1", typ: "JWT" }
const payload = { iss: "https://idp.test", exp: now + 600, sub: "user-0" }

interface Options {
  readonly token?: object
  readonly expect?: object
  readonly mayDeviate?: ReadonlyArray<string>
  readonly request?: object
}

const oneCase = ({ expect, mayDeviate, request, token }: Options = {}) => ({
  token: { header, payload, key: "main", ...token },
  request: { method: "POST", path: "/v1/chat/completions", ...request },
  expect: { allowed: true, userId: "user-0", ...expect },
  ...(mayDeviate === undefined ? {} : { mayDeviate })
})

const scenario = (options: Options = {}, more: object = {}): object => ({
  id: "s",
  now,
  config: {
    general_settings: { enable_jwt_auth: true, litellm_jwtauth: { user_id_jwt_field: "sub" } },
    env: { JWT_PUBLIC_KEY_URL: "https://idp.test/keys" }
  },
  jwks: { "https://idp.test/keys": [{ kid: "k1", key: "main" }] },
  directory: { users: [{ user_id: "user-0" }] },
  cases: [oneCase(options)],
  ...more
})

const discovery = "https://idp.test/.well-known/openid-configuration"
const jwtauth = { user_id_jwt_field: "sub" }

const ranOn = async (...lines: ReadonlyArray<object | string>) => {
  const file = join(mkdtempSync(join(tmpdir(), "conformance-")), "drawn.jsonl")
  writeFileSync(file, lines.map((it) => typeof it === "string" ? it : JSON.stringify(it)).join("\n"))
  const printed: Array<string> = []
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line))
  const code = await main([file])
  log.mockRestore()
  return { code, printed, last: printed.at(-1) ?? "" }
}

const agree = "agree 1, differ 0 (by rule: none), unexplained 0"
const denied = (expectedStatus: number, reason = "x") => ({ allowed: false, expectedStatus, reason })

describe("a run over recorded decisions", () => {
  it.each<readonly [string, object]>([
    ["a scenario with no more than it needs", scenario()],
    [
      "members that it does not know",
      scenario({}, { unheardOf: 1, directory: { users: [{ user_id: "user-0", x: {} }], agents: [] } })
    ],
    ["no directory at all", scenario({ expect: denied(404) }, { directory: undefined })],
    [
      "tables that are null, rows without an id",
      scenario({}, {
        directory: { teams: null, users: [{ user_id: "user-0", teams: ["", 7] }, { user_email: "x" }], failing: null }
      })
    ],
    ["no keys at all", scenario({ expect: denied(503) }, { jwks: undefined })],
    ["an empty key set", scenario({ expect: denied(401) }, { jwks: { "https://idp.test/keys": [] } })],
    [
      "a discovery document of the global path",
      scenario({ token: { payload: { ...payload, iss: "urn:idp" } } }, {
        config: {
          general_settings: { enable_jwt_auth: true, litellm_jwtauth: jwtauth },
          env: { JWT_PUBLIC_KEY_URL: `https://idp.test/none, ${discovery}`, JWT_ISSUER: "urn:idp" }
        },
        jwks: { "https://idp.test/none": [], "https://idp.test/keys": [{ kid: "k1", key: "main" }] },
        discovery: { [discovery]: "https://idp.test/keys" }
      })
    ],
    [
      "a discovery document of a listed issuer",
      scenario({ token: { payload: { ...payload, iss: "https://idp.test/" } } }, {
        config: {
          general_settings: {
            litellm_jwtauth: {
              ...jwtauth,
              issuers: [{ issuer: "https://idp.test/", disable_audience_validation: true }]
            }
          }
        },
        discovery: { [discovery]: "https://idp.test/keys" }
      })
    ],
    ["a payload changed after signing", scenario({ token: { tampered: { sub: "user-1" } }, expect: denied(401) })],
    ["a text instead of a token", scenario({ token: { raw: "no token" }, expect: denied(401) })],
    ["an empty text instead of a token", scenario({ token: { raw: "" }, expect: denied(401) })],
    [
      "a shared secret",
      scenario({
        token: { header: { ...header, alg: "HS256" }, key: "hmac-9" },
        expect: denied(401)
      }, { jwks: { "https://idp.test/keys": [{ kid: "k1", key: "hmac-9" }] } })
    ],
    [
      "a P-256 key",
      scenario({ token: { header: { ...header, alg: "ES256" }, key: "ec-9" } }, {
        jwks: { "https://idp.test/keys": [{ kid: "k1", key: "ec-9" }] }
      })
    ],
    ["no signature", scenario({ token: { header: { ...header, alg: "none" } }, expect: denied(401) })],
    ["a payload that is no object", scenario({ token: { payload: 7 }, expect: denied(401) })],
    ["a denial without a status", scenario({ expect: { allowed: false }, token: { key: "rogue" } })],
    ["no headers, a body that is null", scenario({ request: { headers: null, body: null } })],
    [
      "an unknown table among those that fail",
      scenario({}, {
        directory: { users: [{ user_id: "user-0" }], failing: ["sessions", "budgets", "agents.write"] }
      })
    ]
  ])("takes %s", async (_, line) => {
    const { code, printed } = await ranOn(line)
    assert.deepStrictEqual(printed, [agree])
    assert.strictEqual(code, 0)
  })

  it.each<readonly [string, Options & { readonly failing: string; readonly more?: object }]>([
    ["users", { failing: "users" }],
    ["teams", { failing: "teams", token: { payload: { ...payload, team: "red" } } }],
    ["organizations", { failing: "organizations", token: { payload: { ...payload, org: "acme" } } }],
    ["endUsers", { failing: "endUsers", token: { payload: { ...payload, customer: "c" } } }],
    ["teamMemberships", { failing: "teamMemberships", token: { payload: { ...payload, team: "red" } } }],
    ["accessGroups", {
      failing: "accessGroups",
      token: { payload: { ...payload, team: "red" } },
      request: { body: { model: "claude" } }
    }],
    ["users.write", {
      failing: "users.write",
      token: { payload: { ...payload, sub: "stranger" } },
      request: { method: "GET", path: "/v1/models" }
    }],
    ["teams.write", {
      failing: "teams.write",
      token: { payload: { ...payload, team: "blue" } },
      request: { method: "GET", path: "/v1/models" }
    }]
  ])("%s that fail are 503 (RULES D27, D33)", async (_, { failing, ...options }) => {
    const fields = {
      user_id_jwt_field: "sub",
      team_id_jwt_field: "team",
      team_id_default: "red",
      team_id_upsert: true,
      org_id_jwt_field: "org",
      end_user_id_jwt_field: "customer",
      user_id_upsert: true
    }
    const { last } = await ranOn(scenario({ ...options, expect: denied(503) }, {
      config: {
        general_settings: { enable_jwt_auth: true, litellm_jwtauth: fields },
        env: { JWT_PUBLIC_KEY_URL: "https://idp.test/keys" }
      },
      directory: {
        users: [{ user_id: "user-0" }],
        teams: [{ team_id: "red", models: ["gpt-4o"], access_group_ids: ["g-1"] }],
        organizations: [{ organization_id: "acme" }],
        failing: [failing]
      }
    }))
    assert.strictEqual(last, agree)
  })

  it.each<readonly [string, Options & { readonly teams: object }]>([
    ["no model is asked for", { teams: {}, request: { method: "GET", path: "/v1/models" } }],
    ["the team's own list allows the model", { teams: {}, request: { body: { model: "gpt-4o" } } }],
    ["the person is not there", {
      teams: {},
      request: { body: { model: "claude" } },
      token: { payload: { ...payload, sub: "stranger", team: "red" } },
      expect: denied(404, "user-not-found")
    }],
    ["the team is blocked", {
      teams: { blocked: true },
      request: { body: { model: "claude" } },
      expect: denied(403, "team-blocked")
    }]
  ])("accessGroups that fail are not missed where %s (as in the reference)", async (_, { teams, ...options }) => {
    const { last } = await ranOn(
      scenario({ token: { payload: { ...payload, team: "red" } }, expect: { teamId: "red" }, ...options }, {
        config: {
          general_settings: { litellm_jwtauth: { ...jwtauth, team_id_jwt_field: "team" } },
          env: { JWT_PUBLIC_KEY_URL: "https://idp.test/keys" }
        },
        directory: {
          users: [{ user_id: "user-0" }],
          teams: [{ team_id: "red", models: ["gpt-4o"], access_group_ids: ["g-1"], ...teams }],
          failing: ["accessGroups"]
        }
      })
    )
    assert.strictEqual(last, agree)
  })

  it("a scenario without cases counts nothing", async () => {
    for (const line of [scenario({}, { cases: [] }), scenario({}, { cases: undefined })]) {
      const { code, last } = await ranOn(line, "")
      assert.strictEqual(last, "agree 0, differ 0 (by rule: none), unexplained 0")
      assert.strictEqual(code, 0)
    }
  })

  it("a difference that no listed rule can make is unexplained, and fails the run", async () => {
    for (const mayDeviate of [undefined, [], ["D15", "D22"]]) {
      const { code, last, printed } = await ranOn(
        scenario({ expect: { userId: "user-1" }, ...(mayDeviate === undefined ? {} : { mayDeviate }) })
      )
      assert.strictEqual(printed[0], `s case 0 POST /v1/chat/completions: user: recorded "user-1", ours "user-0"`)
      assert.strictEqual(last, "agree 0, differ 0 (by rule: none), unexplained 1")
      assert.strictEqual(code, 1)
    }
  })

  it("a difference that a listed rule can make is counted by the rule", async () => {
    const { code, last } = await ranOn(scenario({ expect: { userId: "user-1" }, mayDeviate: ["D22", "D6"] }))
    assert.strictEqual(last, "agree 0, differ 1 (by rule: D6 1), unexplained 0")
    assert.strictEqual(code, 0)
  })

  it("a line that is no scenario, and a configuration that cannot be imported, are unexplained; the rest is decided", async () => {
    const { code, last, printed } = await ranOn(
      "{",
      { id: "half" },
      scenario({}, { config: { general_settings: { litellm_jwtauth: { no_such_key: 1 } } } }),
      scenario()
    )
    assert.strictEqual(printed.length, 4)
    assert.strictEqual(last, "agree 1, differ 0 (by rule: none), unexplained 3")
    assert.strictEqual(code, 1)
  })

  it("a folder is searched to its bottom", async () => {
    const folder = mkdtempSync(join(tmpdir(), "conformance-"))
    mkdirSync(join(folder, "themes"))
    writeFileSync(join(folder, "themes", "drawn.jsonl"), JSON.stringify(scenario()))
    writeFileSync(join(folder, "themes", "route-groups.json"), "{}")
    const log = vi.spyOn(console, "log").mockImplementation(() => {})
    assert.strictEqual(await main([folder]), 0)
    assert.deepStrictEqual(log.mock.calls, [[agree]])
    log.mockRestore()
  })

  it("without a path, or with one that holds nothing, nothing is run: 2", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    assert.strictEqual(await main([]), 2)
    assert.strictEqual(await main(["no/such/file.jsonl"]), 2)
    assert.strictEqual(await main([mkdtempSync(join(tmpdir(), "conformance-"))]), 2)
    error.mockRestore()
  })
})
