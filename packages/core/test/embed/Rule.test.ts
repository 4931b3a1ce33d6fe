import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { RequestPolicy } from "../../src/CustomPolicy.ts"
import { Gate, type Parts, type PlainRequest, type Rule } from "../../src/Gate.ts"
import { namesOf } from "../../src/Request.ts"
import { decided, lineOf, settings, tokenOf } from "../support/GateWorld.ts"

/** A team whose models nothing restricts. */
const everything = { team: (id: string) => ({ id, models: [] }) }

const form = (model: string): readonly [type: string, body: string] => [
  "multipart/form-data; boundary=b",
  `--b\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n--b--\r\n`
]
const upload = "/v1/audio/transcriptions"
const chat = "/v1/chat/completions"

/** Requests whose model nobody here has read, with the code of their denial. */
const unknown: Readonly<Record<string, readonly [path: string, type: string, body: string | undefined, code: string]>> =
  {
    "a form": [upload, ...form("gpt-5"), "model_unseen"],
    "a form in the URL's way": [chat, "application/x-www-form-urlencoded", "model=gpt-5", "model_unseen"],
    "JSON that says it is text": [chat, "text/plain", `{"model":"gpt-5"}`, "model_unseen"],
    "JSON without a model": [chat, "application/json", `{"messages":[]}`, "model_unnamed"],
    "a body that was not given": [chat, "application/json", undefined, "model_unseen"]
  }

const request = (token: string, [path, type, body]: (typeof unknown)[string]): PlainRequest => ({
  method: "POST",
  path,
  headers: {
    authorization: `Bearer ${token}`,
    "content-type": type,
    ...(body === undefined ? { "content-length": "20" } : {})
  },
  ...(body === undefined ? {} : { body: new TextEncoder().encode(body) })
})

describe("a rule of the host's own", () => {
  for (const [name, row] of Object.entries(unknown)) {
    it.live(`never takes what is not known for nothing: ${name} is 403 ${row[3]} before it is asked`, () =>
      Effect.gen(function*() {
        const token = yield* tokenOf()
        const asked: Array<unknown> = []
        const rule: Rule = ({ model }) => {
          asked.push(model)
          return !namesOf(model).includes("gpt-5")
        }
        assert.strictEqual(lineOf(yield* decided({ directory: everything }, request(token, row))), "allow ada red")
        const denied = yield* decided({ directory: everything, rule }, request(token, row))
        assert.strictEqual(lineOf(denied), `403 ${row[3]}`)
        assert.deepStrictEqual(asked, [])
      }))
  }

  it.live("that stands in the graph, too", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      const row = unknown["a form"]
      if (row === undefined) return assert.fail()
      const live = Gate.layer(settings, { directory: everything })
      const decide = Gate.use((gate) => gate.decide(request(token, row)))
      assert.strictEqual(lineOf(yield* Effect.provide(decide, live)), "allow ada red")
      const given = Layer.merge(live, RequestPolicy.layer(() => Effect.void))
      assert.strictEqual(lineOf(yield* Effect.provide(decide, given)), "403 model_unseen")
    }))

  it.live("is asked once about a request whose body is read in between", () =>
    Effect.gen(function*() {
      const authorization = `Bearer ${yield* tokenOf()}`
      const asked: Array<string> = []
      const parts: Parts = {
        directory: everything,
        rule: ({ model }) => {
          asked.push(model._tag)
          return true
        }
      }
      const headers = { authorization, "content-type": "application/json" }
      const sent = new Request(`https://api.test${chat}`, { method: "POST", headers, body: `{"model":"gpt-4o"}` })
      assert.strictEqual(lineOf(yield* decided(parts, sent)), "allow ada red")
      assert.deepStrictEqual(asked, ["Known"])
    }))
})

describe("a body that the reader of core does not read", () => {
  it.live("is not seen, which is a denial for whoever may not call everything", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      const few = { team: (id: string) => ({ id, models: ["gpt-5"] }) }
      for (const [name, row] of Object.entries(unknown)) {
        assert.strictEqual(lineOf(yield* decided({ directory: few }, request(token, row))), `403 ${row[3]}`, name)
      }
    }))
})
