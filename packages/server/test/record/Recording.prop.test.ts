import { assert, describe, it } from "@effect/vitest"
import { Forbidden } from "@jotgate/core/Errors"
import { knownModel } from "@jotgate/core/Request"
import type { Noted } from "@jotgate/core/Trace"
import { Schema } from "effect"
import { largestSteps } from "../../src/record/Bound.ts"
import { Recording } from "../../src/record/Recording.ts"
import { line, recordOf } from "../../src/record/RecordLine.ts"

const records: Array<Recording> = []
const recorder = {
  time: () => 0,
  ticks: () => 0,
  record: (it: Recording) => void records.push(it),
  refused: () => {},
  firstByte: () => {}
}

const bytes = (it: string | null | undefined): number => Buffer.byteLength(it ?? "")

/** What a text of a record says of the one that was given: all of it, or its beginning and the mark. */
const tells = (told: string | null, given: string, limit: number): void => {
  assert.isAtMost(bytes(told), limit)
  const whole = Buffer.from(given).toString()
  if (bytes(given) <= limit) assert.strictEqual(told, whole)
  else {
    assert.isTrue(told?.endsWith("…"))
    assert.isTrue(whole.startsWith(told?.slice(0, -1) ?? "no text"))
    assert.isAbove(bytes(told), limit - 7, "no more is cut than must be")
  }
}

describe("a record", () => {
  it.prop("is one line of JSON that tells every text, or its beginning and that it was cut", {
    route: Schema.String,
    model: Schema.String,
    user: Schema.String,
    email: Schema.String,
    teams: Schema.Array(Schema.String),
    requestId: Schema.NullOr(Schema.String),
    times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 }))
  }, ({ email, model, requestId, route, teams, times, user }) => {
    const asked = {
      method: "POST",
      path: `/${route.repeat(times)}`,
      rawHeaders: ["authorization", "Bearer secret"],
      model: knownModel(model.repeat(times))
    }
    const claimed = { user: user.repeat(times), email, teams }
    const steps: ReadonlyArray<Noted> = [
      { step: "token", outcome: "ok", facts: { kid: "k\n1" }, resolved: { issuer: "idp", claimed } },
      { step: "team", outcome: "denied", facts: { code: "team_denied", teams } }
    ]
    const it = new Recording(recorder, { door: "proxy", method: "GET", route: "/", requestId })
    it.begin(1_700_000_000_000)
    it.judged(asked, new Forbidden({ code: "team_denied" }), steps, 1.5)
    it.refused(403, "team_denied")
    const text = line(it)
    assert.notInclude(text, "\n")
    assert.notInclude(text, "secret")
    it.seal()
    assert.strictEqual(line(it), text, "the same before and after its steps are put away")
    const told = recordOf(it)
    tells(told.route, asked.path, 512)
    tells(told.model, asked.model._tag === "Known" ? asked.model.name : "", 256)
    tells(told.claimed?.user ?? null, claimed.user, 256)
    assert.strictEqual(told.requestId, requestId)
    assert.isAtMost(told.claimed?.teams.length ?? 0, 65)
    assert.deepStrictEqual(told.steps?.map((it) => it.step), ["token", "team", "hint"])
    assert.deepInclude(told, { time: "2023-11-14T22:13:20.000Z", status: 403, code: "team_denied", verdict: "deny" })
  })

  it.prop("has steps of 16 KiB at most; a step is there however large the facts of the others are", {
    names: Schema.Array(Schema.String),
    times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2000 }))
  }, ({ names, times }) => {
    const many = names.map((it) => `x${it}`.repeat(times))
    const steps: ReadonlyArray<Noted> = [
      { step: "token", outcome: "ok", facts: { issuer: "idp" } },
      { step: "claims", outcome: "ok", facts: { teams: many, roles: many, notes: names } },
      {
        step: "team",
        outcome: "denied",
        facts: { code: "team_denied", candidates: many.map((team) => ({ team, verdict: "model", models: names })) }
      }
    ]
    const it = new Recording(recorder, { door: "proxy", method: "GET", route: "/", requestId: null })
    it.judged(
      { method: "GET", path: "/", rawHeaders: [], model: { _tag: "None" } },
      new Forbidden({ code: "team_denied" }),
      steps,
      1
    )
    it.refused(403, "team_denied")
    assert.isAtMost(bytes(it.stepsJson()), largestSteps)
    const told = recordOf(it).steps
    assert.deepStrictEqual(told?.map((it) => it.step), ["token", "claims", "team", "hint"])
    assert.strictEqual(told?.at(-2)?.outcome, "denied")
  })

  it("is given once, whatever comes after", () => {
    const before = records.length
    const it = new Recording(recorder, { door: "proxy", method: "GET", route: "/", requestId: null })
    it.refused(502, "upstream_unreachable")
    it.answered(200)
    it.refused(504, "upstream_timeout")
    assert.strictEqual(records.length, before + 1)
    assert.deepInclude(recordOf(it), { status: 502, code: "upstream_unreachable" })
  })
})
