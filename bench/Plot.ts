/**
 * Rows of a benchmark as a chart: each bar is as long as its figure is of its target, which is one line for all of
 * them. Rows without a target are not drawn.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

/** One row. */
export interface Bar {
  readonly name: string
  /** The figure as it is printed, with its unit. */
  readonly text: string
  readonly value: number
  readonly low: number
  readonly high: number
  readonly target: number
  /** Whether the target is the most that the figure may be, not the least. */
  readonly isLimit: boolean
}

const withTarget = /^([\d.]+) (.*?)   (?:at least|BELOW|at most|ABOVE) ([\d.]+)\D*$/
const ofRatio = /^ \(([\d.]+) to ([\d.]+)\)  (.+)$/
const ofUnit = /^(\S+)  (.+)$/

/** The bar of a printed row; `undefined` of any other line, and of a row without a target. */
export const barOf = (line: string): Bar | undefined => {
  const [, value = "", rest = "", target = ""] = withTarget.exec(line) ?? []
  if (value === "") return undefined
  const [, low, high, ratio] = ofRatio.exec(` ${rest.trimStart()}`) ?? []
  const [figure, goal] = [Number(value), Number(target)]
  if (ratio !== undefined) {
    return {
      name: ratio,
      text: figure.toFixed(2),
      value: figure,
      low: Number(low),
      high: Number(high),
      target: goal,
      isLimit: false
    }
  }
  const [, unit = "", name = ""] = ofUnit.exec(rest) ?? []
  return name === ""
    ? undefined
    : { name, text: `${value} ${unit}`, value: figure, low: figure, high: figure, target: goal, isLimit: true }
}

const WIDTH = 860
const LABELS = 430
const ROW = 24
/** Bars end here, as multiples of their target. */
const LONGEST = 2

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")

const placeOf = (share: number): number =>
  Math.round(LABELS + Math.min(LONGEST, Math.max(0, share)) * (WIDTH - LABELS - 80) / LONGEST)

/** A chart of some rows. */
export const svg = (title: string, bars: ReadonlyArray<Bar>): string => {
  const height = 60 + bars.length * ROW
  const goal = placeOf(1)
  const rows = bars.map((it, at) => {
    const top = 44 + at * ROW
    const isReached = it.isLimit ? it.value <= it.target : it.value >= it.target
    const [low, end, high] = [it.low, it.value, it.high].map((value) => placeOf(value / it.target))
    return `<text x="${LABELS - 8}" y="${top + 14}" text-anchor="end">${escaped(it.name)}</text>
<rect x="${LABELS}" y="${top + 3}" width="${(end ?? LABELS) - LABELS}" height="14" fill="${
      isReached ? "#2f7d5b" : "#b5651d"
    }"/>
<line x1="${low}" x2="${high}" y1="${top + 10}" y2="${top + 10}" stroke="#222"/>
<text x="${Math.max(end ?? 0, high ?? 0) + 6}" y="${top + 14}">${escaped(it.text)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="12" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>
<line x1="${goal}" x2="${goal}" y1="34" y2="${height - 10}" stroke="#888" stroke-dasharray="4 3"/>
<text x="${goal}" y="32" text-anchor="middle" fill="#555">target</text>
${rows.join("\n")}
</svg>
`
}

/** Writes a chart, unless there is nothing to draw. */
export const write = (file: string, title: string, bars: ReadonlyArray<Bar>): void => {
  if (bars.length === 0) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, svg(title, bars))
  console.log(`plot: ${file}`)
}
