import { assert, describe, it } from "@effect/vitest"
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Gate } from "@jotgate/core/Gate"
import { knownModel } from "@jotgate/core/Request"
import { CoreTest } from "@jotgate/core/testing"
import { Effect, type Layer } from "effect"
import { gate, pipeline } from "../src/parts/Pipeline.ts"
import * as World from "./support/World.ts"

/** The settings of a world without its keys, and these apart. */
const apart = ({ settings }: World.World) => {
  const [first, ...others] = settings.issuers ?? []
  if (first === undefined) return assert.fail("there is an issuer")
  const { jwks, ...issuer } = first
  return { input: { ...settings, issuers: [issuer, ...others] }, sets: { idp: jwks } }
}

const directory = { team: (id: string) => ({ id, models: ["gpt-4o*"] }) }

describe("parts of the host's own", () => {
  it.live("keys: a gate believes those of the host, and no other", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const { input, sets } = apart(world)
      const { init, path } = world.chat("gpt-4o")
      const asked = new Request(`https://api.test${path}`, init)
      const statusOf = (layer: Layer.Layer<Gate, unknown>) =>
        Effect.provide(Gate.use((it) => Effect.map(it.decide(asked.clone()), ({ status }) => status)), layer)
      assert.strictEqual(yield* statusOf(gate(input, Effect.succeed(sets), directory)), 200)
      assert.strictEqual(yield* statusOf(gate(input, Effect.succeed({}), directory)), 503)
      const foreign = apart(yield* World.make()).sets
      assert.strictEqual(yield* statusOf(gate(input, Effect.succeed(foreign), directory)), 401)
    }))

  it.live("the pipeline by hand decides with them, and with teams as the host chooses them", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const { input, sets } = apart(world)
      const teamOf = (token: string) =>
        Effect.provide(
          Effect.matchEager(
            AuthBuilder.use((auth) =>
              auth.authenticate({
                method: "POST",
                path: "/v1/chat/completions",
                rawHeaders: ["authorization", `Bearer ${token}`],
                model: knownModel("gpt-4o")
              })
            ),
            { onSuccess: ({ principal }) => principal.teamId, onFailure: ({ code }) => code }
          ),
          pipeline(input, Effect.succeed(sets), { teams: [CoreTest.team("red")] })
        )
      assert.strictEqual(yield* teamOf(world.token), "red")
      assert.strictEqual(yield* teamOf(yield* world.tokenOf(["red", "contractors-acme"])), "team_denied")
      assert.strictEqual(yield* teamOf(yield* world.tokenOf(["blue"])), "team_not_found")
    }))
})
