import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { Verdict } from "../src/answer/Verdict.ts"
import { AuthBuilder } from "../src/AuthBuilder.ts"
import { RequestPolicy } from "../src/decision/RequestPolicy.ts"
import { RowNotFound } from "../src/directory/Directory.ts"
import { MemoryDirectory } from "../src/directory/MemoryDirectory.ts"
import { Gate, type Parts, type PlainRequest, SettingsInvalid } from "../src/Gate.ts"
import type { Settings } from "../src/Settings.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"
import * as Issuer from "../src/testing/Issuer.ts"
import { ClaimsPolicy, CustomDenied } from "../src/token/ClaimsPolicy.ts"

const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
const keys = { keys: idp.jwks.keys.map((it) => ({ ...it })) }
const settings: Settings.Input = {
  issuers: [{
    id: "idp",
    issuer: idp.iss,
    audience: "https://api.test",
    jwks: keys,
    claims: { user: "sub", teams: "groups" }
  }],
  directory: { users: { unknown: "allow" } }
}
const teams = {
  team: (id: string) => id === "red" ? { id, models: ["gpt-4o*"] } : id === "blue" ? { id, models: ["o1"] } : null
}

const tokenOf = (claims: Readonly<Record<string, unknown>> = {}) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (millis) => idp.token({ now: Math.floor(millis / 1000), claims: { sub: "ada", groups: ["red"], ...claims } })
  )

/** A gate that is closed at the end. */
const gateOf = <E>(parts: Parts<E>, input = settings) =>
  Effect.acquireRelease(Effect.promise(() => Gate.make(input, parts)), (gate) => Effect.promise(gate.close))

const chat = (token: string | null, body: unknown = { model: "gpt-4o" }): PlainRequest => ({
  method: "POST",
  path: "/v1/chat/completions?x=1",
  headers: token === null ? {} : { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body
})

const decided = Effect.fnUntraced(function*<E>(parts: Parts<E>, request: PlainRequest | Request) {
  const gate = yield* gateOf(parts)
  return yield* Effect.promise(() => gate.decide(request))
})

const lineOf = ({ allowed, code, status, team, user }: Verdict) =>
  allowed ? `allow ${user?.id} ${team?.id}` : `${status} ${code}`

describe("Gate.make", () => {
  it.live("allows with who is calling, what may be called, and the headers for the next hop", () =>
    Effect.gen(function*() {
      const verdict = yield* decided({ directory: teams }, chat(yield* tokenOf()))
      assert.instanceOf(verdict, Verdict)
      assert.strictEqual(lineOf(verdict), "allow ada red")
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

describe("the body", () => {
  const streamed = (token: string, chunks: ReadonlyArray<string>, headers: Record<string, string> = {}) => {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const chunk = chunks[pulled++]
        if (chunk === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(chunk))
      }
    }, { highWaterMark: 0 })
    const request = new Request("https://gate.test/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body,
      duplex: "half"
    } as RequestInit)
    return { request, pulled: () => pulled }
  }

  it.live("of a Fetch request is judged, and is still there for the host", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const { request } = streamed(yield* tokenOf(), [`{"mod`, `el":"o1"}`])
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "403 team_model_denied")
      assert.strictEqual(yield* Effect.promise(() => request.text()), `{"model":"o1"}`)
    }))

  it.live("of 300 MiB is not read without a good token, and with one no further than the limit", () =>
    Effect.gen(function*() {
      const limit = 1024 * 1024
      const gate = yield* gateOf({ directory: teams, bodyLimit: limit })
      const piece = new Uint8Array(64 * 1024).fill(0x20)
      const asking = (token: string | undefined) => {
        let pulled = 0
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (pulled === 300 * 16) return controller.close()
            pulled++
            controller.enqueue(piece)
          }
        }, { highWaterMark: 0 })
        const request = new Request("https://gate.test/v1/chat/completions", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
          },
          body,
          duplex: "half"
        } as RequestInit)
        return Effect.map(
          Effect.promise(() => gate.decide(request)),
          (it) => [lineOf(it), pulled * piece.length] as const
        )
      }
      assert.deepStrictEqual(yield* asking(undefined), ["401 token_missing", 0])
      assert.deepStrictEqual(yield* asking("a.b.c"), ["401 invalid_token", 0])
      assert.deepStrictEqual(yield* asking(yield* tokenOf({ exp: 1 })), ["401 invalid_token", 0])
      const [line, read] = yield* asking(yield* tokenOf())
      assert.strictEqual(line, "413 body_too_large")
      assert.isAtMost(read, limit + 3 * piece.length)
    }))

  it.live("of a WebSocket is what nobody here sees: its messages name models", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const line = (path: string, upgrade?: string) =>
        Effect.map(
          Effect.promise(() =>
            gate.decide({
              method: "GET",
              path,
              headers: { authorization: `Bearer ${token}`, ...(upgrade === undefined ? {} : { upgrade }) }
            })
          ),
          lineOf
        )
      assert.strictEqual(yield* line("/v1/responses", "websocket"), "403 model_unseen")
      assert.strictEqual(yield* line("/v1/realtime?model=gpt-4o", "h2c, WebSocket"), "403 model_unseen")
      assert.strictEqual(yield* line("/v1/realtime?model=o1", "websocket"), "403 team_model_denied")
      assert.strictEqual(yield* line("/v1/responses/r-1"), "allow ada red")
    }))

  it.live("is not read before the credential was looked at", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      for (const token of ["a.b.c", yield* tokenOf({ exp: 1 })]) {
        const { pulled, request } = streamed(token, [`{"model":"gpt-4o"}`])
        assert.strictEqual((yield* Effect.promise(() => gate.decide(request))).status, 401)
        assert.strictEqual(pulled(), 0)
      }
    }))

  it.live("is read up to the limit and no further: 413", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams, bodyLimit: 64 })
      const token = yield* tokenOf()
      const { pulled, request } = streamed(token, Array.from({ length: 1_000 }, () => " ".repeat(16)))
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(request))), "413 body_too_large")
      assert.isAtMost(pulled(), 8)
      const announced = streamed(token, ["{}"], { "content-length": "1000" })
      assert.strictEqual(lineOf(yield* Effect.promise(() => gate.decide(announced.request))), "413 body_too_large")
      assert.strictEqual(announced.pulled(), 0)
      assert.strictEqual(
        lineOf(yield* Effect.promise(() => gate.decide(chat(token, "x".repeat(65))))),
        "413 body_too_large"
      )
    }))

  it.live("may be text, bytes, or what the host has parsed; none of it is guessed", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: teams })
      const token = yield* tokenOf()
      const bodies: ReadonlyArray<readonly [unknown, string]> = [
        [{ model: "gpt-4o" }, "allow ada red"],
        [`{"model":"gpt-4o"}`, "allow ada red"],
        [new TextEncoder().encode(`{"model":"gpt-4o"}`), "allow ada red"],
        [`{"model":"gpt-4o","model":"o1"}`, "400 request_ambiguous"],
        [`{"model":`, "400 body_invalid"],
        [{ model: "gpt-4o", fallbacks: ["o1"] }, "403 team_model_denied"],
        [{ model: "gpt-4o", fallbacks: [{ model: "gpt-4o", fallbacks: ["o1"] }] }, "403 team_model_denied"],
        [{ model: "gpt-4o", extra_body: { extra_body: { models: ["o1"] } } }, "403 team_model_denied"],
        [{ model: "gpt-4o", extra_body: { extra_body: { model: "o1" } } }, "400 request_ambiguous"],
        [
          { model: "gpt-4o", dataSources: [{ parameters: { embeddingDeploymentName: "o1" } }] },
          "403 team_model_denied"
        ],
        [{ model: "gpt-4o", Model: "o1" }, "400 request_ambiguous"],
        [{ model: "gpt-4o", models: "o1" }, "400 body_invalid"],
        [{ model: "gpt-4o", extra_body: ["o1"] }, "400 body_invalid"],
        [{ model: "gpt-4o", models: [], extra_body: null, tools: [{ type: "function" }] }, "allow ada red"]
      ]
      for (const [body, line] of bodies) {
        assert.strictEqual(
          lineOf(yield* Effect.promise(() => gate.decide(chat(token, body)))),
          line,
          JSON.stringify(body)
        )
      }
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
    "a rejection": [() => Promise.reject(new Error("down")), "503 custom_unavailable"]
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
  const rows = MemoryDirectory.layerRepos({ teams: [CoreTest.team("red", { models: ["gpt-4o*"] })] })
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

  it.live("a hook or rule that stands in the graph is asked, beside the one of the parts", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      const deny = () => Effect.fail(new CustomDenied({ reason: "no" }))
      const around: ReadonlyArray<Layer.Layer<never>> = [ClaimsPolicy.layer(deny), RequestPolicy.layer(deny)]
      for (const layer of around) {
        for (const parts of [{}, { hook: () => true, rule: () => true }]) {
          const live = Gate.layer(settings, { directory: rows, ...parts }).pipe(Layer.provide(layer))
          assert.strictEqual(lineOf(yield* Effect.provide(decide(token), live)), "403 custom_denied")
        }
      }
    }))

  it.live("fails with the findings when the settings cannot be used", () =>
    Effect.gen(function*() {
      const wrong: Settings.Input = { issuers: [{ id: "idp", issuer: "https://idp.test", audience: [] }] }
      const error = yield* Effect.flip(Effect.provide(decide("x"), Gate.layer(wrong)))
      assert.instanceOf(error, SettingsInvalid)
      assert.match(error.message, /audience/)
    }))
})
