import { assert, describe, it } from "@effect/vitest"
import { ClaimsPolicy, CustomDenied, RequestPolicy } from "@jotgate/core/CustomPolicy"
import { makeTeam, TeamId } from "@jotgate/core/Directory"
import { Gate } from "@jotgate/core/Gate"
import { namesOf } from "@jotgate/core/Request"
import type { Verdict } from "@jotgate/core/Verdict"
import * as MemoryStore from "@jotgate/store/MemoryStore"
import { Clock, Effect, Layer } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  createGate,
  type GateParts,
  type GateSettings,
  type Hook,
  type Rule,
  SettingsInvalid
} from "../src/EmbeddedGate.ts"
import { idp, settings } from "./support/EmbeddedIssuer.ts"

const rows = MemoryStore.layer({ teams: [makeTeam({ id: TeamId.make("red"), models: ["gpt-4o*"] })] })

const gateOf = <E = never>(parts: Partial<GateParts<E>>, input = settings) =>
  Effect.acquireRelease(
    Effect.promise(() => createGate(input, { directory: () => rows, ...parts })),
    (gate) => Effect.promise(gate.close)
  )

const tokenOf = (claims: Readonly<Record<string, unknown>> = {}) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (millis) => idp.token({ now: Math.floor(millis / 1000), claims: { sub: "ada", groups: ["red"], ...claims } })
  )

const lineOf = ({ allowed, code, status, team, user }: Verdict) =>
  allowed ? `allow ${user?.id} ${team?.id}` : `${status} ${code}`

const asked = Effect.fnUntraced(function*<E = never>(
  parts: Partial<GateParts<E>>,
  { body = { model: "gpt-4o" }, claims = {}, input = settings }: {
    readonly body?: unknown
    readonly claims?: Readonly<Record<string, unknown>>
    readonly input?: GateSettings
  } = {}
) {
  const gate = yield* gateOf(parts, input)
  const token = yield* tokenOf(claims)
  return lineOf(
    yield* Effect.promise(() =>
      gate.decide({
        method: "POST",
        path: "/v1/chat/completions",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body
      })
    )
  )
})

/** A local module of `policy.custom` that says this, as its file. */
const moduleOf = (says: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-custom-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      const file = join(folder, "policy.mjs")
      writeFileSync(file, `export const validate = () => ${says}\n`, { mode: 0o600 })
      return file
    }
  )

const denied = () => Effect.fail(new CustomDenied({ reason: "no" }))

describe("the hook and the rule of createGate", () => {
  // What else they may say is told by the tests of `Gate.make`, whose reading of it this is.
  const said: Readonly<Record<string, readonly [say: Hook & Rule, line: string]>> = {
    "true": [() => true, "allow ada red"],
    "a reason": [async () => "not today", "403 custom_denied"],
    "a denial": [denied, "403 custom_denied"],
    "a throw": [() => {
      throw new Error("down")
    }, "503 custom_unavailable"]
  }
  for (const [name, [say, line]] of Object.entries(said)) {
    it.live(`say ${name}: ${line}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* asked({ hook: say }), line)
        assert.strictEqual(yield* asked({ rule: say }), line)
      }))
  }

  it.live("the hook sees the verified claims, and is not asked about a token that is none", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const hook: Hook = ({ issuer, payload }) => {
        seen.push(payload["tenant"])
        return issuer.id === "idp" && payload["tenant"] === "acme"
      }
      assert.strictEqual(yield* asked({ hook }, { claims: { tenant: "acme" } }), "allow ada red")
      assert.strictEqual(yield* asked({ hook }, { claims: { tenant: "other" } }), "403 custom_denied")
      assert.strictEqual(yield* asked({ hook }, { claims: { tenant: "acme", aud: "elsewhere" } }), "401 invalid_token")
      assert.deepStrictEqual(seen, ["acme", "other"])
    }))

  it.live("the rule sees what the proxy reads, of what everything else allows", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const rule: Rule = ({ model, path, principal }) => {
        seen.push([path, principal.teamId, model._tag === "Known" ? model.name : model._tag])
        return model._tag === "Known" && model.name === "gpt-4o"
      }
      assert.strictEqual(yield* asked({ rule }), "allow ada red")
      assert.strictEqual(yield* asked({ rule }, { body: { model: "gpt-4o-mini" } }), "403 custom_denied")
      assert.strictEqual(yield* asked({ rule }, { body: { model: "o1" } }), "403 team_model_denied")
      const path = "/v1/chat/completions"
      assert.deepStrictEqual(seen, [[path, "red", "gpt-4o"], [path, "red", "gpt-4o-mini"]])
    }))

  it.live("the rule of createGate and that of Gate.make say the same of the same requests", () =>
    Effect.gen(function*() {
      const input: GateSettings = { ...settings, policy: { modelAliases: { smart: "gpt-5" } } }
      const rule: Rule = ({ model }) => !namesOf(model).includes("gpt-5")
      const everything = MemoryStore.layer({ teams: [makeTeam({ id: TeamId.make("red") })] })
      const { policy: { modelAliases } = {}, ...common } = input
      const gates = [
        yield* gateOf({ rule, directory: () => everything }, input),
        yield* Effect.acquireRelease(
          Effect.promise(() =>
            Gate.make({ ...common, policy: { modelAliases: modelAliases ?? {} } }, {
              rule,
              directory: { team: (id) => ({ id }) }
            })
          ),
          (gate) => Effect.promise(gate.close)
        )
      ]
      const authorization = `Bearer ${yield* tokenOf()}`
      const lines = (body: unknown, type = "application/json", path = "/v1/chat/completions") =>
        Effect.forEach(gates, (gate) =>
          Effect.map(
            Effect.promise(() =>
              gate.decide({ method: "POST", path, headers: { authorization, "content-type": type }, body })
            ),
            lineOf
          ))
      const same: Readonly<Record<string, readonly [line: string, body: unknown]>> = {
        "another model": ["allow ada red", { model: "o1" }],
        "the model": ["403 custom_denied", { model: "gpt-5" }],
        "an alias of it": ["403 custom_denied", { model: "smart" }],
        "an alias of it to fall back to": ["403 custom_denied", { model: "o1", fallbacks: ["smart"] }],
        "none": ["403 model_unnamed", { messages: [] }],
        "none that is certain": ["403 model_unnamed", { model: "o1", prompt_id: "p-1" }],
        "two": ["400 request_ambiguous", `{"model":"o1","model":"gpt-5"}`]
      }
      for (const [name, [line, body]] of Object.entries(same)) {
        assert.deepStrictEqual(yield* lines(body), [line, line], name)
      }
      // A form is read by the proxy's reader alone; to the other it is never none.
      const form = [
        `--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nsmart\r\n--b--\r\n`,
        "multipart/form-data; boundary=b"
      ]
      assert.deepStrictEqual(yield* lines(form[0], form[1], "/v1/audio/transcriptions"), [
        "403 custom_denied",
        "403 model_unseen"
      ])
    }))

  it.live("both are asked, and the module of the settings besides: one that says no is enough", () =>
    Effect.gen(function*() {
      const yes = () => true
      const no = () => false
      const lines = (custom: string | null) =>
        Effect.forEach(
          [{ hook: yes, rule: yes }, { hook: no, rule: yes }, { hook: yes, rule: no }, {}],
          (parts) => asked(parts, { input: { ...settings, policy: { custom } } })
        )
      assert.deepStrictEqual(
        yield* lines(yield* moduleOf("true")),
        ["allow ada red", "403 custom_denied", "403 custom_denied", "allow ada red"]
      )
      assert.deepStrictEqual(yield* lines(yield* moduleOf("false")), Array(4).fill("403 custom_denied"))
    }))

  const kinds: Readonly<Record<string, Layer.Layer<never>>> = {
    "a hook": ClaimsPolicy.layer(denied),
    "a rule": RequestPolicy.layer(denied)
  }
  for (const [kind, given] of Object.entries(kinds)) {
    it.live(`${kind} that stands among the host's layers is asked, beside those of the parts`, () =>
      Effect.gen(function*() {
        const yes = { hook: () => true, rule: () => true }
        assert.strictEqual(yield* asked({ directory: () => rows, ...yes }), "allow ada red")
        for (
          const directory of [Layer.merge(rows, given), Layer.provide(rows, given), Layer.provideMerge(rows, given)]
        ) {
          assert.strictEqual(yield* asked({ directory: () => directory }), "403 custom_denied")
          assert.strictEqual(yield* asked({ directory: () => directory, ...yes }), "403 custom_denied")
        }
      }))
  }
})

describe("createGate", () => {
  it.live("rejects settings that cannot be used, with a line for each reason", () =>
    Effect.gen(function*() {
      const wrong: GateSettings = { issuers: [{ id: "idp", issuer: "https://idp.test", audience: [] }] }
      const error = yield* Effect.flip(Effect.tryPromise(() => createGate(wrong)))
      assert.instanceOf(error.cause, SettingsInvalid)
      assert.match(error.cause instanceof SettingsInvalid ? error.cause.findings.join() : "", /audience/)
    }))

  it.live("answers nobody after it was closed, and can be closed twice", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({})
      yield* Effect.promise(gate.close)
      yield* Effect.promise(gate.close)
      const request = { method: "GET", path: "/v1/models", headers: {} }
      const error = yield* Effect.flip(Effect.tryPromise({ try: () => gate.decide(request), catch: String }))
      assert.match(error, /closed/)
    }))

  it.live("answers for the metadata that its challenges name, or names none", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({})
      const denied = yield* Effect.promise(() => gate.decide(new Request("https://api.test/v1/models")))
      const [, url = ""] = /resource_metadata="([^"]+)"/.exec(denied.headers["www-authenticate"] ?? "") ?? []
      const answer = gate.metadata(new Request(url))
      assert.strictEqual(answer?.status, 200)
      assert.deepInclude(yield* Effect.promise(async () => Object(await answer?.json())), {
        authorization_servers: ["https://idp.test"]
      })
      assert.isUndefined(gate.metadata(new Request("https://api.test/v1/models")))
      const without = yield* gateOf({ metadata: false })
      const other = yield* Effect.promise(() => without.decide(new Request("https://api.test/v1/models")))
      assert.notInclude(other.headers["www-authenticate"] ?? "", "resource_metadata")
    }))

  it.live("tells every verdict to the log; what that throws is the host's alone", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const log = (verdict: Verdict) => {
        told.push(lineOf(verdict))
        throw new Error("the log is full")
      }
      assert.strictEqual(yield* asked({ log }), "allow ada red")
      assert.strictEqual(yield* asked({ log }, { body: { model: "o1" } }), "403 team_model_denied")
      assert.deepStrictEqual(told, ["allow ada red", "403 team_model_denied"])
    }))

  it.live("sees no message of a WebSocket, over HTTP/2 either", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({})
      const authorization = `Bearer ${yield* tokenOf()}`
      const upgrade = { connection: "upgrade", upgrade: "websocket" }
      for (const [method, more] of [["GET", upgrade], ["CONNECT", { ":protocol": "websocket" }]] as const) {
        const request = { method, path: "/v1/realtime", headers: { ...more, authorization } }
        assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "403 model_unseen")
      }
    }))

  it.live("says what jotgate check would say of its settings, but of the gateway that it has not", () =>
    Effect.gen(function*() {
      const audience = yield* gateOf({}, {
        ...settings,
        issuers: settings.issuers.map((it) => ({ ...it, audience: "any" }))
      })
      assert.isTrue(audience.findings.some((it) => it.includes("audience")), audience.findings.join("\n"))
      assert.deepStrictEqual(audience.findings.filter((it) => it.includes("gateway")), [])
    }))
})
