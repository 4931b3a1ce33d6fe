import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { snippet } from "../../src/snippets/Snippet.ts"

describe("the snippet of Prometheus", () => {
  it("is the file of rules that deploy/ holds", () => {
    const file = new URL("../../../../deploy/prometheus/jotgate.rules.yaml", import.meta.url)
    assert.strictEqual(snippet("prometheus"), readFileSync(file, "utf8"))
  })
})

describe("the snippet of systemd", () => {
  it("is the unit that deploy/ holds", () => {
    const file = new URL("../../../../deploy/jotgate.service", import.meta.url)
    assert.strictEqual(snippet("systemd"), readFileSync(file, "utf8"))
  })

  it("gives a stop longer than the gate takes: drain, running requests, and a margin", () => {
    assert.isAbove(Number(/^TimeoutStopSec=(\d+)$/m.exec(snippet("systemd"))?.[1]), 5 + 20)
  })
})
