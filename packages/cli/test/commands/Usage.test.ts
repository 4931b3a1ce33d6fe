import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { fileURLToPath } from "node:url"
import { jotgate } from "../support/Shell.ts"

const withFile = (name: string, text: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const path = `${yield* files.makeTempDirectoryScoped()}/${name}`
    yield* files.writeFileString(path, text)
    return path
  }).pipe(Effect.provide(NodeServices.layer))

const sound = "issuers: [{ id: a, issuer: \"https://a.test\", audience: x }]\n"

describe("wrong usage is one clear line and exit 2", () => {
  const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, line: RegExp]> = [
    [["chek"], /^unknown command chek, did you mean check\?$/],
    [["serve", "--confg", "x"], /^unknown flag --confg, did you mean --config\?$/],
    [["check"], /^which file\? /],
    [["serve"], /^which file\? /],
    [["explain"], /^which file\? /],
    [["check", "/nowhere/jotgate.yaml"], /^\/nowhere\/jotgate\.yaml: there is no such file$/],
    [["serve", "--config", "/nowhere/jotgate.yaml"], /^\/nowhere\/jotgate\.yaml: there is no such file$/],
    [["import", "litellm", "/nowhere/config.yaml"], /^\/nowhere\/config\.yaml: there is no such file$/],
    [["check", "a", "--config", "b"], /^give the file once/],
    [["plan", "a", "--config", "b"], /^give the file once/],
    [["serve", "a", "--config", "b"], /^give the file once/],
    [["who", "gpt-4o", "--model", "o1"], /^give the model once/],
    [["can", "alice", "--user", "bob"], /^give the user once/],
    [["can", "alice", "--team", "red"], /^who\? Give the id of a user, or one of --team ID/],
    [["decisions", "alice", "--who", "bob"], /^give the person once/],
    [["decisions", "d_01J"], /^d_01J is a decision: jotgate explain d_01J says why$/],
    [["explain", "d_01J", "--decision", "d_01K"], /^give the decision once/],
    [["explain", "alice"], /^alice is not the id of a decision \(d_…\): for a person give --user ID/],
    [["review"], /^which file\? /],
    [["snippets", "nginx", "--gate", "x"], /^--gate: x is no URL/],
    [["snippets", "nginx", "--listen", "x"], /^--listen: x is no address/],
    [["snippets", "nginx", "--lua"], /^--lua belongs to haproxy/],
    [["dev", "--port", "70000"], /70000 is no port/],
    [["token", "alice", "--gate", "http://127.0.0.1:2"], /is jotgate dev running\?$/]
  ]
  for (const [args, line] of cases) {
    it.live(`jotgate ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const { code, err, out } = yield* jotgate(...args)
        assert.match(err, line)
        assert.strictEqual(err.split("\n").length, 1)
        assert.strictEqual(out, "")
        assert.strictEqual(code, 2)
      }))
  }

  it.live("jotgate alone prints its help and exits 2", () =>
    Effect.gen(function*() {
      const { code, err } = yield* jotgate()
      assert.include(err, "SUBCOMMANDS")
      assert.strictEqual(code, 2)
    }))

  it.live("--version and --help are answered on standard output, exit 0", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* jotgate("--version"), { code: 0, out: "0.0.0", err: "" })
      const { code, out } = yield* jotgate("serve", "--help")
      assert.include(out, "--config")
      assert.strictEqual(code, 0)
    }))
})

describe("jotgate check", () => {
  it.live("a sound file", () =>
    Effect.gen(function*() {
      const file = yield* withFile("jotgate.yaml", sound)
      assert.deepStrictEqual(yield* jotgate("check", file), { code: 0, out: `${file}: sound`, err: "" })
      assert.strictEqual((yield* jotgate("check", "--config", file)).code, 0)
    }).pipe(Effect.scoped))

  it.live("an unknown key: file:line:column, path and suggestion, exit 2", () =>
    Effect.gen(function*() {
      const file = yield* withFile("jotgate.yaml", "policy:\n  teamHeadrs: [x]\n")
      const { code, err } = yield* jotgate("check", file)
      assert.strictEqual(err, `${file}:2:3: policy.teamHeadrs: unknown key, did you mean "teamHeaders"?`)
      assert.strictEqual(code, 2)
    }).pipe(Effect.scoped))

  it.live("a contradiction, exit 2", () =>
    Effect.gen(function*() {
      const file = yield* withFile("jotgate.yaml", `${sound}policy:\n  requireScope: true\n`)
      const { code, err } = yield* jotgate("check", file)
      assert.strictEqual(err, `${file}:3:3: policy.requireScope: needs policy.scopes: nothing could be allowed`)
      assert.strictEqual(code, 2)
    }).pipe(Effect.scoped))

  it.live("a setting without effect is a warning; with --strict a finding, exit 1", () =>
    Effect.gen(function*() {
      const file = yield* withFile("jotgate.yaml", `${sound}policy:\n  scopes: [{ scope: a, models: [b] }]\n`)
      const lax = yield* jotgate("check", file)
      assert.include(lax.err, `${file}:3:3: policy.scopes: has no effect`)
      assert.include(lax.err, "(warning)")
      assert.strictEqual(lax.code, 0)
      const strict = yield* jotgate("check", "--strict", file)
      assert.notInclude(strict.err, "(warning)")
      assert.strictEqual(strict.code, 1)
    }).pipe(Effect.scoped))

  it.live("what a file points at and is not there: one line each with its place, the same from serve", () =>
    Effect.gen(function*() {
      const file = yield* withFile(
        "jotgate.yaml",
        `${sound}directory: { file: gone.yaml }\npolicy: { custom: ./gone.mjs }\n` +
          `gateway: { adminToken: env:NOT_SET_ANYWHERE, tls: { cert: "file:gone.crt", key: "file:gone.key" } }\n`
      )
      const { code, err } = yield* jotgate("check", file)
      const secrets = [
        /:4:12: gateway\.adminToken: env:NOT_SET_ANYWHERE: not set$/,
        /:4:53: gateway\.tls\.cert: file:\S+gone\.crt: ENOENT$/,
        /:4:76: gateway\.tls\.key: file:\S+gone\.key: ENOENT$/
      ]
      const files = [
        /:3:11: policy\.custom: \S+gone\.mjs cannot be read$/,
        /:2:14: directory\.file: \S+gone\.yaml cannot be read$/
      ]
      const lines = err.split("\n")
      for (const [at, line] of [...secrets, ...files].entries()) assert.match(lines[at] ?? "", line)
      assert.deepStrictEqual([code, lines.length], [1, 5])
      const served = yield* jotgate("serve", "--config", file)
      assert.deepStrictEqual(served, { code: 2, out: "", err: lines.slice(0, 3).join("\n") })
    }).pipe(Effect.scoped))

  it.live("what is wrong in the file of the rows, with its own lines", () =>
    Effect.gen(function*() {
      const rows = yield* withFile("rows.yaml", "users:\n  - { id: \"a\\nb\" }\n  - { idd: x }\n")
      const file = yield* withFile("jotgate.yaml", `${sound}directory: { file: "${rows}" }\n`)
      const { code, err } = yield* jotgate("check", file)
      assert.include(err, `${rows}:2:11: users[0].id: must have no control characters`)
      assert.include(err, `${rows}:3:12: users[1].idd: unknown key, did you mean "id"?`)
      assert.strictEqual(code, 1)
    }).pipe(Effect.scoped))

  it.live("JSON is read too", () =>
    Effect.gen(function*() {
      const file = yield* withFile("jotgate.json", JSON.stringify({ issuers: [] }))
      assert.strictEqual((yield* jotgate("check", file)).code, 0)
    }).pipe(Effect.scoped))
})

describe("jotgate import litellm", () => {
  const theirs = `general_settings:
  enable_jwt_auth: true
  litellm_jwtauth:
    user_id_jwt_field: sub
    issuers: [{ issuer: "https://a.test", audience: x }]
`

  it.live("prints the file on standard output and the report on standard error", () =>
    Effect.gen(function*() {
      const file = yield* withFile("config.yaml", theirs)
      const { code, err, out } = yield* jotgate("import", "litellm", file)
      assert.match(out, /^# Imported from /)
      assert.include(out, "issuer: https://a.test # litellm_jwtauth.issuers[0].issuer")
      assert.match(err, /^parity with LiteLLM /)
      assert.strictEqual(code, 0)
      const written = yield* withFile("jotgate.yaml", out)
      assert.strictEqual((yield* jotgate("check", written)).code, 0)
    }).pipe(Effect.scoped))

  it.live("--out writes the file, --report json the report", () =>
    Effect.gen(function*() {
      const file = yield* withFile("config.yaml", theirs)
      const ran = yield* jotgate("import", "litellm", file, "--out", `${file}.out`, "--report", "json")
      assert.strictEqual(ran.out, "")
      const report = JSON.parse(ran.err)
      assert.deepInclude(report.keys.find((it: { key: string }) => it.key.endsWith("user_id_jwt_field")), {
        verdict: "exact",
        setting: "issuers[].claims.user"
      })
      assert.strictEqual((yield* jotgate("check", `${file}.out`)).code, 0)
    }).pipe(Effect.scoped))

  it.live("RULES D43: a refused key exits 1, and the rest is written", () =>
    Effect.gen(function*() {
      const file = yield* withFile(
        "config.yaml",
        theirs.replace("general_settings:\n", "general_settings:\n  allow_requests_on_db_unavailable: true\n")
      )
      const { code, err, out } = yield* jotgate("import", "litellm", file)
      assert.match(out, /^# Imported/)
      assert.match(err, /refused +general_settings\.allow_requests_on_db_unavailable/)
      assert.strictEqual(code, 1)
    }).pipe(Effect.scoped))

  it.live("an unknown key stops the import as it stops the reference, exit 2", () =>
    Effect.gen(function*() {
      const file = yield* withFile("config.yaml", theirs.replace("user_id_jwt_field", "user_jwt_field"))
      const { code, err, out } = yield* jotgate("import", "litellm", file)
      assert.match(err, /litellm_jwtauth\.user_jwt_field: unknown key, did you mean/)
      assert.strictEqual(out, "")
      assert.strictEqual(code, 2)
    }).pipe(Effect.scoped))

  it.live("a file with every key of LiteLLM 1.110.2 is imported: exit 0 or 1, never 2", () =>
    Effect.gen(function*() {
      const all = fileURLToPath(new URL("../fixtures/litellm/keys-1.110.json", import.meta.url))
      const { code, out } = yield* jotgate("import", "litellm", all)
      assert.include([0, 1], code)
      assert.match(out, /^# Imported/)
    }).pipe(Effect.scoped))

  it.live("a key of another release and a release that nobody knows are one line each, with the place", () =>
    Effect.gen(function*() {
      const mixed = yield* withFile("config.yaml", `${theirs}    fallback_to_db_teams: true\n`)
      const later = yield* jotgate("import", "litellm", mixed, "--release", "1.90")
      assert.strictEqual(later.code, 2)
      assert.deepStrictEqual(later.err.split("\n"), [
        `${mixed}: general_settings.litellm_jwtauth.fallback_to_db_teams: is a key of LiteLLM 1.108 and later; the file is ` +
        "imported as 1.90's (--release)"
      ])
      const unknown = yield* jotgate("import", "litellm", mixed, "--release", "1.95")
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.err, /--release.*1\.95|1\.95.*--release|release/)
      const named = yield* withFile("jotgate.yaml", `${sound}policy:\n  litellm: "1.95"\n`)
      const { code, err } = yield* jotgate("check", named)
      assert.strictEqual(code, 2)
      assert.match(err, /^\S+jotgate\.yaml:3:\d+: policy\.litellm: [^\n]*1\.110[^\n]*$/)
    }).pipe(Effect.scoped))

  it.live("a YAML syntax error has its line and column, exit 2", () =>
    Effect.gen(function*() {
      const file = yield* withFile("config.yaml", "general_settings:\n  a: [b\n")
      const { code, err } = yield* jotgate("import", "litellm", file)
      assert.match(err, /config\.yaml:\d+:\d+: /)
      assert.strictEqual(code, 2)
    }).pipe(Effect.scoped))
})

describe("jotgate snippets", () => {
  for (const name of ["nginx", "caddy", "traefik", "envoy", "haproxy", "litellm", "kubernetes"]) {
    it.live(name, () =>
      Effect.gen(function*() {
        // On Kubernetes the gate is part of what is printed; what it forwards to is not.
        const flag = name === "kubernetes" ? "--upstream" : "--gate"
        const { code, out } = yield* jotgate("snippets", name, flag, "http://other.test:4999")
        assert.include(out, "other.test:4999")
        assert.strictEqual(code, 0)
      }))
  }

  it.live("haproxy --lua is the file that the configuration loads", () =>
    Effect.gen(function*() {
      const { out } = yield* jotgate("snippets", "haproxy", "--lua")
      assert.include(out, "core.register_action")
    }))
})
