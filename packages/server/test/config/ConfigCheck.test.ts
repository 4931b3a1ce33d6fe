import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { checkConfig } from "../../src/config/ConfigCheck.ts"
import { parseConfig } from "../../src/config/ConfigFile.ts"

const issuer = "{ id: a, issuer: https://a.test, audience: x, claims: { user: sub, email: email, teams: groups } }"

const check = (text: string): ReadonlyArray<string> =>
  checkConfig(Result.getOrThrow(parseConfig({ name: "jotgate.yaml", text, directory: "/", env: {} })))
    .map((it) => `${it.severity} ${it.path}: ${it.message}`)

const withIssuer = (text: string): ReadonlyArray<string> => check(`issuers: [${issuer}]\n${text}`)

describe("checkConfig", () => {
  it("a sound file has no finding", () => {
    assert.deepStrictEqual(withIssuer(""), [])
  })

  it("an issuer that is only a name may be http: when its keys come from elsewhere", () => {
    assert.deepStrictEqual(
      check("issuers: [{ id: a, issuer: \"http://a.test\", audience: x, jwks: \"https://a.test/keys\" }]"),
      []
    )
  })

  const errors: ReadonlyArray<readonly [title: string, found: ReadonlyArray<string>, expected: RegExp]> = [
    [
      "two issuers with one id",
      check(`issuers: [${issuer}, { id: a, issuer: https://b.test, audience: x, identities: { namespace: b } }]`),
      /^error issuers\[1\]\.id: .*taken/
    ],
    [
      "two entries for one issuer",
      check(`issuers: [${issuer}, { id: b, issuer: https://a.test, audience: x, identities: { namespace: b } }]`),
      /^error issuers\[1\]\.issuer: .*same as that of a/
    ],
    [
      "RULES D5: two issuers with one namespace",
      check(`issuers: [${issuer}, { id: b, issuer: https://b.test, audience: x }]`),
      /^error issuers\[1\]\.identities\.namespace: .*sharedIdentities/
    ],
    [
      "issuer: any without key sets",
      check("issuers: [{ id: a, issuer: any, audience: x }]"),
      /^error issuers\[0\]\.jwks: is needed/
    ],
    [
      "an http: issuer elsewhere than on loopback",
      check("issuers: [{ id: a, issuer: \"http://a.test\", audience: x }]"),
      /^error issuers\[0\]\.issuer: uses http:/
    ],
    [
      "an http: key URL elsewhere than on loopback",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: x, jwks: \"http://a.test/keys\" }]"),
      /^error issuers\[0\]\.jwks: uses http:/
    ],
    [
      "opaque tokens without a way to ask",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: x, opaque: { prefix: p } }]"),
      /^error issuers\[0\]\.opaque: names neither/
    ],
    [
      "any among other audiences",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: [x, any] }]"),
      /^error issuers\[0\]\.audience: names any and others/
    ],
    [
      "requireTeamClaim without any source of a team",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub } }]\npolicy: { requireTeamClaim: true }"
      ),
      /^error policy\.requireTeamClaim: requires a team that nothing names/
    ],
    [
      "requireTeam without any source of a team",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub } }]\npolicy: { requireTeam: true }"
      ),
      /^error policy\.requireTeam: requires a team that nothing names/
    ],
    ["requireScope without scopes", withIssuer("policy: { requireScope: true }"), /^error policy\.requireScope: needs/],
    [
      "an unknown route group",
      withIssuer("policy: { teamRoutes: [llm_api_route] }"),
      /^error policy\.teamRoutes\[0\]: .*did you mean "llm_api_routes"/
    ],
    [
      "a route entry with a * in its middle",
      withIssuer("policy: { openRoutes: [\"/a/*/b\"] }"),
      /^error policy\.openRoutes\[0\]: has a \* that is not at its end/
    ],
    [
      "routes of roles and scopes are checked too",
      withIssuer("policy: { roles: [{ role: team, routes: [nope] }] }"),
      /^error policy\.roles\[0\]\.routes\[0\]: is neither a path nor a route group/
    ],
    ["a database that is none", withIssuer("directory: { url: \"mysql://x\" }"), /^error directory\.url: must be/],
    [
      "an admin listener elsewhere than on loopback without a token",
      withIssuer("gateway: { admin: \"0.0.0.0:4181\" }"),
      /^error gateway\.admin: .*needs gateway\.adminToken/
    ],
    [
      "one address for both listeners",
      withIssuer("gateway: { listen: \"127.0.0.1:4181\" }"),
      /^error gateway\.admin: is the same address/
    ],
    [
      "a key for teams that is the same for all",
      withIssuer("gateway: { upstream: { url: \"http://u\", authorization: { team: \"file:key\" } } }"),
      /^error gateway\.upstream\.authorization\.team: must hold \{team\}/
    ],
    [
      "onMissingTeamKey: deny without keys of teams",
      withIssuer(
        "gateway: { upstream: { url: \"http://u\", authorization: { default: env:K }, onMissingTeamKey: deny } }"
      ),
      /^error gateway\.upstream\.onMissingTeamKey: denies everybody/
    ]
  ]
  for (const [title, found, expected] of errors) {
    it(`is refused: ${title}`, () => {
      assert.isTrue(found.some((it) => expected.test(it)), found.join("\n"))
    })
  }

  const warnings: ReadonlyArray<readonly [title: string, found: ReadonlyArray<string>, expected: RegExp]> = [
    ["no issuer at all", check("{}"), /^warning issuers: no issuer is trusted/],
    [
      "RULES D1: issuer: any",
      check("issuers: [{ id: a, issuer: any, audience: x, jwks: \"https://a.test/k\" }]"),
      /^warning issuers\[0\]\.issuer: .*\(D1\)/
    ],
    [
      "RULES D2: audience: any",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: any }]"),
      /^warning issuers\[0\]\.audience: .*\(D2\)/
    ],
    [
      "RULES D4: several issuers that make admins",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, adminScope: s }, " +
          "{ id: b, issuer: \"https://b.test\", audience: x, adminScope: s, identities: { namespace: b } }]"
      ),
      /^warning issuers: several issuers can make admins/
    ],
    [
      "UserInfo accepts tokens of any client",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: x, opaque: { userinfo: true } }]"),
      /^warning issuers\[0\]\.opaque\.userinfo: accepts tokens/
    ],
    [
      "an e-mail domain without an e-mail",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { email: null } }]\npolicy: { emailDomains: [a.test] }"
      ),
      /^warning policy\.emailDomains: refuses everybody/
    ],
    [
      "role mappings that nothing reads",
      withIssuer("policy: { roleMappings: [{ claim: a, role: team }] }"),
      /^warning policy\.roleMappings: has no effect/
    ],
    [
      "scope mappings never enforced",
      withIssuer("policy: { scopes: [{ scope: a, models: [b] }] }"),
      /^warning policy\.scopes: has no effect/
    ],
    [
      "a roles claim that nothing reads",
      check("issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub, roles: r } }]"),
      /^warning issuers\[0\]\.claims\.roles: has no effect/
    ],
    [
      "a role map of the directory without a roles claim",
      withIssuer("directory: { userRoles: [{ claim: a, role: proxy_admin }] }"),
      /^warning directory\.userRoles: has no effect/
    ],
    [
      "a second entry for one role",
      withIssuer("policy: { roles: [{ role: team, models: [a] }, { role: team, models: [b] }] }"),
      /^warning policy\.roles\[1\]: has no effect/
    ],
    [
      "permissions of a role that nothing gives",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub } }]\n" +
          "policy: { roles: [{ role: team, models: [a] }] }"
      ),
      /^warning policy\.roles\[0\]: has no effect: nothing gives a token the role team/
    ],
    [
      "a pass-through route that no team may use",
      withIssuer("policy: { passThroughRoutes: [{ path: /bria/* }] }"),
      /^warning policy\.passThroughRoutes\[0\]: is denied to every team/
    ],
    [
      "hosts of keys that are not discovered",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, jwks: \"https://a.test/k\", keys: { hosts: [b] } }]"
      ),
      /^warning issuers\[0\]\.keys\.hosts: has no effect/
    ],
    [
      "an overage of groups that are not read",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub, overage: ignore } }]"
      ),
      /^warning issuers\[0\]\.claims\.overage: has no effect/
    ],
    [
      "what follows unknown teams that no token names",
      check(
        "issuers: [{ id: a, issuer: \"https://a.test\", audience: x, claims: { user: sub } }]\n" +
          "directory: { teams: { whenUnknown: next } }"
      ),
      /^warning directory\.teams\.whenUnknown: has no effect/
    ],
    [
      "admin routes without an admin scope",
      withIssuer("policy: { adminRoutes: [info_routes] }"),
      /^warning policy\.adminRoutes: has no effect/
    ],
    [
      "a template of people who are never created",
      withIssuer("directory: { users: { template: { models: [a] } } }"),
      /^warning directory\.users\.template: has no effect/
    ],
    [
      "joining without writing",
      withIssuer("directory: { write: false, memberships: join }"),
      /^warning directory\.memberships: has no effect/
    ],
    [
      "onMissingTeamKey without keys",
      withIssuer("gateway: { upstream: { url: \"http://u\", onMissingTeamKey: deny } }"),
      /^warning gateway\.upstream\.onMissingTeamKey: has no effect/
    ]
  ]
  for (const [title, found, expected] of warnings) {
    it(`is a warning: ${title}`, () => {
      assert.isTrue(found.some((it) => expected.test(it)), found.join("\n"))
      assert.isTrue(found.every((it) => it.startsWith("warning")), found.join("\n"))
    })
  }

  it("sharedIdentities lets two issuers have one namespace", () => {
    const [shared, ...others] = check(
      `sharedIdentities: true\nissuers: [${issuer}, { id: b, issuer: https://b.test, audience: x }]`
    )
    assert.match(shared ?? "", /^warning issuers\[1\]\.identities\.namespace: .* is the same as that of .*\(D5\)$/)
    assert.deepStrictEqual(others, [])
  })
  it("RULES D53: doors that see no body are told of where they can be meant, and nobody has said what to do", () => {
    const found = (gateway: string) =>
      withIssuer(`gateway: { trustedProxies: [10.0.0.0/8]${gateway} }`).filter((it) => it.includes("model_unseen"))
    assert.match(found("").join("\n"), /^warning gateway\.trustedProxies: .*unseenModel: pass/)
    assert.deepStrictEqual(withIssuer("gateway: { listen: 127.0.0.1:4180 }"), [])
    for (
      const more of [
        ", forwardAuth: { unseenModel: deny }",
        ", upstream: { url: http://127.0.0.1:4000 }",
        ", grpc: 127.0.0.1:4182"
      ]
    ) assert.deepStrictEqual(found(more), [], more)
    assert.match(
      withIssuer("gateway: { trustedProxies: [10.0.0.0/8], forwardAuth: { unseenModel: pass } }").join("\n"),
      /^warning gateway\.forwardAuth\.unseenModel: .*x-jotgate-models/
    )
  })

  it("allowInsecure lets http: be used", () => {
    assert.deepStrictEqual(
      check("issuers: [{ id: a, issuer: \"http://a.test\", audience: x, allowInsecure: true }]"),
      []
    )
  })
  it("pass-through routes that teams may use, and permissions of roles that tokens can get, need nothing", () => {
    for (const routes of ["[openai_routes]", "[/bria/*]", "[\"*\"]", "[\"/bria/x/{rest:path}\", /bria]"]) {
      const policy = `policy: { teamRoutes: ${routes}, passThroughRoutes: [{ path: "/bria/x/{id}" }] }`
      assert.deepStrictEqual(withIssuer(policy), [], routes)
    }
    assert.deepStrictEqual(withIssuer("policy: { roles: [{ role: internal_user, models: [a] }] }"), [])
  })

  it("http: on loopback needs nothing", () => {
    assert.deepStrictEqual(check("issuers: [{ id: a, issuer: \"http://127.0.0.1:9/\", audience: x }]"), [])
  })
})
