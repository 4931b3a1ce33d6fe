import { assert, describe, it } from "@effect/vitest"
import { joined } from "../../src/platform/JoinedFigures.ts"

const one = `# HELP a_total Things.
# TYPE a_total counter
a_total{door="x y",code="{}"} 2
a_total{door="z"} 1
# HELP b_seconds Delay.
# TYPE b_seconds gauge
b_seconds 0.5
# TYPE c gauge
c 3
# TYPE d_seconds histogram
d_seconds_bucket{le="0.1"} 1
d_seconds_bucket{le="+Inf"} 2
d_seconds_sum 0.25
d_seconds_count 2
`

const other = `# HELP a_total Things.
# TYPE a_total counter
a_total{door="x y",code="{}"} 5
# TYPE b_seconds gauge
b_seconds 0.75
# TYPE c gauge
c 4
# TYPE d_seconds histogram
d_seconds_bucket{le="0.1"} 0
d_seconds_bucket{le="+Inf"} 1
d_seconds_sum 0.5
d_seconds_count 1
# TYPE e_total counter
e_total +Inf
`

describe("the figures of several processes", () => {
  it("add up what is counted, and tell the largest of what is a time", () => {
    assert.strictEqual(
      joined([one, other]),
      `# HELP a_total Things.
# TYPE a_total counter
a_total{door="x y",code="{}"} 7
a_total{door="z"} 1
# HELP b_seconds Delay.
# TYPE b_seconds gauge
b_seconds 0.75
# TYPE c gauge
c 7
# TYPE d_seconds histogram
d_seconds_bucket{le="0.1"} 1
d_seconds_bucket{le="+Inf"} 3
d_seconds_sum 0.75
d_seconds_count 3
# TYPE e_total counter
e_total +Inf
`
    )
  })

  it("of one process are its own", () => {
    assert.strictEqual(joined([one]), one)
  })
})
