/**
 * Runs whole files and counts.
 */
import { Result } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { compare } from "./Comparison.ts"
import { run } from "./Runner.ts"
import { decode, type Scenario } from "./Scenario.ts"

/** How a set of scenarios came out. */
export interface Tally {
  agree: number
  readonly differ: Map<string, number>
  readonly unexplained: Array<string>
}

/** The scenario files at a path: itself, or those below the folder. */
const filesAt = (path: string): ReadonlyArray<string> =>
  statSync(path).isDirectory()
    ? readdirSync(path, { encoding: "utf8", recursive: true })
      .filter((it) => /\.jsonl(\.gz)?$/.test(it))
      .toSorted()
      .map((it) => join(path, it))
    : [path]

/** The scenarios of a file, and the lines that are none; `.gz` is unpacked. */
export const scenariosIn = (
  file: string
): { readonly scenarios: ReadonlyArray<Scenario>; readonly unread: ReadonlyArray<string> } => {
  const bytes = readFileSync(file)
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")
  const scenarios: Array<Scenario> = []
  const unread: Array<string> = []
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return
    Result.match(decode(line), {
      onFailure: (error) => void unread.push(`${file}:${index + 1}: ${oneLine(error.message)}`),
      onSuccess: (scenario) => void scenarios.push(scenario)
    })
  })
  return { scenarios, unread }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ")

/** Decides the scenarios and adds to the tally; one that cannot be decided is unexplained. */
export const add = async (tally: Tally, scenarios: ReadonlyArray<Scenario>): Promise<void> => {
  for (const scenario of scenarios) {
    const outcomes = await run(scenario).catch((error: unknown) => oneLine(String(error)))
    if (typeof outcomes === "string") {
      tally.unexplained.push(`${scenario.id}: ${outcomes}`)
      continue
    }
    scenario.cases?.forEach((one, index) => {
      const ours = outcomes[index]
      if (ours === undefined) return
      const verdict = compare(one, ours)
      if (verdict._tag === "Agrees") tally.agree++
      else if (verdict._tag === "Differs") tally.differ.set(verdict.rule, (tally.differ.get(verdict.rule) ?? 0) + 1)
      else {tally.unexplained.push(
          `${scenario.id} case ${index} ${one.request.method} ${one.request.path}: ${verdict.what}`
        )}
    })
  }
}

/** A tally with nothing in it. */
export const emptyTally = (): Tally => ({ agree: 0, differ: new Map(), unexplained: [] })

/** The last line of a run. */
export const summary = ({ agree, differ, unexplained }: Tally): string => {
  const byRule = [...differ].toSorted(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
  const total = byRule.reduce((sum, [, count]) => sum + count, 0)
  const rules = byRule.map(([rule, count]) => `${rule} ${count}`).join(", ")
  return `agree ${agree}, differ ${total} (by rule: ${rules || "none"}), unexplained ${unexplained.length}`
}

/** Runs the files at the paths; answers with the exit code. */
export const main = async (paths: ReadonlyArray<string>): Promise<number> => {
  if (paths.length === 0) {
    console.error("usage: npm run conformance -- PATH…   (files or folders of recorded decisions, .jsonl or .jsonl.gz)")
    return 2
  }
  const missing = paths.filter((it) => !existsSync(it))
  if (missing.length > 0) {
    console.error(`there is no ${missing.join(", ")}`)
    return 2
  }
  const files = paths.flatMap(filesAt)
  if (files.length === 0) {
    console.error(`there are no recorded decisions below ${paths.join(", ")}`)
    return 2
  }
  const tally = emptyTally()
  for (const file of files) {
    const { scenarios, unread } = scenariosIn(file)
    tally.unexplained.push(...unread)
    await add(tally, scenarios)
  }
  for (const line of tally.unexplained) console.log(line)
  console.log(summary(tally))
  return tally.unexplained.length === 0 ? 0 : 1
}
