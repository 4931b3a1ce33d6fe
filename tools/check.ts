/**
 * `npm run check`: everything about the sources that a machine can say without running them.
 *
 * All steps run even when an early one fails, so one run shows everything; `npm run check -- lint format` runs the
 * named steps alone. Types come first among the slow ones because the Effect diagnostics read the declarations that
 * `tsc -b` writes.
 */
import { readFileSync } from "node:fs"
import { bin, type Outcome, run } from "./lib/Run.ts"

const projects = (JSON.parse(readFileSync("tsconfig.json", "utf8")) as {
  readonly references: ReadonlyArray<{ readonly path: string }>
}).references.map(({ path }) => path.endsWith(".json") ? path : `${path}/tsconfig.json`)

/** Two at a time: the diagnostics of one project take a core each. */
const diagnostics = async (): Promise<Outcome> => {
  const queue = [...projects]
  const outcomes: Array<Outcome> = []
  const worker = async (): Promise<void> => {
    for (let project = queue.shift(); project !== undefined; project = queue.shift()) {
      const outcome = await run(bin("effect-tsgo"), [
        "diagnostics",
        "--project",
        project,
        "--format",
        "text",
        "--severity",
        "error,warning",
        "--strict"
      ])
      outcomes.push({ ...outcome, output: outcome.code === 0 ? "" : `${project}\n${outcome.output}` })
    }
  }
  await Promise.all([worker(), worker()])
  return {
    code: outcomes.some((it) => it.code !== 0) ? 1 : 0,
    output: outcomes.map((it) => it.output).join(""),
    seconds: 0
  }
}

const steps: Readonly<Record<string, () => Promise<Outcome>>> = {
  lock: () => run(process.execPath, ["tools/lock.ts"]),
  exports: () => run(process.execPath, ["tools/exports.ts"]),
  arrows: () => run(process.execPath, ["tools/arrows.ts"]),
  lint: () => run(bin("oxlint"), ["--deny-warnings", "--report-unused-disable-directives"]),
  format: () => run(bin("dprint"), ["check", "--list-different"]),
  types: () => run(bin("tsc"), ["-b", "--pretty", "false"]),
  effect: diagnostics
}

const asked = process.argv.slice(2)
const unknown = asked.find((name) => steps[name] === undefined)
if (unknown !== undefined) {
  console.error(`no step ${unknown}: ${Object.keys(steps).join(", ")}`)
  process.exit(2)
}
for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const start = performance.now()
  const { code, output } = await step()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name.padEnd(8)} ${seconds.padStart(5)} s`)
  if (code !== 0) {
    console.log(output.trimEnd())
    process.exitCode = 1
  }
}
