/**
 * `npm run bench`: every benchmark of this folder, one after the other, each in a process of its own;
 * `npm run bench -- decision token` for some. `npm run bench:http` measures the doors.
 *
 * A row is the median of a ratio with its minimum and maximum: how many operations of the candidate one CPU second
 * buys, divided by how many of the baseline, both in turn in the same process. `at least` is its target, `BELOW` says
 * that the median misses it. The rows that say "of itself" compare one thing with itself: how far they are from 1 is how far
 * every other row may be from the truth. Figures with a unit have an upper limit, `at most` or `ABOVE`. Absolute
 * speeds mean nothing on a shared machine, and a machine under load spoils ratios too: look at the minimum and the
 * maximum, and run it again.
 *
 * `--plot` draws the rows that have a target, one chart for each benchmark, into `docs/benchmarks`; `--plot=FILE` draws
 * what runs printed earlier, those of `npm run bench:http` too, and measures nothing.
 *
 * `--profile` has those that know it (`embed`, `start`) say where the time goes instead, part by part.
 *
 * The last line counts. A missed target does not fail the run, a benchmark that breaks does.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Plot from "./Plot.ts"

const folder = fileURLToPath(new URL(".", import.meta.url))
const given = process.argv.slice(2)
const plots = given.includes("--plot")
const kept = given.find((it) => it.startsWith("--plot="))?.slice("--plot=".length)
if (kept !== undefined) {
  for (const [name, chart] of Plot.chartsOf(readFileSync(kept, "utf8"))) Plot.write(name, chart)
  process.exit()
}
const profile = given.filter((it) => it === "--profile")
const wanted = given.filter((it) => it !== "--plot" && it !== "--profile")

const names = readdirSync(folder)
  .filter((file) => /^[a-z]+\.ts$/.test(file) && file !== "index.ts" && file !== "http.ts")
  .map((file) => file.slice(0, -".ts".length))
  .filter((name) => wanted.length === 0 || wanted.includes(name))

const strange = wanted.filter((name) => !names.includes(name))
if (strange.length > 0) {
  console.error(`no benchmark ${strange.join(", ")}`)
  process.exit(2)
}

const target = /^([\d.]+) .*   (at least|BELOW|at most|ABOVE) ([\d.]+)\D*$/
const reached: Array<string> = []
const missed: Array<string> = []
const broken: Array<string> = []

for (const name of names) {
  console.log(`— ${name}`)
  const run = spawn(process.execPath, ["--conditions=source", "--expose-gc", `${folder}${name}.ts`, ...profile], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = once(run, "close")
  const bars: Array<Plot.Bar> = []
  for await (const line of createInterface({ input: run.stdout })) {
    console.log(line)
    const bar = Plot.barOf(line)
    if (bar !== undefined) bars.push(bar)
    const [, value, words, limit] = target.exec(line) ?? []
    if (words === undefined) continue
    const isReached = words === "at least" || (words === "at most" && Number(value) <= Number(limit))
    ;(isReached ? reached : missed).push(`${name}: ${line}`)
  }
  const [code] = await ended
  if (code !== 0) broken.push(name)
  if (plots) Plot.write(name, { title: `npm run bench -- ${name}`, bars })
}

for (const line of missed) console.log(`missed  ${line}`)
for (const name of broken) console.log(`broken  ${name}`)
console.log(`bench: ${reached.length} targets reached, ${missed.length} missed, ${broken.length} benchmarks broken`)
if (broken.length > 0) process.exitCode = 1
