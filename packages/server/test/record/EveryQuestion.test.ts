import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import * as ServerWorld from "../support/ServerWorld.ts"

type World = Effect.Success<ReturnType<typeof ServerWorld.make>>

class Setting extends Context.Service<Setting, World>()("test/EveryQuestion") {
  static readonly layer = Layer.effect(Setting, ServerWorld.make())
}

const who = Schema.Literals(["alice", "bob", "carol", "nobody"])
const model = Schema.Literals(["gpt-4o", "claude-x", "o1", ""])

/** Whatever is asked on the admin listener, well or badly. */
const table = {
  way: Schema.Literals(["decide", "batch", "evaluation", "evaluations"]),
  who,
  model,
  other: model,
  path: Schema.Literals(["/v1/chat/completions", "/v1/../x", "/key/generate", "/v1/models"]),
  kind: Schema.Literals(["model", "route", "planet"]),
  dry: Schema.Boolean
}

/** What an answer says of one decision. */
interface Told {
  readonly id: string
  readonly status: number
  readonly code: string | null
  readonly door: string
}

const post = (url: string, body: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    return { status: response.status, body: await response.json() }
  })

const decisionOf = (
  it: { readonly decision: string; readonly status: number; readonly code: string | null }
): Told => ({
  id: it.decision,
  status: it.status,
  code: it.code,
  door: "decide"
})

interface Evaluation {
  readonly context?: { readonly id?: string; readonly status?: number; readonly code?: string | null }
}

const evaluationOf = ({ context }: Evaluation): ReadonlyArray<Told> =>
  context?.id === undefined
    ? []
    : [{ id: context.id, status: context.status ?? 0, code: context.code ?? null, door: "authzen" }]

layer(Setting.layer, { excludeTestServices: true })("every question", (it) => {
  it.effect.prop(
    "on the admin listener, AuthZEN's included, has one record for each decision that it is told",
    table,
    ({ dry, kind, model, other, path, way, who }) =>
      Effect.gen(function*() {
        const { admin, token } = yield* Setting
        const list = Effect.promise(() =>
          fetch(`${admin}/admin/v1/decisions?limit=1000&since=1d`).then((response) => response.json())
        )
        const before: ReadonlyArray<{ readonly decision: string }> = (yield* list).items
        const known = new Set(before.map((one) => one.decision))
        const headers = { authorization: `Bearer ${yield* token(who, { groups: ["red"] })}` }
        const question = (name: string) => ({
          method: "POST",
          path,
          headers,
          dry,
          ...(name === "" ? {} : { body: { model: name } })
        })
        const evaluation = (name: string) => ({
          subject: { type: "user", id: who },
          action: { name: "call" },
          resource: { type: kind, id: kind === "route" ? path : name || "x" }
        })
        const told: ReadonlyArray<Told> = way === "decide"
          ? [decisionOf((yield* post(`${admin}/decide`, question(model))).body)]
          : way === "batch"
          ? (yield* post(`${admin}/decide/batch`, [question(model), question(other)])).body.map(decisionOf)
          : way === "evaluation"
          ? evaluationOf((yield* post(`${admin}/access/v1/evaluation`, evaluation(model))).body)
          : (yield* post(`${admin}/access/v1/evaluations`, { evaluations: [evaluation(model), evaluation(other)] }))
            .body.evaluations.flatMap(evaluationOf)
        const after: ReadonlyArray<Told & { readonly decision: string }> = (yield* list).items
        const made = after.filter((one) => !known.has(one.decision))
        assert.deepStrictEqual(
          made.map(({ code, decision, door, status }) => ({ id: decision, status, code, door })).toSorted((a, b) =>
            a.id < b.id ? -1 : 1
          ),
          told.toSorted((a, b) => a.id < b.id ? -1 : 1)
        )
      }),
    { arbitrary: { runs: 30 } }
  )
})
