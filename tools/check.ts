/**
 * `npm run check`: everything about the sources that a machine can say without running them.
 *
 * All steps run even when an early one fails, so one run shows everything; `npm run check -- lint format` runs the
 * named steps alone.
 */
import { bin, type Outcome, run } from "./lib/Run.ts"

const steps: Readonly<Record<string, () => Promise<Outcome>>> = {
  lock: () => run(process.execPath, ["tools/lock.ts"]),
  exports: () => run(process.execPath, ["tools/exports.ts"]),
  docs: () => run(process.execPath, ["tools/docs.ts"]),
  arrows: () => run(process.execPath, ["tools/arrows.ts"]),
  lint: () => run(bin("oxlint"), ["--deny-warnings", "--report-unused-disable-directives"]),
  format: () => run(bin("dprint"), ["check", "--list-different"]),
  types: () => run(bin("tsc"), ["-b", "--pretty", "false"]),
  effect: () =>
    run(bin("effect-tsgo"), [
      "diagnostics",
      "--strict",
      "--format=text",
      "--severity=error,warning",
      "--project=tsconfig.effect.json"
    ])
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
