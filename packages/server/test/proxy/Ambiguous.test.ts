/** Every 400 names its cause for the operator, and never for the caller. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

/** Header lines besides the token, a target, and the cause. */
const causes: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
  ["/v1/files/a%2Fb", [], "%2F in segment 3"],
  ["/v1/files/../x", [], "dots in segment 3"],
  ["/v1//files", [], "nothing in segment 2"],
  ["/v1/files", ["X-Team-Id: red", "X-Team-Id: blue"], "two values of x-team-id"],
  ["/v1/files", ["X-Team-Id: red", "X-Litellm-Team-Id: blue"], "x-team-id and x-litellm-team-id differ"],
  ["/v1/files", ["Authorization: Bearer other"], "two values of authorization"],
  ["/v1/files", ["X-Api-Key: other"], "authorization and x-api-key differ"],
  ["/v1/files", ["Content-Type: a/b", "Content-Type: c/d"], "two values of content-type"],
  ["/v1/files", ["Host: a b"], "host is no name"],
  ["/v1/files", ["Transfer-Encoding: xchunked"], "a transfer-encoding other than chunked"]
]

describe("what was ambiguous", () => {
  it.live("stands in the record of the answer, and not in the answer", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { credentials: ["authorization", "x-api-key"] } })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      for (const [target, headers, cause] of causes) {
        const answer = yield* Raw.send(
          world.port,
          Raw.request(`GET ${target} HTTP/1.1`, [bearer, ...headers, "Connection: close"])
        )
        assert.deepStrictEqual(Raw.statuses(answer), [400], cause)
        assert.notInclude(answer, cause)
        const record = JSON.stringify(world.log.recent(1)[0] ?? assert.fail("nothing was recorded"))
        assert.include(record, JSON.stringify(cause).slice(1, -1), `${target} ${headers.join(" ")}`)
      }
    }))
})
