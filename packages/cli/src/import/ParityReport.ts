/**
 * What an import did with every key of the file it read: the verdicts, and the
 * report as text and as JSON.
 *
 * Nothing is dropped in silence: a key of the file without a line here is a
 * bug. Deviations are named by their number in the rules.
 */

import { type LitellmRelease, LitellmReleases, newestLitellm } from "@jotgate/core/Settings"
import { type Change, changes } from "./Releases.ts"

/** How the imported settings relate to what the reference does with a key (CONFIG.md). */
export const verdicts = [
  "exact",
  "exact but lax",
  "stricter",
  "wider",
  "ignored",
  "refused",
  "needs a decision"
] as const
export type Verdict = (typeof verdicts)[number]

/** One key of the file that was read, or `every file` for what holds without any key. */
export interface ParityLine {
  readonly key: string
  readonly verdict: Verdict
  /** The setting that was written for it, if any. */
  readonly setting: string | null
  /** Numbers of the deviations that apply, such as `D15`. */
  readonly deviations: ReadonlyArray<string>
  readonly reason: string
  /** What we would write instead; `--strict` does where it can. */
  readonly recommendation: string | null
}

export type ParityReport = ReadonlyArray<ParityLine>

/** Whether an operator has to look before the written file can take over: something is refused or needs a decision. */
export const needsAttention = (report: ParityReport): boolean =>
  report.some((line) => line.verdict === "refused" || line.verdict === "needs a decision")

/** How many lines have each verdict. */
export const tally = (report: ParityReport): Readonly<Record<Verdict, number>> => {
  const counts: Record<Verdict, number> = {
    "exact": 0,
    "exact but lax": 0,
    "stricter": 0,
    "wider": 0,
    "ignored": 0,
    "refused": 0,
    "needs a decision": 0
  }
  for (const line of report) counts[line.verdict] += 1
  return counts
}

/** What a file's reader asks next: what the releases between its own and the newest, or the oldest and its own, change. */
export interface Upgrade {
  readonly from: LitellmRelease
  readonly to: LitellmRelease
  readonly changes: ReadonlyArray<Change>
}

/** The upgrade to tell of: from a file's release to the newest, or for a file of the newest from the oldest. */
export const upgradeOf = (release: LitellmRelease): Upgrade => {
  const [oldest] = LitellmReleases
  const [from, to] = release === newestLitellm ? [oldest, release] : [release, newestLitellm]
  return { from, to, changes: changes(from, to) }
}

/** The report as JSON: the tally, one object per line, and what changes between releases. */
export const toJson = (report: ParityReport, release: LitellmRelease): string =>
  JSON.stringify({ release, tally: tally(report), keys: report, upgrade: upgradeOf(release) }, null, 2)

const column = (text: string, width: number): string => text.padEnd(width)

/** The report as text: the tally, then one line per key, the ones that need somebody first. */
export const toText = (report: ParityReport, release: LitellmRelease): string => {
  const counts = tally(report)
  const summary = verdicts.filter((it) => counts[it] > 0).map((it) => `${counts[it]} ${it}`).join(", ")
  const urgency = (verdict: Verdict): number => verdict === "refused" ? 0 : verdict === "needs a decision" ? 1 : 2
  const lines = report.toSorted((left, right) => urgency(left.verdict) - urgency(right.verdict))
  const width = Math.max(0, ...lines.map((line) => line.key.length))
  return [
    `parity with LiteLLM ${release}: ${summary}`,
    ...lines.flatMap((line) => {
      const numbers = line.deviations.length === 0 ? "" : ` (${line.deviations.join(", ")})`
      const setting = line.setting === null ? "" : `${line.setting}: `
      return [
        `  ${column(line.verdict, 16)}  ${column(line.key, width)}  ${setting}${line.reason}${numbers}`,
        ...(line.recommendation === null ? [] : [`  ${column("", 16)}  ${column("", width)}  → ${line.recommendation}`])
      ]
    }),
    "",
    ...upgradeText(upgradeOf(release))
  ].join("\n")
}

const upgradeText = ({ changes, from, to }: Upgrade): ReadonlyArray<string> => [
  `what changes when you go from ${from} to ${to}:`,
  ...changes.map(({ rule, what }) => `  ${what}${rule === null ? "" : ` (${rule})`}`)
]
