import { assert, describe, it } from "@effect/vitest"
import { MemoryDirectory, RevocationRepo } from "@jotgate/core/Repositories"
import { CoreTest, Issuer } from "@jotgate/core/testing"
import { createGate, SettingsInvalid } from "@jotgate/server/EmbeddedGate"
import { Clock, Effect, Layer } from "effect"
import { app } from "../src/express/app.ts"

const setting = Effect.fnUntraced(function*() {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const gate = yield* Effect.acquireRelease(
    Effect.promise(() =>
      createGate({
        issuers: [{
          id: "idp",
          issuer: idp.iss,
          audience: "https://api.test",
          jwks: idp.jwks,
          claims: { user: "sub", teams: "groups" }
        }],
        directory: { url: "memory:", users: { unknown: "allow" } },
        cache: { dir: null }
      }, {
        directory: () =>
          Layer.merge(
            MemoryDirectory.layerRepos({ teams: [CoreTest.team("red", { models: ["gpt-4o*"] })] }),
            RevocationRepo.layerMemory
          )
      })
    ),
    (it) => Effect.promise(() => it.close())
  )
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<ReturnType<typeof app>["listen"]>>((resume) => {
      const it = app(gate).listen(0, "127.0.0.1", () => resume(Effect.succeed(it)))
    }),
    (it) => Effect.promise(() => new Promise<void>((done) => it.close(() => done())))
  )
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  const clock = yield* Clock.Clock
  const token = yield* idp.token({
    now: Math.floor(clock.currentTimeMillisUnsafe() / 1000),
    claims: { sub: "ada", groups: ["red"] }
  })
  return { gate, url, token }
})

const get = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { headers: { ...headers, connection: "close" } })
    return { status: response.status, text: await response.text() }
  })

describe("the Express program", () => {
  it.live("lets in whom the gate allows", () =>
    Effect.gen(function*() {
      const { token, url } = yield* setting()
      const answer = yield* get(`${url}/v1/models`, { authorization: `Bearer ${token}` })
      assert.strictEqual(answer.status, 200, answer.text)
      assert.deepStrictEqual(JSON.parse(answer.text), { user: "ada", team: "red", models: ["gpt-4o*"] })
    }))

  it.live("answers everybody else with the gate's problem", () =>
    Effect.gen(function*() {
      const { url } = yield* setting()
      assert.strictEqual((yield* get(`${url}/status`)).status, 200)
      const denied = yield* get(`${url}/v1/models`)
      assert.strictEqual(denied.status, 401)
      assert.strictEqual(JSON.parse(denied.text).code, "token_missing")
    }))

  it.live("judges the model of a body, which its handler has parsed", () =>
    Effect.gen(function*() {
      const { token, url } = yield* setting()
      const post = (body: string) =>
        Effect.promise(async () => {
          const response = await fetch(`${url}/v1/chat/completions`, {
            method: "POST",
            headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
            body
          })
          return [response.status, await response.json()] as const
        })
      assert.deepStrictEqual(yield* post(`{"model":"gpt-4o"}`), [200, { model: "gpt-4o" }])
      const [status, { code }] = yield* post(`{"model":"o1"}`)
      assert.deepStrictEqual([status, code], [403, "team_model_denied"])
      assert.strictEqual((yield* post("{"))[0], 400)
    }))

  it.live("a Fetch request is judged with its body", () =>
    Effect.gen(function*() {
      const { gate, token } = yield* setting()
      const request = (model: string) =>
        new Request("https://gate.test/v1/chat/completions?x=1", {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ model })
        })
      assert.isTrue((yield* Effect.promise(() => gate.decide(request("gpt-4o")))).allowed)
      const denied = yield* Effect.promise(() => gate.decide(request("o1")))
      assert.strictEqual(denied.code, "team_model_denied")
      assert.strictEqual(denied.problem?.decision, denied.decision)
    }))

  it.live("settings that cannot be used are said at once", () =>
    Effect.gen(function*() {
      const error = yield* Effect.promise(() =>
        createGate(JSON.parse(`{"issuers":[{"id":"x"}]}`)).catch((it: unknown) => it)
      )
      assert.instanceOf(error, SettingsInvalid)
    }))
})
