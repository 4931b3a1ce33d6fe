import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Result } from "effect"
import { type ConfigFile, loadConfig, parseConfig } from "../../src/config/ConfigFile.ts"

const parse = (text: string, env: Readonly<Record<string, string>> = {}) =>
  parseConfig({ name: "jotgate.yaml", text, directory: "/etc/jotgate", env })

const good = (text: string, env: Readonly<Record<string, string>> = {}): ConfigFile =>
  Result.getOrThrow(parse(text, env))

const bad = (text: string, env: Readonly<Record<string, string>> = {}): string => {
  const result = parse(text, env)
  return Result.isFailure(result) ? result.failure.message : "no finding"
}

const first = `issuers:
  - { id: okta, issuer: https://acme.okta.com/oauth2/aus1, audience: [llm-gateway], claims: { user: sub, email: email, teams: groups } }
directory:
  file: directory.yaml                 # teams; people need no row:
  users: { unknown: allow }
gateway:
  upstream: { url: http://localhost:4000, authorization: { team: "file:keys/{team}", default: env:UPSTREAM_KEY } }
`

describe("parseConfig", () => {
  it("reads the first file of nine lines", () => {
    const { settings } = good(first)
    assert.strictEqual(settings.issuers[0]?.id, "okta")
    assert.strictEqual(settings.directory.users.unknown, "allow")
    assert.deepStrictEqual(settings.gateway.upstream?.authorization, {
      team: "file:/etc/jotgate/keys/{team}",
      default: "env:UPSTREAM_KEY"
    })
  })

  it("an empty file is every default", () => {
    const { settings } = good("{}")
    assert.deepStrictEqual(settings.gateway.listen, { host: "0.0.0.0", port: 4180 })
    assert.deepStrictEqual(settings.gateway.admin, { host: "127.0.0.1", port: 4181 })
    assert.deepStrictEqual(settings.gateway.limits, {
      body: 32 * 1024 * 1024,
      headers: 64 * 1024,
      token: 16 * 1024,
      stream: 3_600_000,
      inFlight: 2000,
      inFlightPerCaller: 200,
      bodyTimeout: 60_000
    })
    assert.deepStrictEqual(settings.policy.teamRoutes, ["llm_api_routes", "info_routes"])
    assert.isTrue(settings.policy.requirePrincipal)
    assert.strictEqual(settings.audit.to, "stdout")
    assert.strictEqual(settings.decisions.keep, 10_000)
    assert.isNull(settings.gateway.upstream)
  })

  it("relative file names are relative to the file", () => {
    const { settings } = good(`
issuers:
  - id: a
    issuer: https://a.test
    audience: x
    jwks: [https://a.test/keys, "file:keys.json", { keys: [] }]
    tls: { ca: file:ca.pem }
    opaque: { introspection: { url: https://a.test/i, clientId: c, clientSecret: file:secret } }
policy: { custom: ./policy.mjs }
directory: { url: "sqlite:./data.db", file: rows.yaml, connection: { ca: file:/abs/ca.pem } }
cache: { dir: cache, redis: env:REDIS }
gateway:
  adminToken: file:admin
  tls: { cert: file:c.pem, key: file:k.pem }
  upstreams: [{ match: { model: "claude-*" }, url: https://u.test, authorization: { team: { red: file:red, blue: env:BLUE } } }]
audit: { to: file:audit.log }
`)
    const [issuer] = settings.issuers
    assert.deepStrictEqual(issuer?.jwks, ["https://a.test/keys", "file:/etc/jotgate/keys.json", { keys: [] }])
    assert.strictEqual(issuer?.tls?.ca, "file:/etc/jotgate/ca.pem")
    assert.strictEqual(issuer?.opaque?.introspection?.clientSecret, "file:/etc/jotgate/secret")
    assert.strictEqual(settings.policy.custom, "/etc/jotgate/policy.mjs")
    assert.strictEqual(settings.directory.url, "sqlite:/etc/jotgate/data.db")
    assert.strictEqual(settings.directory.file, "/etc/jotgate/rows.yaml")
    assert.strictEqual(settings.directory.connection.ca, "file:/abs/ca.pem")
    assert.strictEqual(settings.cache.dir, "/etc/jotgate/cache")
    assert.strictEqual(settings.cache.redis, "env:REDIS")
    assert.deepStrictEqual(settings.gateway.tls, { cert: "file:/etc/jotgate/c.pem", key: "file:/etc/jotgate/k.pem" })
    assert.deepStrictEqual(settings.gateway.upstreams[0]?.authorization, {
      team: { red: "file:/etc/jotgate/red", blue: "env:BLUE" }
    })
    assert.strictEqual(settings.audit.to, "file:/etc/jotgate/audit.log")
  })

  it("variables are replaced inside strings", () => {
    const { settings } = good(
      "issuers: [{ id: a, issuer: \"https://${HOST}/x\", audience: \"${AUD:-llm}\", adminScope: \"$${literal}\" }]",
      { HOST: "idp.test", AUD: "" }
    )
    assert.strictEqual(settings.issuers[0]?.issuer, "https://idp.test/x")
    assert.deepStrictEqual(settings.issuers[0]?.audience, ["llm"])
    assert.strictEqual(settings.issuers[0]?.adminScope, "${literal}")
  })

  it("a variable does not become YAML: its value stays one text", () => {
    const { settings } = good("issuers: [{ id: a, issuer: \"${X}\", audience: a }]", { X: "a, audience: any }" })
    assert.strictEqual(settings.issuers[0]?.issuer, "a, audience: any }")
  })

  it("knows the line of every setting that the file says", () => {
    const file = good(first)
    assert.strictEqual(file.lines.get("issuers[0].claims.teams"), 2)
    assert.strictEqual(file.lines.get("directory.users.unknown"), 5)
    assert.isUndefined(file.lines.get("policy.teamRoutes"))
    assert.deepStrictEqual(file.positionOf("directory.users.create"), { line: 5, column: 3 })
    assert.isTrue(file.says("directory.file"))
    assert.isFalse(file.says("cache"))
  })
})

describe("parseConfig: every malformed file is one clear line with its place", () => {
  const cases: ReadonlyArray<readonly [title: string, text: string, expected: string]> = [
    [
      "an unknown key comes with a suggestion",
      "policy:\n  teamHeadrs: [x]\n",
      "jotgate.yaml:2:3: policy.teamHeadrs: unknown key, did you mean \"teamHeaders\"?"
    ],
    [
      "an unknown key deep inside",
      "issuers:\n  - id: a\n    issuer: b\n    audience: c\n    expiry: { skw: 1s }\n",
      "jotgate.yaml:5:15: issuers[0].expiry.skw: unknown key, did you mean \"skew\"?"
    ],
    ["a wrong type", "cache:\n  tokens: many\n", "jotgate.yaml:2:11: cache.tokens: must be a number"],
    [
      "a wrong value",
      "directory:\n  memberships: all\n",
      "jotgate.yaml:2:16: directory.memberships: must be \"none\" or \"join\" or \"replace\""
    ],
    ["a missing key", "issuers:\n  - id: a\n    audience: x\n", "jotgate.yaml:2:5: issuers[0].issuer: is missing"],
    [
      "a duration without a unit",
      "cache: { rows: 30 }",
      "jotgate.yaml:1:16: cache.rows: must be a duration such as 60s, 5m or 24h"
    ],
    [
      "a regular expression that is not linear-time",
      "issuers: [{ id: a, issuer: b, audience: c, claims: { teams: { from: g, match: '(a)\\1' } } }]",
      "jotgate.yaml:1:79: issuers[0].claims.teams.match: cannot be used as a regular expression: it has a back reference"
    ],
    [
      "an address without a port",
      "gateway:\n  listen: localhost\n",
      "jotgate.yaml:2:11: gateway.listen: must be an address such as 127.0.0.1:4180 or [::1]:4180"
    ],
    [
      "a secret in the file itself",
      "gateway:\n  adminToken: hunter2\n",
      "jotgate.yaml:2:15: gateway.adminToken: must be env:NAME or file:PATH"
    ],
    ["a list where a map belongs", "- a\n", "jotgate.yaml:1:1: must be a map"],
    [
      "a variable that is not set",
      "cache:\n  dir: ${NOWHERE}\n",
      "jotgate.yaml:2:8: cache.dir: the variable NOWHERE is not set"
    ],
    [
      "a reference that is none",
      "cache:\n  dir: ${a b}\n",
      "jotgate.yaml:2:8: cache.dir: ${a b} is no reference to a variable: write ${NAME} or ${NAME:-default}"
    ]
  ]
  for (const [title, text, expected] of cases) {
    it(title, () => {
      assert.strictEqual(bad(text), expected)
    })
  }

  it("several findings are several lines, in the order of the file", () => {
    assert.strictEqual(
      bad("polcy: {}\ncache:\n  tokens: 0\n"),
      "jotgate.yaml:1:1: polcy: unknown key, did you mean \"policy\"?\njotgate.yaml:3:11: cache.tokens: must be greater than 0"
    )
  })

  it("a syntax error", () => {
    assert.match(bad("issuers:\n  - id: [a\n"), /^jotgate\.yaml:\d+:\d+: .+/)
    assert.notInclude(bad("a: b: c"), "\n")
  })
  it("a duplicate key", () => {
    assert.match(bad("cache: {}\npolicy: {}\ncache: {}\n"), /^jotgate\.yaml:3:1: .*unique/)
  })
  it("an unknown tag", () => {
    assert.match(bad("cache: !js/function x"), /^jotgate\.yaml:1:8: .*tag/)
  })
  it("two documents", () => {
    assert.match(bad("cache: {}\n---\npolicy: {}\n"), /more than one document/)
  })
  it("an alias that leads into itself", () => {
    assert.match(bad("cache: &a\n  dir: *a\n"), /leads into itself/)
  })
  it("aliases that grow without end", () => {
    const levels = Array.from(
      { length: 9 },
      (_, index) => `  l${index}: &l${index} [${Array(10).fill(index === 0 ? "x" : `*l${index - 1}`).join(", ")}]`
    )
    assert.match(bad(`policy:\n${levels.join("\n")}\n`), /more than 50000 values/)
  })
  it("a member named __proto__ is an unknown key like any", () => {
    assert.match(bad("__proto__: { a: 1 }"), /^jotgate\.yaml:1:1: __proto__: unknown key/)
  })
  it("no finding holds the value, which could be a secret", () => {
    assert.notInclude(bad("gateway: { adminToken: hunter2, listen: hunter2, cors: hunter2 }"), "hunter2")
  })
})

describe("loadConfig", () => {
  it.effect("loads a file and resolves its names beside it", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      yield* files.writeFileString(`${directory}/jotgate.yaml`, "directory: { file: rows.yaml }")
      const { settings } = yield* loadConfig(`${directory}/jotgate.yaml`, {})
      assert.strictEqual(settings.directory.file, `${directory}/rows.yaml`)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.effect("a file that is not there, one that is a folder, and one in another encoding", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const missing = yield* Effect.flip(loadConfig(`${directory}/none.yaml`, {}))
      assert.strictEqual(missing.message, `${directory}/none.yaml: there is no such file`)
      const folder = yield* Effect.flip(loadConfig(directory, {}))
      assert.match(folder.message, /cannot be read/)
      for (const encoding of ["latin1", "utf16le"] as const) {
        const bytes = Buffer.from("directory: { file: \"gr\u00fcn.yaml\" }", encoding)
        yield* files.writeFile(`${directory}/other.yaml`, bytes)
        const other = yield* Effect.flip(loadConfig(`${directory}/other.yaml`, {}))
        assert.strictEqual(other.message, `${directory}/other.yaml: is not written in UTF-8`)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
