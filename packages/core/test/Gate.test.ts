import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Schema } from "effect"
import { Verdict } from "../src/answer/Verdict.ts"
import { AuthBuilder } from "../src/AuthBuilder.ts"
import { RequestPolicy } from "../src/decision/RequestPolicy.ts"
import { RowNotFound } from "../src/directory/Directory.ts"
import { MemoryDirectory } from "../src/directory/MemoryDirectory.ts"
import { Gate, type Parts, SettingsInvalid } from "../src/Gate.ts"
import { KeyStore } from "../src/keys/KeyStore.ts"
import type { Settings } from "../src/Settings.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"
import { ClaimsPolicy, CustomDenied } from "../src/token/ClaimsPolicy.ts"
import { chat, decided, gateOf, idp, keys, lineOf, settings, teams, tokenOf } from "./support/GateWorld.ts"

describe("Gate.make", () => {
  it.live("allows with who is calling, what may be called, and the headers for the next hop", () =>
    Effect.gen(function*() {
      const verdict = yield* decided({ directory: teams }, chat(yield* tokenOf()))
      assert.instanceOf(verdict, Verdict)
      assert.strictEqual(lineOf(verdict), "allow ada red")
      assert.deepStrictEqual(verdict.claimed, { user: "ada", email: null, teams: ["red"] })
      assert.deepStrictEqual(verdict.models, ["gpt-4o*"])
      assert.isTrue(verdict.mayCall("gpt-4o-mini"))
      assert.isFalse(verdict.mayCall("o1"))
      assert.deepStrictEqual(verdict.headers, {
        "x-jotgate-decision": verdict.decision,
        "x-jotgate-user": "ada",
        "x-jotgate-team": "red"
      })
      assert.strictEqual(verdict.toResponse().status, 200)
    }))

  it.live("denies with a problem, a challenge, its steps, and an answer to send", () =>
    Effect.gen(function*() {
      const denied = yield* decided({ directory: teams }, chat(yield* tokenOf(), { model: "o1" }))
      assert.strictEqual(lineOf(denied), "403 team_model_denied")
      assert.strictEqual(denied.steps.find((it) => it.step === "team")?.outcome, "denied")
      assert.isNull(denied.user)
      assert.deepStrictEqual(denied.claimed, { user: "ada", email: null, teams: ["red"] })
      assert.match(denied.text(), /^403 deny {3}team_model_denied .*\n ✔ token +ES256 .*, issuer idp,/)
      const missing = yield* decided({}, { ...chat(null), origin: "https://api.test" })
      const response = missing.toResponse()
      assert.strictEqual(response.status, 401)
      assert.strictEqual(
        response.headers.get("www-authenticate"),
        `Bearer realm="jotgate", resource_metadata="https://api.test/.well-known/oauth-protected-resource/v1/chat/completions"`
      )
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), missing.problem)
      assert.strictEqual(missing.problem?.decision, missing.decision)
    }))

  it.live("tells whom a proven token names, also where a denial comes before anybody is looked up", () =>
    Effect.gen(function*() {
      const ada = { user: "ada", email: null, teams: ["red"] }
      const reject = () => Promise.reject(new Error("down"))
      const rows: ReadonlyArray<readonly [parts: Parts, body: unknown, line: string]> = [
        [{ directory: teams }, { model: "gpt-4o" }, "allow ada red"],
        [{ directory: teams }, { model: "o1" }, "403 team_model_denied"],
        [{ directory: teams }, `{"model":"o1","model":"gpt-4o"}`, "400 request_ambiguous"],
        [{ directory: teams, hook: () => false }, { model: "gpt-4o" }, "403 custom_denied"],
        [{}, { model: "gpt-4o" }, "404 team_not_found"],
        [{ directory: { team: reject } }, { model: "gpt-4o" }, "503 directory_unavailable"]
      ]
      const token = yield* tokenOf()
      for (const [parts, body, line] of rows) {
        const verdict = yield* decided(parts, chat(token, body))
        assert.strictEqual(lineOf(verdict), line)
        assert.deepStrictEqual(verdict.claimed, ada, line)
        if (!verdict.allowed) assert.isNull(verdict.user)
      }
      const quiet = yield* gateOf({ directory: teams })
      const denied = yield* Effect.promise(() => quiet.decide(chat(token, { model: "o1" }), { steps: "never" }))
      assert.deepStrictEqual(denied.claimed, ada)
      for (const unproven of [null, "a.b.c"]) {
        assert.isNull((yield* decided({ directory: teams }, chat(unproven))).claimed)
      }
    }))

  it.live("a verdict is JSON and comes back from it", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      for (const body of [{ model: "gpt-4o" }, { model: "o1" }]) {
        const verdict = yield* decided({ directory: teams }, chat(token, body))
        const text = JSON.stringify(verdict)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(Schema.encodeSync(Verdict)(verdict))), JSON.parse(text))
        const back = Schema.decodeUnknownSync(Verdict)(JSON.parse(text))
        assert.deepStrictEqual(JSON.parse(JSON.stringify(back)), JSON.parse(text))
        assert.strictEqual(back.text(), verdict.text())
        assert.strictEqual(back.mayCall("gpt-4o"), verdict.mayCall("gpt-4o"))
      }
    }))

  it.live("steps are told as they are asked for", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const stepsOf = (body: unknown, steps: "always" | "denied" | "never") =>
        Effect.promise(async () => (await gate.decide(chat(token, body), { steps })).steps.length > 0)
      assert.isTrue(yield* stepsOf({ model: "gpt-4o" }, "always"))
      assert.isFalse(yield* stepsOf({ model: "gpt-4o" }, "denied"))
      assert.isTrue(yield* stepsOf({ model: "o1" }, "denied"))
      assert.isFalse(yield* stepsOf({ model: "o1" }, "never"))
    }))

  it.live("a log that throws changes no verdict", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      const broken = () => {
        throw new Error("full")
      }
      assert.strictEqual(lineOf(yield* decided({ directory: teams, log: broken }, chat(token))), "allow ada red")
      const later = async () => broken()
      const denied = yield* decided({ directory: teams, log: later }, chat(token, { model: "o1" }))
      assert.strictEqual(lineOf(denied), "403 team_model_denied")
    }))

  it.live("the log gets every verdict, with the id that the caller gets", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const gate = yield* gateOf({ directory: teams, log: ({ decision }) => void log.push(decision) })
      const allowed = yield* Effect.promise(async () => gate.decide(chat(await Effect.runPromise(tokenOf()))))
      const denied = yield* Effect.promise(() => gate.decide(chat("a.b.c")))
      assert.deepStrictEqual(log, [allowed.decision, denied.decision])
    }))

  it.live("rejects settings that cannot be used with a finding for each reason, and decides nothing when closed", () =>
    Effect.gen(function*() {
      const wrong = { issuers: [{ id: "idp" }], polcy: {} } as unknown as Settings.Input
      const error = yield* Effect.promise(() => Gate.make(wrong).catch((it: unknown) => it))
      assert.instanceOf(error, SettingsInvalid)
      assert.isAtLeast(error.findings.length, 3)
      assert.match(error.message, /issuers\[0\]\.issuer/)
      assert.match(error.message, /polcy/)
      const gate = yield* Effect.promise(() => Gate.make(settings))
      yield* Effect.promise(gate.close)
      yield* Effect.promise(gate.close)
      assert.instanceOf(yield* Effect.promise(() => gate.decide(chat(null)).catch((it: unknown) => it)), Error)
    }))

  it.live("rejects what is no request, and never throws in the place of a promise", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      for (const text of ["null", "{}", `{"method":"GET","path":"/v1/models","headers":{"authorization":5}}`]) {
        const told: unknown = yield* Effect.promise(() => gate.decide(JSON.parse(text)).catch((it: unknown) => it))
        assert.instanceOf(told, TypeError, text)
      }
    }))

  it.live("tells where a token comes from, at the paths of RFC 9728", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({})
      const document = gate.metadata(new Request("https://api.test/.well-known/oauth-protected-resource/v1/models"))
      assert.deepInclude(yield* Effect.promise(async () => document?.json()), {
        resource: "https://api.test/v1/models",
        authorization_servers: [idp.iss]
      })
      assert.isUndefined(gate.metadata(new Request("https://api.test/v1/models")))
    }))
})

describe("plain functions as directory", () => {
  const cases: Readonly<Record<string, readonly [Parts["directory"], string]>> = {
    "a row at once": [{ team: (id) => ({ id }) }, "allow ada red"],
    "a promise of a row": [{ team: async (id) => ({ id, models: ["gpt-4o"] }) }, "allow ada red"],
    "an effect of a row": [{ team: (id) => Effect.succeed({ id }) }, "allow ada red"],
    "nothing": [{ team: async () => undefined }, "404 team_not_found"],
    "several at once": [{ teams: async (ids) => ids.map((id) => ({ id })) }, "allow ada red"],
    "a throw": [{
      team: () => {
        throw new Error("down")
      }
    }, "503 directory_unavailable"],
    "a rejection": [{ team: () => Promise.reject(new Error("down")) }, "503 directory_unavailable"],
    "a failing effect": [{ team: () => Effect.fail(new RowNotFound({ kind: "team" })) }, "503 directory_unavailable"],
    "a column that nobody knows": [
      { team: async (id) => JSON.parse(JSON.stringify({ id, model: ["gpt-4o"] })) },
      "503 directory_unavailable"
    ],
    "a column that says nothing": [{ team: (id) => ({ id, note: undefined }) }, "allow ada red"],
    "one row where there are several": [
      { teams: async (ids) => JSON.parse(JSON.stringify({ id: ids[0] })) },
      "503 directory_unavailable"
    ],
    "a row that does not fit": [
      { team: async (id) => JSON.parse(JSON.stringify({ id, models: "all" })) },
      "503 directory_unavailable"
    ]
  }
  for (const [name, [directory, line]] of Object.entries(cases)) {
    it.live(`${name}: ${line}`, () =>
      Effect.gen(function*() {
        const verdict = yield* decided(directory === undefined ? {} : { directory }, chat(yield* tokenOf()))
        assert.strictEqual(lineOf(verdict), line)
      }))
  }

  it.live("says which column of a row does not fit", () =>
    Effect.gen(function*() {
      const operationOf = (row: object) =>
        Effect.map(
          Effect.flatMap(
            tokenOf(),
            (token) => decided({ directory: { team: (id) => JSON.parse(JSON.stringify({ id, ...row })) } }, chat(token))
          ),
          ({ steps }) => steps.find((it) => it.step === "principal")?.facts
        )
      assert.deepStrictEqual(yield* operationOf({ model: ["gpt-4o"] }), {
        operation: "teams: a row does not fit: unknown column model, did you mean models?"
      })
      assert.deepStrictEqual(yield* operationOf({ models: null }), {
        operation: "teams: a row does not fit: models is not what it may be"
      })
    }))

  it.live("writes what an allowed decision wants, and nothing when it is dry or denied", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const parts: Parts = { directory: { ...teams, write: async (it) => void written.push(it._tag) } }
      const gate = yield* gateOf(parts, { ...settings, directory: { users: { create: true } } })
      const token = yield* tokenOf()
      yield* Effect.promise(() => gate.decide(chat(token, { model: "o1" })))
      yield* Effect.promise(() => gate.decide(chat(token), { dry: true }))
      assert.deepStrictEqual(written, [])
      assert.isTrue((yield* Effect.promise(() => gate.decide(chat(token)))).allowed)
      assert.deepStrictEqual(written, ["CreateUser"])
    }))
})

describe("hook and rule", () => {
  const said: Readonly<Record<string, readonly [Parts["hook"], string]>> = {
    "true": [() => true, "allow ada red"],
    "a promise of true": [async () => true, "allow ada red"],
    "an effect": [() => Effect.void, "allow ada red"],
    "false": [() => false, "403 custom_denied"],
    "nothing": [() => undefined, "403 custom_denied"],
    "a reason": [async () => "not today", "403 custom_denied"],
    "a denial": [() => Effect.fail(new CustomDenied({ reason: "no" })), "403 custom_denied"],
    "a throw": [() => {
      throw new Error("down")
    }, "503 custom_unavailable"],
    "a rejection": [() => Promise.reject(new Error("down")), "503 custom_unavailable"],
    "an interruption": [() => Effect.interrupt, "503 directory_unavailable"],
    "a promise of a denial": [async () => JSON.parse(`{"_tag":"Success","value":true}`), "403 custom_denied"],
    "what has to be taken for true": [() => JSON.parse("1"), "403 custom_denied"],
    "what throws when it is looked at": [() =>
      new Proxy(JSON.parse("{}"), {
        has: () => {
          throw new Error("down")
        }
      }), "503 custom_unavailable"]
  }
  for (const [name, [hook, line]] of Object.entries(said)) {
    it.live(`say ${name}: ${line}`, () =>
      Effect.gen(function*() {
        const token = yield* tokenOf()
        assert.strictEqual(lineOf(yield* decided({ directory: teams, ...(hook && { hook }) }, chat(token))), line)
        const rule = hook === undefined ? {} : { rule: () => hook(emptyClaims) }
        assert.strictEqual(lineOf(yield* decided({ directory: teams, ...rule }, chat(token))), line)
      }))
  }

  it.live("the hook sees the claims, the rule who is calling and what is asked", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf({ tenant: "acme" })
      const parts: Parts = {
        directory: teams,
        hook: ({ issuer, payload }) => issuer.id === "idp" && payload["tenant"] === "acme",
        rule: ({ model, principal }) =>
          principal.teamId !== "red" || model._tag !== "Known" || model.name !== "gpt-4o-mini"
      }
      assert.strictEqual(lineOf(yield* decided(parts, chat(token))), "allow ada red")
      assert.strictEqual(lineOf(yield* decided(parts, chat(token, { model: "gpt-4o-mini" }))), "403 custom_denied")
      assert.strictEqual(lineOf(yield* decided(parts, chat(yield* tokenOf()))), "403 custom_denied")
    }))
})

const emptyClaims = {} as Parameters<NonNullable<Parts["hook"]>>[0]

describe("Gate.layer", () => {
  const teamsOf = (models: ReadonlyArray<string>) =>
    MemoryDirectory.layerRepos({ teams: [CoreTest.team("red", { models })] })
  const rows = teamsOf(["gpt-4o*"])
  const decide = (token: string) => Gate.use((gate) => gate.decide(chat(token)))

  it.live("composes the pipeline over layers of the host, and gives its AuthBuilder too", () =>
    Effect.gen(function*() {
      const live = Gate.layer(settings, { directory: rows })
      const token = yield* tokenOf()
      assert.strictEqual(lineOf(yield* Effect.provide(decide(token), live)), "allow ada red")
      const asked = CoreTest.askedOf({ model: "gpt-4o" }, token)
      const allowed = yield* Effect.provide(AuthBuilder.use((auth) => auth.authenticate(asked)), live)
      assert.strictEqual(allowed.principal.teamId, "red")
    }))

  it.live("a hook or rule that is provided to it is asked beside the one of the parts", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      const deny = () => Effect.fail(new CustomDenied({ reason: "no" }))
      const around: ReadonlyArray<Layer.Layer<never>> = [ClaimsPolicy.layer(deny), RequestPolicy.layer(deny)]
      for (const layer of around) {
        const live = Gate.layer(settings, { directory: rows, hook: () => true, rule: () => true })
        assert.strictEqual(
          lineOf(yield* Effect.provide(decide(token), Layer.provide(live, layer))),
          "403 custom_denied"
        )
      }
      for (const part of [{ hook: () => false }, { rule: () => false }]) {
        const live = Gate.layer(settings, { directory: rows, ...part })
        const allowing = Layer.merge(ClaimsPolicy.layer(() => Effect.void), RequestPolicy.layer(() => Effect.void))
        assert.strictEqual(
          lineOf(yield* Effect.provide(decide(token), Layer.provide(live, allowing))),
          "403 custom_denied"
        )
      }
    }))

  it.live("two gates of one graph have each their own settings, rows and keys", () =>
    Effect.gen(function*() {
      class Other extends Context.Service<Other, Gate["Service"]>()("test/Other") {}
      const foreign: Settings.Input = { ...settings, issuers: [{ id: "x", issuer: "https://x.test", audience: "x" }] }
      const second = (input: Settings.Input, parts: Parts) =>
        Layer.effect(Other, Gate).pipe(Layer.provide(Gate.layer(input, parts)))
      const lines = Effect.gen(function*() {
        const token = yield* tokenOf()
        const gates = [yield* Gate, yield* Other]
        return yield* Effect.forEach(gates, (gate) => Effect.map(gate.decide(chat(token)), lineOf))
      })
      const first = Gate.layer(settings, { directory: rows })
      const table = [[second(foreign, { directory: rows }), "401 invalid_token"], [
        second(settings, { directory: teamsOf(["o1"]) }),
        "403 team_model_denied"
      ]] as const
      for (const [other, line] of table) {
        assert.deepStrictEqual(yield* Effect.provide(lines, Layer.merge(first, other)), ["allow ada red", line])
        assert.deepStrictEqual(yield* Effect.provide(lines, Layer.merge(other, first)), ["allow ada red", line])
      }
    }))

  const named: Readonly<Record<string, Settings.Input>> = {
    "policy.custom": { policy: { custom: "./policy.mjs" } },
    "directory.url": { directory: { url: "postgres://db.test/people" } },
    "directory.file": { directory: { file: "people.yaml" } },
    "cache.redis": { cache: { redis: "env:REDIS" } }
  }
  for (const [key, input] of Object.entries(named)) {
    it.live(`refuses ${key}, which it would not open`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(decide("x"), Gate.layer({ ...settings, ...input })))
        assert.instanceOf(error, SettingsInvalid)
        assert.match(error.message, new RegExp(`^${key} is read by .createGate`))
        const made = yield* Effect.exit(Effect.tryPromise(() => Gate.make({ ...settings, ...input })))
        assert.isTrue(Exit.isFailure(made))
      }))
  }

  it.live("takes keys that say that there is nothing", () =>
    Effect.gen(function*() {
      const input: Settings.Input = {
        ...settings,
        policy: { custom: null },
        directory: { url: "memory:", file: null, users: { unknown: "allow" } },
        cache: { dir: null, redis: null }
      }
      const token = yield* tokenOf()
      assert.strictEqual(
        lineOf(yield* Effect.provide(decide(token), Gate.layer(input, { directory: rows }))),
        "allow ada red"
      )
    }))

  it.live("has the keys of the host's own store", () =>
    Effect.gen(function*() {
      const issuers = settings.issuers?.map(({ jwks: _, ...it }) => it) ?? []
      const token = yield* tokenOf()
      const lineWith = (sets: Readonly<Record<string, unknown>>) =>
        Effect.map(
          Effect.provide(
            decide(token),
            Gate.layer({ ...settings, issuers }, { directory: rows, keys: KeyStore.layerMemory(sets) })
          ),
          lineOf
        )
      assert.strictEqual(yield* lineWith({ idp: keys }), "allow ada red")
      assert.notStrictEqual(yield* lineWith({}), "allow ada red")
    }))

  it.live("fails with the findings when the settings cannot be used", () =>
    Effect.gen(function*() {
      const wrong: Settings.Input = { issuers: [{ id: "idp", issuer: "https://idp.test", audience: [] }] }
      const error = yield* Effect.flip(Effect.provide(decide("x"), Gate.layer(wrong)))
      assert.instanceOf(error, SettingsInvalid)
      assert.match(error.message, /audience/)
    }))
})
