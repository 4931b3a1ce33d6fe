import { assert, describe, it } from "@effect/vitest"
import { knownModel, noModel } from "@jotgate/core/Request"
import { Effect, Option, Schema } from "effect"
import { KeptQuestion, questionText, reader, requestOf } from "../../src/record/KeptQuestion.ts"
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

describe("a reader of many", () => {
  const of = (more: Partial<KeptQuestion>): string =>
    JSON.stringify({
      issuer: "idp",
      method: "POST",
      path: "/v1/chat/completions",
      team: null,
      asks: "Known",
      models: ["gpt-4o"],
      ...more,
      claims: more.claims ?? { sub: "alice" }
    })
  const texts = {
    "plain": of({}),
    "of somebody else": of({ claims: { sub: "bob", groups: ["red"] } }),
    "words of the form in a path": of({ path: `/x","claims":{"sub":"mallory"},"y":"` }),
    "words of the form in a model": of({ models: [`,"claims":{}`] }),
    "words of the form in a claim": of({ claims: { sub: `","claims":{"sub":"mallory"}` } }),
    "a claim of that name": of({ claims: { claims: { sub: "mallory" }, sub: "alice" } }),
    "a client, a trace and tools": of({
      client: ["x-client", "cursor"],
      traced: true,
      tools: { named: [{ kind: "tool", server: "github", name: "get_repo" }] }
    }),
    "a name that objects inherit": `${of({}).slice(0, -2)},"__proto__":{"sub":"mallory"}}}`,
    "claims first": JSON.stringify({ claims: { sub: "alice" }, ...JSON.parse(of({})) }),
    "nothing": "",
    "no question": `{"sub":1,"claims":{}}`,
    "claims that are none": of({}).replace(`{"sub":"alice"}`, "7"),
    "a piece of one": of({}).slice(0, -1)
  }
  const whole = Schema.decodeUnknownOption(Schema.fromJsonString(KeptQuestion))
  const told = (claims: unknown): string => JSON.stringify(claims)

  for (const [name, text] of Object.entries(texts)) {
    it(`reads what one of all reads: ${name}`, () => {
      const read = reader("x-team-id")
      // Once more, as what was asked is remembered then.
      for (const posed of [read(text), read(text)]) {
        const question = Option.getOrUndefined(whole(text))
        assert.deepStrictEqual(posed?.asked, question === undefined ? undefined : requestOf(question, "x-team-id"))
        assert.strictEqual(told(posed?.claims), told(question?.claims))
        assert.strictEqual(posed?.about.issuer, question?.issuer)
      }
    })
  }

  it("remembers the request and not the people", () => {
    const read = reader(undefined)
    const [alice, bob] = [read(texts.plain), read(texts["of somebody else"])]
    assert.strictEqual(alice?.asked, bob?.asked)
    assert.deepStrictEqual([alice?.claims["sub"], bob?.claims["sub"]], ["alice", "bob"])
  })
})
