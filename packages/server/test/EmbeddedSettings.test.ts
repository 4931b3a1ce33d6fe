import { assert, describe, it } from "@effect/vitest"
import { MemoryDirectory, RevocationRepo } from "@jotgate/core/Repositories"
import { Clock, Effect, Layer, Schedule } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeFile, FileSettings } from "../src/config/GatewaySettings.ts"
import { createGate, type GateSettings, SettingsInvalid } from "../src/EmbeddedGate.ts"
import { idp, settings } from "./support/EmbeddedIssuer.ts"

/** What is wrong with settings that no compiler has seen; none when they make a gate. */
const findingsOf = (given: unknown, parts: Parameters<typeof createGate>[1] = {}) =>
  Effect.promise(async () => {
    try {
      await (await createGate(JSON.parse(JSON.stringify(given)), parts)).close()
      return []
    } catch (error) {
      assert.instanceOf(error, SettingsInvalid)
      return error.findings
    }
  })

/** A value of each setting that is for `jotgate serve` alone: one that would do something there. */
const unserved: Readonly<Record<string, unknown>> = {
  "gateway.listen": "127.0.0.1:0",
  "gateway.admin": "127.0.0.1:0",
  "gateway.adminToken": "env:ADMIN",
  "gateway.tls": { cert: "file:a", key: "file:b" },
  "gateway.prefix": "/llm",
  "gateway.workers": 2,
  "gateway.identityHeaders": { "x-who": "email" },
  "gateway.trustedProxies": ["127.0.0.1"],
  "gateway.grpc": "127.0.0.1:0",
  "gateway.drain": "1s",
  "gateway.hosts": ["gate.test"],
  "gateway.cors": { origins: ["https://app.test"] },
  "gateway.websocket": ["/v1/realtime"],
  "gateway.upstream": { url: "http://llm.test" },
  "gateway.upstreams": [{ url: "http://llm.test", match: { path: "/v1/*" } }],
  "gateway.forwardAuth.authorization": true,
  "gateway.forwardAuth.unseenModel": "pass",
  "gateway.limits.headers": "1KiB",
  "gateway.limits.stream": "1m",
  "gateway.limits.inFlight": 1,
  "gateway.limits.inFlightPerCaller": 1,
  "gateway.limits.bodyTimeout": "1s",
  "log.format": "json",
  "telemetry.otlp": "http://127.0.0.1:4318",
  "audit.to": "stdout",
  "audit.onFull": "refuse",
  "decisions.keep": 1,
  "decisions.store": "directory",
  "decisions.life": "1h",
  "decisions.redact": ["email"],
  "decisions.redactKey": "env:KEY"
}

/** What holds in a gate without listeners whether it is said or not. */
const neutral = {
  gateway: {
    adminToken: null,
    tls: null,
    prefix: "",
    workers: 1,
    identityHeaders: {},
    trustedProxies: [],
    grpc: null,
    hosts: [],
    cors: null,
    websocket: [],
    upstream: null,
    upstreams: [],
    forwardAuth: { authorization: false, unseenModel: "deny" }
  },
  telemetry: { otlp: null },
  audit: { to: "none", onFull: "drop" },
  decisions: { keep: 0, store: null, redact: [], redactKey: null }
}

/** What is obeyed, each shown below or in the tests of the pipeline. */
const obeyed = ["gateway.credentials", "gateway.limits.body", "gateway.limits.token"]

const nested = (path: string, value: unknown): unknown =>
  path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

/** The paths of a schema's keys outside of what decisions are made of, down to those that hold a value. */
const pathsOf = (value: unknown, at: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  at.length === 0 || (typeof value === "object" && value !== null && !Array.isArray(value) && isSection(at.join(".")))
    ? Object.entries(value as object).flatMap(([name, it]) => pathsOf(it, [...at, name]))
    : [at.join(".")]

const isSection = (path: string): boolean =>
  !["issuers", "sharedIdentities", "policy", "directory", "cache"].includes(path.split(".")[0] ?? "") &&
  [...Object.keys(unserved), ...obeyed].some((it) => it.startsWith(`${path}.`))

describe("what createGate takes of the configuration file", () => {
  it("every key of the file outside of what decisions are made of is obeyed or refused", () => {
    const decoded = decodeFile({ issuers: settings.issuers })
    if (decoded._tag === "Failure") return assert.fail(decoded.failure.message)
    const keys = pathsOf(decoded.success).filter((it) =>
      !/^(?:issuers|sharedIdentities|policy|directory|cache)$/.test(it)
    )
    assert.sameMembers([...keys], [...Object.keys(unserved), ...obeyed])
    assert.includeMembers(Object.keys(FileSettings.fields), ["issuers", "policy", "directory", "cache"])
  })

  for (const [path, value] of Object.entries(unserved)) {
    it.live(`refuses ${path}, and says what to do instead`, () =>
      Effect.gen(function*() {
        const [finding = "", ...more] = yield* findingsOf({ ...settings, ...nested(path, value) as object })
        assert.isTrue(finding.startsWith(`${path} is for \`jotgate serve\` alone; `), finding)
        assert.deepStrictEqual(more, [])
      }))
  }

  it.live("takes what holds here anyway", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* findingsOf({ ...settings, ...neutral }), [])
    }))

  it.live("refuses the upstream of an MCP server, each with its place", () =>
    Effect.gen(function*() {
      const mcp = [{ server: "a", path: "/mcp/a" }, { server: "b", path: "/mcp/b", upstream: { url: "http://b.test" } }]
      const [finding = "", ...more] = yield* findingsOf({ ...settings, policy: { mcp } })
      assert.isTrue(finding.startsWith("policy.mcp[1].upstream is for `jotgate serve` alone; "), finding)
      assert.deepStrictEqual(more, [])
    }))
})

/** Repositories without what manages rows. */
const bare = Layer.mergeAll(MemoryDirectory.layerRepos(), RevocationRepo.layerMemory)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-embedded-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

/** How requests of these people come out. */
const asking = Effect.fnUntraced(function*(given: GateSettings, parts: Parameters<typeof createGate>[1] = {}) {
  const gate = yield* Effect.acquireRelease(
    Effect.promise(() => createGate(given, parts)),
    (it) => Effect.promise(it.close)
  )
  return Effect.fnUntraced(
    function*(sub: string, headers: Readonly<Record<string, string>> = {}, body: unknown = { model: "gpt-4o" }) {
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const token = yield* idp.token({ now, claims: { sub, groups: ["red"] } })
      const named = Object.fromEntries(Object.entries(headers).map(([name, it]) => [name, it.replace("TOKEN", token)]))
      const { code, status } = yield* Effect.promise(() =>
        gate.decide({
          method: "POST",
          path: "/v1/chat/completions",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...named },
          body
        })
      )
      return code === null ? String(status) : `${status} ${code}`
    }
  )
})

describe("rows of directory.file, in createGate", () => {
  const rows = (blocked: boolean) =>
    `teams: [{ id: red, models: [gpt-4o] }]\nusers: [{ id: eve, blocked: ${blocked} }]\n`

  it.live("are in force when the gate is there, by a name relative to base, and follow the file", () =>
    Effect.gen(function*() {
      const base = yield* folder
      writeFileSync(join(base, "directory.yaml"), rows(true))
      const ask = yield* asking({ ...settings, directory: { ...settings.directory, file: "directory.yaml" } }, { base })
      assert.strictEqual(yield* ask("ada"), "200")
      assert.strictEqual(yield* ask("ada", {}, { model: "o1" }), "403 team_model_denied")
      assert.strictEqual(yield* ask("eve"), "403 user_blocked")
      writeFileSync(join(base, "directory.yaml"), rows(false))
      const allowed = Effect.flatMap(ask("eve"), (it) => it === "200" ? Effect.void : Effect.fail(it))
      yield* Effect.retry(allowed, { schedule: Schedule.spaced("50 millis"), times: 600 })
    }))

  it.live("a file that cannot be applied is no gate", () =>
    Effect.gen(function*() {
      const base = yield* folder
      writeFileSync(join(base, "directory.yaml"), "teans: []\n")
      const error = yield* Effect.flip(
        Effect.tryPromise(() => createGate({ ...settings, directory: { file: "directory.yaml" } }, { base }))
      )
      assert.match(String(error.cause), /directory\.yaml:1.*teans/)
    }))

  it.live("are refused where the rows are the program's own and nobody would read the file", () =>
    Effect.gen(function*() {
      const findings = yield* findingsOf({ ...settings, directory: { file: "directory.yaml" } }, {
        directory: () => bare
      })
      assert.deepStrictEqual(findings, ["directory.file is not read where the `directory` is the program's own"])
    }))
})

describe("what createGate obeys of gateway", () => {
  it.live("credentials: the headers that may carry the token, and no other", () =>
    Effect.gen(function*() {
      const ask = yield* asking({ ...settings, gateway: { credentials: ["x-token"] } })
      assert.strictEqual(yield* ask("ada"), "401 token_missing")
      assert.strictEqual(yield* ask("ada", { "x-token": "TOKEN" }), "404 team_not_found")
    }))

  it.live("limits.token and limits.body", () =>
    Effect.gen(function*() {
      const short = yield* asking({ ...settings, gateway: { limits: { token: "100B" } } })
      assert.strictEqual(yield* short("ada"), "401 invalid_token")
      const small = yield* asking({ ...settings, gateway: { limits: { body: "16B" } } })
      assert.strictEqual(yield* small("ada"), "413 body_too_large")
    }))
})
