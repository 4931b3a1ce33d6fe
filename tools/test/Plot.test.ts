import { assert, describe, it } from "@effect/vitest"
import { barOf, svg } from "../../bench/Plot.ts"

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
    const chart = svg("title", bars)
    assert.include(chart, "a &lt;b&gt;")
    assert.strictEqual(chart.match(/#2f7d5b/g)?.length, 1)
    assert.strictEqual(chart.match(/#b5651d/g)?.length, 1)
  })
})
