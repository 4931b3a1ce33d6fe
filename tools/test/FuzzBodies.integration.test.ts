import { assert, it } from "@effect/vitest"
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { upstreamKinds } from "@jotgate/core/ModelRoutes"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { modelsTaken, run } from "../../fuzz/bodies.ts"
import { drawBody } from "../../fuzz/BodyDraw.ts"
import { generator, pick } from "../../fuzz/Mutation.ts"
import { needs, startAll } from "../../fuzz/Readers.ts"
import { readTarget } from "../../packages/server/src/model/RequestModel.ts"
import * as World from "../../packages/server/test/support/World.ts"

/** People by what they may call. */
const reaches = { alice: /^(?:gpt-4o|claude-|a$|models\/x$)/, bob: /^(?:claude-|a$)/, carol: /^$/ } as const

const rows = {
  users: Object.keys(reaches).map((id) =>
    makeUser({ id: UserId.make(id), teams: [TeamId.make(`of-${id}`)], role: "internal_user" })
  ),
  teams: [
    makeTeam({ id: TeamId.make("of-alice"), models: ["gpt-4o*", "claude-*", "a", "models/x"] }),
    makeTeam({ id: TeamId.make("of-bob"), models: ["claude-*", "a"] }),
    makeTeam({ id: TeamId.make("of-carol"), models: ["no-default-models"] })
  ]
}

describeWith(needs, "npm run fuzz -- bodies", () => {
  it(
    "RULES D55: what the gate sends names the same models to Python, Go and Node, and to whoever judged it",
    async () => {
      const { findings, named, passed, passedAsTheyCame } = await run(1_500, 20_260_101)
      assert.deepStrictEqual(findings, [])
      // The draws are worth something: much passes, and most of it names models.
      assert.isAbove(passed, 300)
      assert.isAbove(named, 225)
      assert.isAbove(passedAsTheyCame, 250)
    },
    240_000
  )

  it.live(
    "RULES D53, D54: whoever asks, and whatever stands behind: what parsers find in what was received is allowed",
    () =>
      Effect.gen(function*() {
        const draw = generator(20_260_102)
        const readers = yield* Effect.acquireRelease(
          Effect.sync(startAll),
          (all) => Effect.sync(() => all.forEach((it) => it.stop()))
        )
        let received = 0
        for (const kind of upstreamKinds) {
          const world = yield* World.make({ rows, upstream: { kind } })
          for (let count = 0; count < 80; count++) {
            const who = pick(draw, ["alice", "alice", "alice", "bob", "carol"] as const)
            const token = yield* world.token(who, { groups: [`of-${who}`] })
            const { body, contentType, path } = drawBody(draw)
            const { status } = yield* Effect.promise(() =>
              fetch(`${world.url}${path}`, {
                method: "POST",
                body: Buffer.from(body),
                headers: {
                  authorization: `Bearer ${token}`,
                  ...(contentType === "" ? {} : { "content-type": contentType })
                }
              })
            )
            assert.isBelow(status, 500)
            if (status !== 200) continue
            received++
            const sent = world.upstream.last()
            const target = readTarget("POST", path, [], kind)
            const taken = yield* Effect.promise(() =>
              modelsTaken(readers, target, String(sent.headers["content-type"] ?? ""), sent.body)
            )
            const more = taken.filter((it) => !reaches[who].test(it))
            assert.deepStrictEqual(more, [], `${who} at ${kind} ${path} ${contentType} ${body.toString("latin1")}`)
          }
        }
        assert.isAbove(received, 30)
      }),
    240_000
  )
})
