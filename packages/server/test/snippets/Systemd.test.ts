import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { snippet } from "../../src/snippets/Snippet.ts"

const root = fileURLToPath(new URL("../../../../", import.meta.url))

const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0

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

  it.skipIf(!hasAnalyze)("is exposed less than docs/development.md wants, by the command that it names", () => {
    const page = readFileSync(`${root}docs/development.md`, "utf8")
    const [, command = "", limit] = /`systemd-analyze (security [^`]+)`.*\| below ([\d.]+) \|/.exec(page) ?? []
    const { stderr, stdout } = spawnSync("systemd-analyze", command.split(" "), { cwd: root, encoding: "utf8" })
    // Each release of systemd counts a little otherwise.
    assert.isBelow(Number(/exposure level for \S+ ([\d.]+)/.exec(stdout)?.[1]), Number(limit), stderr)
  })
})
