import { assert, it } from "@effect/vitest"
import { knownModel, noModel } from "@jotgate/core/Request"
import { Effect, Schema } from "effect"
import { KeptQuestion, questionText } from "../../src/record/KeptQuestion.ts"
import * as World from "../support/World.ts"

const kept = Schema.decodeUnknownSync(Schema.fromJsonString(KeptQuestion))

it.live("what one caller asks in turn is kept as it was asked, the same again and again", () =>
  Effect.gen(function*() {
    const { auth, token } = yield* World.make()
    const bearer = yield* token("alice", { groups: ["red"] })
    for (const turn of ["first", "second"]) {
      for (const path of ["/v1/chat/completions", "/v1/completions"]) {
        for (const model of ["gpt-4o", "gpt-4o-mini", null]) {
          for (const team of [undefined, "red"]) {
            const asked = {
              method: model === null ? "GET" : "POST",
              path: model === null ? "/v1/files" : path,
              rawHeaders: ["authorization", `Bearer ${bearer}`],
              model: model === null ? noModel : knownModel(model)
            }
            const result = yield* auth.authenticate(asked)
            const it = kept(questionText(asked, { team, client: undefined }, result, []))
            assert.deepStrictEqual(
              [it.method, it.path, it.models, it.team, it.claims["sub"]],
              [asked.method, asked.path, model === null ? [] : [model], team ?? null, "alice"],
              turn
            )
          }
        }
      }
    }
  }))
