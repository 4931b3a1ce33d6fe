/**
 * What is kept of an answer in columns tells the same as the answer itself.
 */
import { assert, describe, it } from "@effect/vitest"
import { Kept } from "../../src/record/Kept.ts"
import { type Recorder, Recording } from "../../src/record/Recording.ts"
import { recordOf } from "../../src/record/RecordLine.ts"
import { Told } from "../../src/record/Told.ts"

const recorder: Recorder = {
  time: () => 1_800_000_000_123,
  ticks: () => 0,
  record: () => {},
  refused: () => {},
  firstByte: () => {}
}

/** An answer of 200 as doors record it; `then` adds what is particular. */
const answered = (then: (it: Recording) => void = () => {}): Recording => {
  const it = new Recording(recorder, { door: "proxy", method: "GET", route: "/v1/models", requestId: "r-1" })
  it.verdict = "allow"
  then(it)
  it.answered(200)
  it.seal()
  return it
}

const upstream = (status: number | null, firstByteMillis: number | null) => (it: Recording) => {
  it.upstream = { name: "up", status, firstByteMillis }
}

const kinds: ReadonlyArray<readonly [name: string, then: (it: Recording) => void]> = [
  ["nothing in particular", () => {}],
  ["an upstream that answered at once", upstream(200, 0)],
  ["an upstream that was asked and has not answered", upstream(null, null)],
  ["several models", (it) => void (it.models = ["a", "b"])],
  ["a cause", (it) => it.upstreamFailed("ECONNRESET")],
  ["an answer that was broken off", (it) => void (it.aborted = true)],
  ["a denial with its steps", (it) => it.refused(403, "team_denied", "why")]
]

describe("Kept", () => {
  for (const [name, then] of kinds) {
    it(`tells ${name} as the answer does`, () => {
      const kept = new Kept(4, undefined)
      const recording = answered(then)
      kept.add(recording)
      const found = kept.find(recording.decision)
      assert.isDefined(found)
      assert.deepStrictEqual(found === undefined ? undefined : recordOf(found), recordOf(recording))
      const [held] = kept.newest()
      const searched = held?.searched()
      assert.deepStrictEqual(
        [searched?.decision, searched?.status, searched?.code, searched?.model, searched?.models, searched?.parties],
        [recording.decision, recording.status, recording.code, recording.model, recording.models, recording.parties]
      )
    })
  }

  it("keeps the last ones, of whatever kind, and finds none of those before", () => {
    const kept = new Kept(3, undefined)
    const all = [...kinds, ...kinds].map(([, then]) => answered(then))
    for (const it of all) kept.add(it)
    assert.deepStrictEqual(
      [...kept.newest()].map((it) => it.decision),
      all.slice(-3).toReversed().map((it) => it.decision)
    )
    for (const it of all.slice(0, -3)) assert.isUndefined(kept.find(it.decision))
    assert.isUndefined(kept.find(""))
  })

  it("makes pseudonyms in the lines that it writes itself", () => {
    const kept = new Kept(1, (text) => text.replaceAll("/v1/models", "/hidden"))
    const it = answered()
    kept.add(it)
    assert.strictEqual(recordOf(kept.find(it.decision) ?? new Told("", null)).route, "/hidden")
  })

  it("keeps nothing where nothing is to be kept", () => {
    const kept = new Kept(0, undefined)
    const it = answered()
    kept.add(it)
    assert.isUndefined(kept.find(it.decision))
  })
})
