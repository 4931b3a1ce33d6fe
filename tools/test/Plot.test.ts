import { assert, describe, it } from "@effect/vitest"
import { barOf, chartsOf, svg } from "../../bench/Plot.ts"

describe("Plot", () => {
  it("reads a ratio with its spread, and a figure with a limit", () => {
    assert.deepStrictEqual(barOf("1.220  (1.100 to 1.300)  warm decision, of <another>   at least 1.00"), {
      name: "warm decision, of <another>",
      text: "1.22",
      value: 1.22,
      low: 1.1,
      high: 1.3,
      target: 1,
      isLimit: false
    })
    assert.deepStrictEqual(barOf("672.0 KiB  core with effect   ABOVE 600"), {
      name: "core with effect",
      text: "672.0 KiB",
      value: 672,
      low: 672,
      high: 672,
      target: 600,
      isLimit: true
    })
  })

  it("reads no row without a target, and no other line", () => {
    for (const line of ["0.990  (0.900 to 1.100)  of itself", "— decision", "", "bench: 3 targets reached"]) {
      assert.isUndefined(barOf(line))
    }
  })

  it("draws what reaches its target in another colour than what does not, and escapes names", () => {
    const bars = ["1.220  (1.100 to 1.300)  a <b>   at least 1.00", "672.0 KiB  c   ABOVE 600"].flatMap((it) => {
      const bar = barOf(it)
      return bar === undefined ? [] : [bar]
    })
    const chart = svg({ title: "title", bars })
    assert.include(chart, "a &lt;b&gt;")
    assert.strictEqual(chart.match(/class="reached"/g)?.length, 1)
    assert.strictEqual(chart.match(/class="missed"/g)?.length, 1)
  })

  it("draws what was printed earlier, of doors too, each row as it was last", () => {
    const charts = chartsOf(`
— decision
1.220  (1.100 to 1.300)  warm   at least 1.00
— decision
1.300  (1.200 to 1.400)  warm   at least 1.00
1000 people in 10 groups each, 32 connections; 5 rounds of 2 s each, in turn; ratio of CPU per request
forward auth: noise                  0.93 (0.72–0.97)  first byte +0.33 ms  last round 57/55 µs
forward auth, at work                0.47 (0.26–0.65)  goal 0.70  first byte +1.77 ms  MISSED  last round 111/52 µs
1000 people in 10 groups each, 32 connections; 5 rounds of 2 s, both on one core at once; ratio of CPU per request
forward auth, at work                0.40 (0.39–0.41)  goal 0.70  first byte +6.29 ms  MISSED  last round 163/66 µs
`)
    const shown = [...charts].map(([name, { bars, title }]) => [name, title, bars.map((it) => [it.name, it.text])])
    assert.deepStrictEqual(shown, [
      ["decision", "npm run bench -- decision", [["warm", "1.30"]]],
      ["http", "npm run bench:http: 1000 people in 10 groups each, 32 connections", [["forward auth, at work", "0.47"]]]
    ])
  })
})
