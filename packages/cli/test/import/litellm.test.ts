import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { importLitellm, type ImportOptions } from "../../src/import/litellm.ts"
import type { ParityLine } from "../../src/import/ParityReport.ts"

const env = { JWT_PUBLIC_KEY_URL: "https://idp.test/keys", JWT_AUDIENCE: "llm-gateway", JWT_ISSUER: "https://idp.test" }

const imported = (jwt: object, general: object = {}, rest: object = {}, options: ImportOptions = { env }) =>
  Result.getOrThrow(
    importLitellm({ general_settings: { enable_jwt_auth: true, litellm_jwtauth: jwt, ...general }, ...rest }, options)
  )

const refused = (jwt: object, general: object = {}): ReadonlyArray<string> => {
  const result = importLitellm({ general_settings: { litellm_jwtauth: jwt, ...general } }, { env })
  return Result.isFailure(result) ? result.failure : []
}

const line = (report: ReadonlyArray<ParityLine>, key: string): ParityLine => {
  const found = report.find((it) => it.key === key)
  assert.isDefined(found, `${key} has no line`)
  return found
}

describe("importLitellm: issuers", () => {
  it("the global path becomes one entry with its key URLs, issuer and audience", () => {
    const { settings } = imported({}, {}, {}, {
      env: { ...env, JWT_PUBLIC_KEY_URL: " https://a.test/k , https://b.test/k ," }
    })
    assert.lengthOf(settings.issuers, 1)
    assert.strictEqual(settings.issuers[0]?.issuer, "https://idp.test")
    assert.deepStrictEqual(settings.issuers[0]?.audience, ["llm-gateway"])
    assert.deepStrictEqual(settings.issuers[0]?.jwks, ["https://a.test/k", "https://b.test/k"])
  })

  it("RULES D1, D2: without JWT_ISSUER and JWT_AUDIENCE the entry takes any, and the report says so", () => {
    const { report, settings } = imported({}, {}, {}, { env: { JWT_PUBLIC_KEY_URL: "https://idp.test/keys" } })
    assert.strictEqual(settings.issuers[0]?.issuer, "any")
    assert.deepStrictEqual(settings.issuers[0]?.audience, ["any"])
    assert.deepStrictEqual(line(report, "env.JWT_ISSUER").deviations, ["D1"])
    assert.strictEqual(line(report, "env.JWT_AUDIENCE").verdict, "exact but lax")
  })

  it("listed issuers read their own path first, the file's path second", () => {
    const { settings } = imported({
      user_id_jwt_field: "sub",
      team_ids_jwt_field: "groups",
      issuers: [{
        issuer: "https://corp.test",
        audience: ["a", "b"],
        user_id_jwt_field: "oid",
        team_ids_jwt_field: "groups"
      }]
    })
    assert.strictEqual(settings.issuers.length, 2)
    assert.deepStrictEqual(settings.issuers[0]?.claims.user, {
      from: ["oid", "sub"],
      mode: "first",
      lower: false,
      keys: false,
      by: "id",
      orEmail: true
    })
    assert.strictEqual(settings.issuers[0]?.claims.teams, "groups")
    assert.isUndefined(settings.issuers[0]?.jwks)
    assert.strictEqual(settings.issuers[1]?.issuer, "https://idp.test")
  })

  it("of two entries with one issuer the first stays; the global path of a listed issuer is dropped", () => {
    const { report, settings } = imported({
      issuers: [
        { issuer: "https://idp.test", audience: "first" },
        { issuer: "https://idp.test", audience: "second" }
      ]
    })
    assert.deepStrictEqual(settings.issuers.map((it) => it.audience), [["first"]])
    assert.strictEqual(line(report, "litellm_jwtauth.issuers[1]").verdict, "ignored")
    assert.strictEqual(line(report, "env.JWT_PUBLIC_KEY_URL").verdict, "ignored")
  })

  it("an empty JWT_AUDIENCE refuses every token of the global path, so it is left out", () => {
    assert.lengthOf(imported({}, {}, {}, { env: { ...env, JWT_AUDIENCE: "" } }).settings.issuers, 0)
  })

  it("RULES D4: the admin scope is written on every issuer, its default too", () => {
    const { report, settings } = imported({
      admin_jwt_scope: "boss",
      issuers: [{ issuer: "https://corp.test", disable_audience_validation: true }]
    })
    assert.deepStrictEqual(settings.issuers.map((it) => it.adminScope), ["boss", "boss"])
    assert.strictEqual(line(report, "litellm_jwtauth.admin_jwt_scope").verdict, "exact but lax")
    assert.strictEqual(imported({}).settings.issuers[0]?.adminScope, "litellm_proxy_admin")
  })

  it("what every imported file gets keeps the reference's decision", () => {
    const { settings } = imported({})
    const [issuer] = settings.issuers
    assert.isTrue(settings.sharedIdentities)
    assert.deepInclude(issuer?.expiry, { required: false, maxLifetime: "none" })
    assert.strictEqual(issuer?.serviceAccounts, "asUsers")
    assert.strictEqual(issuer?.identities.linkByEmail, "always")
    assert.strictEqual(issuer?.claims.scopes, "scope")
    assert.deepInclude(issuer?.claims.user, { from: [], orEmail: true })
    assert.deepStrictEqual(settings.policy.teamHeaders, ["x-litellm-team-id"])
    assert.isFalse(settings.policy.requirePrincipal)
  })

  it("the environment_variables of the file come before those of the process", () => {
    const { settings } = imported({}, {}, { environment_variables: { JWT_ISSUER: "https://other.test" } })
    assert.strictEqual(settings.issuers[0]?.issuer, "https://other.test")
  })

  it("os.environ/NAME is resolved; a variable that is not set needs a decision", () => {
    const set = imported({ admin_jwt_scope: "os.environ/SCOPE" }, {}, {}, { env: { ...env, SCOPE: "boss" } })
    assert.strictEqual(set.settings.issuers[0]?.adminScope, "boss")
    const unset = imported({ user_id_jwt_field: "os.environ/FIELD" })
    assert.strictEqual(line(unset.report, "os.environ/FIELD").verdict, "needs a decision")
  })
})

describe("importLitellm: policy and directory", () => {
  const cases: ReadonlyArray<
    readonly [title: string, jwt: object, general: object, path: string, expected: unknown]
  > = [
    ["team_id_jwt_field makes a team claim mandatory", { team_id_jwt_field: "t" }, {}, "policy.requireTeamClaim", true],
    ["team_alias_jwt_field does too", { team_alias_jwt_field: "t" }, {}, "policy.requireTeamClaim", true],
    ["team_ids_jwt_field does not", { team_ids_jwt_field: "g" }, {}, "policy.requireTeamClaim", false],
    ["enforce_team_based_model_access", { enforce_team_based_model_access: true }, {}, "policy.requireTeam", true],
    ["team_id_default", { team_id_default: "red" }, {}, "directory.teams.default", "red"],
    ["team_id_upsert", { team_id_upsert: true }, {}, "directory.teams.create", "always"],
    ["team_claim_fallback", { team_claim_fallback: true }, {}, "directory.teams.whenUnknown", "next"],
    ["user_id_upsert", { user_id_upsert: true }, {}, "directory.users.create", true],
    ["user_allowed_email_domain", { user_allowed_email_domain: "a.test" }, {}, "policy.emailDomains", ["a.test"]],
    ["admin_allowed_routes", { admin_allowed_routes: ["/a"] }, {}, "policy.adminRoutes", ["/a"]],
    ["team_allowed_routes", { team_allowed_routes: ["/v1/*"] }, {}, "policy.teamRoutes", ["/v1/*"]],
    ["teams that a token names are joined", { team_ids_jwt_field: "g" }, {}, "directory.memberships", "join"],
    ["nothing is joined where no token names a team", {}, {}, "directory.memberships", "none"],
    ["sync replaces memberships", { sync_user_role_and_teams: true }, {}, "directory.memberships", "replace"],
    ["general enforce_rbac requires a principal", {}, { enforce_rbac: true }, "policy.requirePrincipal", true],
    ["enforce_rbac of litellm_jwtauth requires a role", { enforce_rbac: true }, {}, "policy.requireRole", true],
    [
      "role_permissions without enforce_rbac are left out",
      {},
      { role_permissions: [{ role: "team", models: ["a"] }] },
      "policy.roles",
      []
    ],
    [
      "role_permissions keep an empty list apart from none",
      { enforce_rbac: true },
      { role_permissions: [{ role: "team", models: [], routes: null }] },
      "policy.roles",
      [{ role: "team", models: [] }]
    ],
    [
      "scope_mappings lose their routes (RULES D20)",
      { enforce_scope_based_access: true, scope_mappings: [{ scope: "s", models: ["m"], routes: ["/r"] }] },
      {},
      "policy.scopes",
      [{ scope: "s", models: ["m"] }]
    ],
    [
      "enforce_scope_based_access without mappings enforces nothing",
      { enforce_scope_based_access: true },
      {},
      "policy.requireScope",
      false
    ],
    [
      "role_mappings need a roles claim",
      { role_mappings: [{ role: "a", internal_role: "team" }] },
      {},
      "policy.roleMappings",
      []
    ],
    [
      "role_mappings keep their order",
      {
        roles_jwt_field: "roles",
        role_mappings: [{ role: "b", internal_role: "team" }, { role: "a", internal_role: "proxy_admin" }]
      },
      {},
      "policy.roleMappings",
      [{ claim: "b", role: "team" }, { claim: "a", role: "proxy_admin" }]
    ],
    [
      "jwt_litellm_role_map is read by sync only",
      { roles_jwt_field: "roles", jwt_litellm_role_map: [{ jwt_role: "a*", litellm_role: "proxy_admin" }] },
      {},
      "directory.userRoles",
      []
    ],
    [
      "jwt_litellm_role_map with sync",
      {
        roles_jwt_field: "roles",
        sync_user_role_and_teams: true,
        jwt_litellm_role_map: [{ jwt_role: "a*", litellm_role: "proxy_admin" }]
      },
      {},
      "directory.userRoles",
      [{ claim: "a*", role: "proxy_admin" }]
    ],
    [
      "pass-through endpoints with auth are gated, with what lies below",
      {},
      {
        pass_through_endpoints: [
          { path: "/a", target: "http://x", auth: true, include_subpath: true, methods: ["GET"] },
          { path: "/b", target: "http://x" }
        ]
      },
      "policy.passThroughRoutes",
      [{ path: "/a", methods: ["GET"] }, { path: "/a/*", methods: ["GET"] }]
    ],
    ["public_routes", {}, { public_routes: ["/open"] }, "policy.openRoutes", ["/open"]],
    ["admin_only_routes", {}, { admin_only_routes: ["/boss"] }, "policy.adminOnlyRoutes", ["/boss"]]
  ]
  for (const [title, jwt, general, path, expected] of cases) {
    it(`${title}: ${path}`, () => {
      const value = path.split(".").reduce<unknown>(
        (it, key) => typeof it === "object" && it !== null ? Reflect.get(it, key) : undefined,
        imported(jwt, general).settings
      )
      assert.deepStrictEqual(value, expected)
    })
  }

  it("models: access groups, aliases and providers", () => {
    const { settings } = imported({}, {}, {
      model_list: [
        {
          model_name: "claude-sonnet",
          litellm_params: { model: "anthropic/claude-x" },
          model_info: { access_groups: ["prod"] }
        },
        { model_name: "openai/*", litellm_params: { model: "openai/*" }, model_info: { access_groups: ["prod"] } }
      ],
      router_settings: { model_group_alias: { fast: "gpt-4o", slow: { model: "o3", hidden: true } } },
      litellm_settings: { model_alias_map: { fast: "gpt-4o-mini" } }
    })
    assert.deepStrictEqual(settings.policy.modelGroups, { prod: ["claude-sonnet", "openai/*"] })
    assert.deepStrictEqual(settings.policy.modelAliases, { fast: "gpt-4o-mini", slow: "o3" })
    assert.strictEqual(settings.policy.providers["claude-x"], "anthropic")
    assert.strictEqual(settings.policy.providers["gpt-4o"], "openai")
    assert.isUndefined(settings.policy.providers["claude-sonnet"])
  })

  it("an access group that a wildcard widens over models of their own is reported, and only then", () => {
    const wildcard = { model_name: "*", model_info: { access_groups: ["all", "prod"] } }
    const own = { model_name: "o3", model_info: { access_groups: ["prod"] } }
    const reported = (...model_list: ReadonlyArray<object>) =>
      imported({}, {}, { model_list }).report.find((it) => it.key === "model_list[].model_info.access_groups")
    const line = reported(wildcard, own)
    assert.strictEqual(line?.verdict, "wider")
    assert.match(line?.reason ?? "", /^all: /)
    assert.isUndefined(reported(wildcard))
    assert.isUndefined(reported({ ...wildcard, model_info: { access_groups: ["prod"] } }, own))
    assert.isUndefined(reported({ ...wildcard, model_name: "openai/*" }, own))
  })

  it("defaults of new people are written when people are created", () => {
    const rest = { litellm_settings: { default_internal_user_params: { user_role: "internal_user", models: ["m"] } } }
    assert.deepStrictEqual(imported({ user_id_upsert: true }, {}, rest).settings.directory.users.template, {
      role: "internal_user",
      models: ["m"]
    })
    assert.deepStrictEqual(imported({}, {}, rest).settings.directory.users.template, {})
  })
})

describe("importLitellm: what stops the reference stops the import", () => {
  const cases: ReadonlyArray<readonly [title: string, jwt: object, general: object, reason: RegExp]> = [
    ["an unknown key", { team_jwt_scope: "x" }, {}, /litellm_jwtauth\.team_jwt_scope: unknown key/],
    ["an unknown key is told what was meant", { team_id_jwt_feild: "x" }, {}, /did you mean "team_id_jwt_field"/],
    ["user_roles_jwt_field alone", { user_roles_jwt_field: "r" }, {}, /must be set together/],
    ["user_allowed_roles alone", { user_allowed_roles: ["r"] }, {}, /must be set together/],
    ["object_id_jwt_field without role_mappings", { object_id_jwt_field: "o" }, {}, /needs role_mappings/],
    ["scope_mappings without enforcement", { scope_mappings: [] }, {}, /needs enforce_scope_based_access/],
    ["an issuer without a word on its audience", { issuers: [{ issuer: "x" }] }, {}, /exactly one of audience/],
    [
      "an issuer with two",
      { issuers: [{ issuer: "x", audience: "a", disable_audience_validation: true }] },
      {},
      /exactly one of audience/
    ],
    ["an unknown key of an issuer", { issuers: [{ issuer: "x", audience: "a", kid: 1 }] }, {}, /issuers\.0\.kid/],
    [
      "an unknown key of a scope mapping",
      { enforce_scope_based_access: true, scope_mappings: [{ scope: "s", model: [] }] },
      {},
      /did you mean "models"/
    ],
    ["an unknown role", {}, { role_permissions: [{ role: "boss" }] }, /role_permissions\.0\.role/],
    ["a wrong type", { user_id_jwt_field: 7 }, {}, /user_id_jwt_field: must be text/]
  ]
  for (const [title, jwt, general, reason] of cases) {
    it(title, () => {
      assert.match(refused(jwt, general).join("\n"), reason)
    })
  }
})

describe("importLitellm: what cannot be taken over", () => {
  it("RULES D45: keys that map to virtual keys or route tokens elsewhere need a decision", () => {
    const { report } = imported(
      { virtual_key_claim_field: "k", routing_overrides: [{ iss: "x", path: "oauth2" }] },
      { enable_oauth2_auth: true, enable_oauth2_proxy_auth: true }
    )
    for (
      const key of [
        "litellm_jwtauth.virtual_key_claim_field",
        "litellm_jwtauth.routing_overrides",
        "general_settings.enable_oauth2_auth",
        "general_settings.enable_oauth2_proxy_auth"
      ]
    ) {
      assert.deepInclude(line(report, key), { verdict: "needs a decision", deviations: ["D45"] })
    }
  })

  it("RULES D43: allow_requests_on_db_unavailable is refused", () => {
    const { report } = imported({}, { allow_requests_on_db_unavailable: true })
    assert.deepInclude(line(report, "general_settings.allow_requests_on_db_unavailable"), {
      verdict: "refused",
      deviations: ["D43"]
    })
  })

  it("litellm_key_header_name is a credential header when it is one of ours", () => {
    const ours = imported({}, { litellm_key_header_name: "X-API-Key" })
    assert.deepStrictEqual(ours.file["gateway"], { credentials: ["x-api-key"] })
    const other = imported({}, { litellm_key_header_name: "X-Other" })
    assert.strictEqual(line(other.report, "general_settings.litellm_key_header_name").verdict, "needs a decision")
  })

  it("custom_validate needs a decision", () => {
    const { report } = imported({ custom_validate: "hook.check" })
    assert.strictEqual(line(report, "litellm_jwtauth.custom_validate").verdict, "needs a decision")
  })
})

describe("importLitellm: --strict writes our defaults", () => {
  const { report, settings } = imported(
    { issuers: [{ issuer: "https://corp.test", audience: "a" }] },
    {},
    {},
    { env, strict: true }
  )
  it("expiry, identities, services, principal and memberships", () => {
    assert.isFalse(settings.sharedIdentities)
    assert.deepStrictEqual(settings.issuers.map((it) => it.identities.namespace), ["", "idp.test"])
    assert.deepStrictEqual(settings.issuers.map((it) => it.identities.linkByEmail), ["verified", "verified"])
    assert.isTrue(settings.issuers.every((it) => it.expiry.required && it.serviceAccounts === "apart"))
    assert.deepStrictEqual(settings.issuers.map((it) => it.adminScope), ["litellm_proxy_admin", null])
    assert.isTrue(settings.policy.requirePrincipal)
    assert.deepStrictEqual(settings.policy.teamRoutes, ["llm_api_routes", "info_routes"])
  })
  it("nothing in the report is called lax", () => {
    assert.isUndefined(report.find((it) => it.verdict === "exact but lax" && !it.key.includes("admin_jwt_scope")))
  })
})
