/** Which application asked is kept with its question, so that it is let in, or not, when it is asked again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { KeptQuestion, questionText, requestOf } from "../../src/record/KeptQuestion.ts"
import * as World from "../support/World.ts"

const kept = Schema.decodeUnknownSync(Schema.fromJsonString(KeptQuestion))
const allowed = [{ alias: "Cursor", value: "cursor-1" }]

/** What is kept of a request that the gate lets in. */
const question = Effect.fnUntraced(function*(mcpClients: object, claims: object, headers: ReadonlyArray<string>) {
  const { auth, token } = yield* World.make({
    policy: { teamRoutes: ["llm_api_routes", "/mcp/*"], mcpClients: { allowed, ...mcpClients } }
  })
  const bearer = yield* token("alice", { groups: ["red"], ...claims })
  const asked = {
    method: "POST",
    path: "/mcp",
    rawHeaders: ["authorization", `Bearer ${bearer}`, ...headers],
    model: { _tag: "None" } as const
  }
  const result = yield* auth.authenticate(asked)
  const named = { team: auth.teamAskedFor(asked), client: auth.clientAskedFor(asked) }
  return kept(questionText(asked, named, result, []))
})

describe("the application of a kept question", () => {
  it.live("is its header, where that names it", () =>
    Effect.gen(function*() {
      const it = yield* question({ header: "x-mcp-client" }, {}, ["X-Mcp-Client", "cursor-1"])
      assert.deepStrictEqual(it.client, ["x-mcp-client", "cursor-1"])
      assert.deepStrictEqual(requestOf(it, undefined).rawHeaders, ["x-mcp-client", "cursor-1"])
    }))

  it.live("is its claim, where that does; then no header is kept", () =>
    Effect.gen(function*() {
      const claims = { app: { name: "cursor-1", other: "x" } }
      const it = yield* question({ claim: "app.name", header: "x-mcp-client" }, claims, ["x-mcp-client", "y"])
      assert.isUndefined(it.client)
      assert.deepStrictEqual(it.claims["app"], { name: "cursor-1" })
    }))
})
