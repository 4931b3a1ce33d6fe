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
const ofDoor = /^(\S.*?) {2,}([\d.]+) \(([\d.]+)–([\d.]+)\)  goal ([\d.]+)/

const ratio = (name: string, value: number, low: number, high: number, target: number): Bar => ({
  name,
  text: value.toFixed(2),
  value,
  low,
  high,
  target,
  isLimit: false
})

/** The bar of a printed row; `undefined` of any other line, and of a row without a target. */
export const barOf = (line: string): Bar | undefined => {
  const [, door, ...figures] = ofDoor.exec(line) ?? []
  if (door !== undefined) {
    const [value = 0, low = 0, high = 0, goal = 0] = figures.map(Number)
    return ratio(door, value, low, high, goal)
  }
  const [, value = "", rest = "", target = ""] = withTarget.exec(line) ?? []
  if (value === "") return undefined
  const [, low, high, name] = ofRatio.exec(` ${rest.trimStart()}`) ?? []
  const [figure, goal] = [Number(value), Number(target)]
  if (name !== undefined) return ratio(name, figure, Number(low), Number(high), goal)
  const [, unit = "", what = ""] = ofUnit.exec(rest) ?? []
  return what === ""
    ? undefined
    : { name: what, text: `${value} ${unit}`, value: figure, low: figure, high: figure, target: goal, isLimit: true }
}

/** What a chart shows. */
export interface Chart {
  readonly title: string
  readonly bars: ReadonlyArray<Bar>
}

const ofBenchmark = /^— (\w+)$/
const ofDoors = /^\d+ people in \d+ groups each.*(?= connections;)/

/**
 * The charts of what `npm run bench` and `npm run bench:http` printed, one for each benchmark by its name. A row that is
 * there twice is as it was last; doors that shared their core with the floor are another measurement and are left out.
 */
export const chartsOf = (printed: string): ReadonlyMap<string, Chart> => {
  const charts = new Map<string, { readonly title: string; readonly bars: Map<string, Bar> }>()
  let bars: Map<string, Bar> | undefined
  for (const line of printed.split("\n")) {
    const name = ofBenchmark.exec(line)?.[1]
    const doors = ofDoors.exec(line)?.[0]
    if (name !== undefined || doors !== undefined) {
      const title = name === undefined ? `npm run bench:http: ${doors} connections` : `npm run bench -- ${name}`
      const chart = charts.get(name ?? "http") ?? { title, bars: new Map() }
      bars = line.includes("at once") ? undefined : chart.bars
      if (bars !== undefined) charts.set(name ?? "http", chart)
    }
    const bar = barOf(line)
    if (bar !== undefined) bars?.set(bar.name, bar)
  }
  return new Map([...charts].map(([name, it]) => [name, { title: it.title, bars: [...it.bars.values()] }]))
}

const WIDTH = 980
const LABELS = 500
const ROW = 24
/** Bars end here, as multiples of their target. */
const LONGEST = 2

/** Readable where it is shown as a picture, by day and by night. */
const STYLE = `text { fill: #1f2328; stroke: #fff; stroke-width: 4px; paint-order: stroke }
.paper { fill: #fff } .reached { fill: #2f7d5b } .missed { fill: #b5651d }
.spread { stroke: #1f2328 } .goal { stroke: #6e7781; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; stroke: #0d1117 }
  .paper { fill: #0d1117 } .reached { fill: #3c9d74 } .missed { fill: #c9772b }
  .spread { stroke: #e6edf3 } .goal { stroke: #9198a1 }
}`

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")

const placeOf = (share: number): number =>
  Math.round(LABELS + Math.min(LONGEST, Math.max(0, share)) * (WIDTH - LABELS - 90) / LONGEST)

/** A chart as a picture. */
export const svg = ({ bars, title }: Chart): string => {
  const height = 60 + bars.length * ROW
  const goal = placeOf(1)
  const rows = bars.map((it, at) => {
    const top = 44 + at * ROW
    const isReached = it.isLimit ? it.value <= it.target : it.value >= it.target
    const [low = 0, end = 0, high = 0] = [it.low, it.value, it.high].map((value) => placeOf(value / it.target))
    return `<text x="${LABELS - 8}" y="${top + 14}" text-anchor="end">${escaped(it.name)}</text>
<rect class="${isReached ? "reached" : "missed"}" x="${LABELS}" y="${top + 3}" width="${end - LABELS}" height="14"/>
<line class="spread" x1="${low}" x2="${high}" y1="${top + 10}" y2="${top + 10}"/>
<text x="${Math.max(end, high) + 6}" y="${top + 14}">${escaped(it.text)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text x="12" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>
<line class="goal" x1="${goal}" x2="${goal}" y1="34" y2="${height - 10}"/>
<text x="${goal}" y="30" text-anchor="middle">target</text>
${rows.join("\n")}
</svg>
`
}

/** Writes a chart into the documents, unless there is nothing to draw. */
export const write = (name: string, chart: Chart): void => {
  if (chart.bars.length === 0) return
  const file = `docs/benchmarks/${name}.svg`
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, svg(chart))
  console.log(`plot: ${file}`)
}
