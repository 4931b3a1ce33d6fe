/** Requests whose path names the model: judged as every other call, and sent on byte for byte. */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const team = (id: string, more: object = {}) => makeTeam({ id: TeamId.make(id), ...more })

const rows = {
  users: [makeUser({ id: UserId.make("alice"), teams: [TeamId.make("red"), TeamId.make("spent")] })],
  teams: [
    team("red", { models: ["gemini-*", "arn:aws:bedrock:*:application-inference-profile/mine", "X"] }),
    team("spent", { maxBudget: 1, spend: 2 })
  ]
}

const post = (world: World.World, bearer: string, path: string, body = `{"contents":[]}`) =>
  Raw.send(
    world.port,
    Raw.request(`POST ${path} HTTP/1.1`, [
      bearer,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      "Connection: close"
    ], body)
  )

const verbs = ["/models/X:generateContent", "/v1beta/models/X:streamGenerateContent", "/models/X:countTokens"]

describe("a verb behind the name of a model", () => {
  it.live("is no info route: over the budget it is 429, where reading the list is not", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ rows })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["spent"] })}`
      for (const path of verbs) {
        const answer = yield* post(world, bearer, path)
        assert.deepStrictEqual([Raw.statuses(answer), Raw.problem(answer).code], [[429], "budget_exceeded"], path)
      }
      assert.lengthOf(world.upstream.requests, 0)
      const list = yield* Raw.send(world.port, Raw.request("GET /models/X HTTP/1.1", [bearer]))
      assert.deepStrictEqual(Raw.statuses(list), [200])
    }))

  it.live("is denied to a team that may use info routes alone, whose list it is not", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ rows, policy: { teamRoutes: ["info_routes"] } })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      for (const path of verbs) {
        const answer = yield* post(world, bearer, path)
        assert.deepStrictEqual([Raw.statuses(answer), Raw.problem(answer).code], [[403], "team_route_denied"], path)
      }
      assert.lengthOf(world.upstream.requests, 0)
      const one = yield* Raw.send(world.port, Raw.request("GET /models/X HTTP/1.1", [bearer]))
      assert.deepStrictEqual(Raw.statuses(one), [200])
    }))
})

const arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2F"

describe("the ARN of a Bedrock inference profile, as the AWS SDK writes it (RULES D64)", () => {
  it.live("is allowed by its decoded name, and sent on byte for byte", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ rows })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      for (const prefix of ["/bedrock", ""]) {
        for (const verb of ["converse", "invoke-with-response-stream", "converse-stream"]) {
          const path = `${prefix}/model/${arn}mine/${verb}`
          const answer = yield* post(world, bearer, path, `{"messages":[]}`)
          // Without the prefix LiteLLM has no such route: its callers do not either.
          const status = prefix === "" ? 403 : 200
          assert.deepStrictEqual(Raw.statuses(answer), [status], `${path}: ${answer}`)
          if (status === 200) assert.strictEqual(world.upstream.last().url, path)
        }
      }
    }))

  it.live("is denied where it is another's, or hides another in its readings", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ rows })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      const other: ReadonlyArray<readonly [path: string, status: number]> = [
        [`/bedrock/model/${arn}other/converse`, 403],
        [`/bedrock/model/${arn}mine%2Finvoke%2Fother/converse`, 403],
        [`/bedrock/model/${arn}mine%2F..%2Fother/converse`, 400],
        [`/bedrock/model/${arn}%252Fmine/converse`, 400],
        [`/bedrock/model%2F${arn}mine/converse`, 400]
      ]
      for (const [path, status] of other) {
        const answer = yield* post(world, bearer, path, `{"messages":[]}`)
        assert.deepStrictEqual(Raw.statuses(answer), [status], `${path}: ${answer}`)
      }
      assert.lengthOf(world.upstream.requests, 0)
    }))
})
