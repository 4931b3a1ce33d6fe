import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { UserRole as RowRole } from "../src/directory/Directory.ts"
import { normalizeMapping, Settings, UserRole } from "../src/Settings.ts"
import { findings, pathText } from "../src/settings/SchemaFindings.ts"

const decode = Schema.decodeUnknownResult(Settings, { errors: "all", onExcessProperty: "error" })
const good = (value: unknown): Settings => Result.getOrThrow(decode(value))
const bad = (value: unknown): ReadonlyArray<string> => {
  const result = decode(value)
  return Result.isFailure(result)
    ? findings(result.failure.issue).map((it) => `${pathText(it.path)} ${it.message}`)
    : []
}
const issuer = (more: object = {}) => ({ issuers: [{ id: "a", issuer: "https://a.test", audience: "x", ...more }] })

describe("Settings: a block that is left out", () => {
  const introspection = { url: "https://a.test/introspect", clientId: "gate", clientSecret: "env:SECRET" }
  const left = good(issuer({ opaque: { introspection, userinfo: {} } }))

  it("is what an empty one is", () => {
    const empty = { expiry: {}, grants: {}, identities: {}, claims: {}, keys: {} }
    const settings = good({
      ...issuer({ ...empty, opaque: { introspection: { ...introspection, accept: {} }, userinfo: {} } }),
      policy: { agents: {} },
      directory: { connection: {}, users: { template: {} }, teams: {} },
      cache: {}
    })
    assert.deepStrictEqual(settings, left)
  })

  it("is what CONFIG writes as its defaults", () => {
    const written = {
      expiry: { maxLifetime: "24h", skew: "60s" },
      claims: { user: "sub", email: "email", emailVerified: "email_verified", scopes: ["scope", "scp"] },
      keys: { life: "5m", stale: "24h" }
    }
    const settings = good({
      ...issuer({ ...written, opaque: { introspection, userinfo: { ttl: "5m" } } }),
      policy: { teamHeaders: ["X-Team-Id", "X-LiteLLM-Team-Id"] },
      directory: { connection: { timeout: "1s" }, teams: { template: { models: ["no-default-models"] } } },
      cache: { rows: "30s", staleRows: "60s" }
    })
    assert.deepStrictEqual(settings, left)
  })
})

describe("Settings: the defaults of CONFIG", () => {
  const settings = good(issuer())
  const [only] = settings.issuers
  const { cache, directory, policy } = settings

  it("an issuer", () => {
    assert.deepInclude(only, {
      audience: ["x"],
      types: ["JWT", "at+jwt", "application/at+jwt"],
      tokens: "any",
      expiry: { required: true, maxLifetime: 86_400_000, skew: 60_000 },
      confirmation: "refuse",
      serviceAccounts: "apart",
      require: {},
      adminScope: null,
      grants: { teams: ["*"], roles: ["*"], models: ["*"], routes: ["*"] },
      identities: { namespace: "", linkByEmail: "verified" },
      unreadable: "deny",
      claims: {
        user: "sub",
        email: "email",
        emailVerified: ["email_verified"],
        scopes: ["scope", "scp"],
        overage: "deny"
      },
      keys: { life: 300_000, stale: 86_400_000, save: true, hosts: [] },
      allowInsecure: false
    })
    assert.lengthOf(only?.algorithms ?? [], 11)
    assert.isUndefined(only?.jwks)
    assert.isUndefined(only?.opaque)
  })

  it("what a claims block leaves out keeps its default, and null turns it off", () => {
    assert.deepStrictEqual(good(issuer({ claims: { teams: "groups" } })).issuers[0]?.claims, {
      user: "sub",
      email: "email",
      emailVerified: ["email_verified"],
      teams: "groups",
      scopes: ["scope", "scp"],
      overage: "deny"
    })
    const off = { user: null, email: null, emailVerified: null, teams: null, scopes: null }
    assert.deepStrictEqual(good(issuer({ claims: off })).issuers[0]?.claims, { ...off, overage: "deny" })
  })

  it("the policy", () => {
    assert.deepStrictEqual(policy, {
      roles: [],
      requireRole: false,
      roleMappings: [],
      allowedUserRoles: [],
      scopes: [],
      requireScope: false,
      adminRoutes: ["management_routes", "spend_tracking_routes", "global_spend_tracking_routes", "info_routes"],
      adminOnlyRoutes: [],
      teamRoutes: ["llm_api_routes", "info_routes"],
      userRoutes: ["llm_api_routes", "info_routes"],
      openRoutes: [],
      passThroughRoutes: [],
      requireTeamClaim: false,
      requireTeam: false,
      requirePrincipal: true,
      withoutTeam: "user",
      groupOrder: "claim",
      teamHeader: "token",
      mcpClients: null,
      mcp: [],
      agents: { unknown: "allow" },
      litellm: "1.110",
      teamHeaders: ["x-team-id", "x-litellm-team-id"],
      emailDomains: [],
      modelGroups: {},
      modelAliases: {},
      providers: {},
      custom: null
    })
  })

  it("the directory and the cache", () => {
    assert.deepStrictEqual(directory, {
      url: "sqlite:./jotgate.db",
      connection: { pool: 10, timeout: 1_000, ca: null },
      file: null,
      users: { unknown: "deny", create: false, template: {} },
      teams: {
        fromMemberships: "single",
        whenUnknown: "deny",
        create: "never",
        template: { models: ["no-default-models"] },
        default: null
      },
      memberships: "none",
      userRoles: []
    })
    assert.deepStrictEqual(cache, {
      dir: "./jotgate-cache",
      tokens: 10_000,
      rows: 30_000,
      staleRows: 60_000,
      redis: null
    })
    assert.isFalse(settings.sharedIdentities)
  })
})

describe("Settings: what is accepted", () => {
  const values: ReadonlyArray<readonly [title: string, value: object]> = [
    ["a list of audiences", { audience: ["a", "b"] }],
    ["one key set URL", { jwks: "https://a.test/keys" }],
    ["a list of key sources, an inline set among them", { jwks: ["https://a.test", "file:keys.json", { keys: [] }] }],
    ["no bound of the lifetime", { expiry: { maxLifetime: "none" } }],
    ["services told by a claim", { serviceAccounts: { as: "apart", match: { azp: "service-*" } } }],
    ["required claims of every scalar type", { require: { a: "x", b: 1, c: true, d: ["x", 2] } }],
    ["a claim as path, list and object", {
      claims: { user: "sub", email: ["a", "b"], teams: { from: "g", mode: "union", match: "^llm-(.+)$", as: "$1" } }
    }],
    ["introspection and userinfo", {
      opaque: { introspection: { url: "https://a.test/i", clientId: "c", clientSecret: "env:S" }, userinfo: true }
    }],
    ["userinfo with its own URL", { opaque: { userinfo: { url: "https://a.test/u", ttl: "60s" }, rate: 2.5 } }]
  ]
  for (const [title, value] of values) {
    it(title, () => {
      assert.deepStrictEqual(bad(issuer(value)), [])
    })
  }

  it("header names and methods are kept in one case", () => {
    const { policy } = good({
      policy: { teamHeaders: ["X-Team"], passThroughRoutes: [{ path: "/a", methods: ["get"] }] }
    })
    assert.deepStrictEqual(policy.teamHeaders, ["x-team"])
    assert.deepStrictEqual(policy.passThroughRoutes, [{ path: "/a", methods: ["GET"] }])
  })
})

describe("Settings: what is refused", () => {
  const cases: ReadonlyArray<readonly [value: object, message: RegExp]> = [
    [issuer({ audience: [] }), /^issuers\[0\]\.audience must name at least one$/],
    [issuer({ jwks: [] }), /jwks must name at least one$/],
    [issuer({ algorithms: ["HS256"] }), /algorithms\[0\] must be one of "RS256"/],
    [issuer({ algorithms: [] }), /algorithms must name at least one/],
    [issuer({ keys: { life: "29s" } }), /keys\.life must be at least 30s/],
    [issuer({ expiry: { skew: "6m" } }), /expiry\.skew must be from 0s to 300s/],
    [issuer({ expiry: { maxLifetime: "never" } }), /expiry\.maxLifetime must be a duration/],
    [issuer({ claims: { teams: { from: "g", match: "(a+" } } }), /teams\.match cannot be used .* not well formed/],
    [issuer({ claims: { teams: { from: "g", match: "(?=a)" } } }), /teams\.match cannot be used .* looks around/],
    [issuer({ claims: { teams: { from: "g", as: "$1" } } }), /teams\.as needs match/],
    [issuer({ claims: { teams: { from: "g", match: "a", as: "$1" } } }), /teams\.as \$1 is not a group of a/],
    [issuer({ opaque: { rate: 0 } }), /opaque\.rate must be greater than 0/],
    [issuer({ tls: { ca: "ca.pem" } }), /tls\.ca must be env:NAME or file:PATH/],
    [issuer({ issuer: "" }), /issuers\[0\]\.issuer must not be empty/],
    [{ policy: { emailDomains: ["@acme.com"] } }, /emailDomains\[0\] must be a domain/],
    [{ policy: { passThroughRoutes: [{ path: "a" }] } }, /path must be a path that starts with \//],
    [{ policy: { teamHeaders: ["a b"] } }, /teamHeaders\[0\] must be the name of a header/],
    [{ policy: { roles: [{ role: "boss" }] } }, /roles\[0\]\.role must be "proxy_admin" or "team"/],
    [{ directory: { teams: { create: { match: "(" } } } }, /create\.match cannot be used/],
    [{ directory: { userRoles: [{ claim: "a", role: "boss" }] } }, /userRoles\[0\]\.role must be one of/],
    [{ cache: { tokens: 0 } }, /cache\.tokens must be greater than 0/],
    [{ cache: { redis: "redis://x" } }, /cache\.redis must be env:NAME or file:PATH/],
    [{ cache: { rows: 30 } }, /cache\.rows must be a duration/],
    [{ polices: {} }, /^polices unknown key, did you mean "policy"\?$/]
  ]
  for (const [value, message] of cases) {
    it(`${JSON.stringify(value)}: ${message.source}`, () => {
      assert.match(bad(value).join("\n"), message)
    })
  }

  it("an issuer without an audience, or with one that is empty (RULES D2)", () => {
    const audiences = [undefined, null, "", [], [""], ["a", ""], { any: true }, 1]
    for (const audience of audiences) assert.match(bad(issuer({ audience })).join("\n"), /audience/, String(audience))
  })
})

describe("Settings: what agrees with the rest", () => {
  it("encoding what was decoded gives the same settings again", () => {
    const settings = good(issuer({ expiry: { skew: "90s" }, claims: { user: { from: "sub", orEmail: true } } }))
    const encoded = Schema.encodeUnknownSync(Settings)(settings)
    assert.deepStrictEqual(good(encoded), settings)
  })

  it("a row can have the roles that the settings can name", () => {
    assert.deepStrictEqual(UserRole.literals, RowRole.literals)
  })

  it("every spelling of a mapping has one normal form", () => {
    const normal = { from: ["a"], mode: "first", lower: false, keys: false, by: "id", orEmail: false } as const
    assert.deepStrictEqual(normalizeMapping("a"), normal)
    assert.deepStrictEqual(normalizeMapping(["a"]), normal)
    assert.deepStrictEqual(normalizeMapping(normal), normal)
    assert.isUndefined(normalizeMapping(undefined))
    assert.isUndefined(normalizeMapping(null))
  })
})
