/**
 * How benchmarks measure: operations per CPU second, candidate and baseline in
 * turn in short slices of the same process, and the ratio's minimum, median and
 * maximum over rounds. Absolute figures mean nothing on a shared machine.
 */

/** Two ways of doing one thing; `ratio` is how much of the baseline's speed the candidate must reach (0: none, for the eye). */
export interface Pair {
  readonly name: string
  readonly ratio: number
  readonly candidate: () => unknown
  readonly baseline: () => unknown
}

/** Minimum, median and maximum. */
export type Spread = readonly [number, number, number]

const cpuMicros = (run: () => unknown, times: number): number => {
  const start = process.cpuUsage()
  for (let i = 0; i < times; i++) run()
  const { system, user } = process.cpuUsage(start)
  return user + system
}

/** How often `run` must be called for a slice to last about `micros`. */
const timesFor = (run: () => unknown, micros: number): number => {
  let times = 1
  for (;;) {
    const took = cpuMicros(run, times)
    if (took >= micros / 2) return Math.max(1, Math.round(times * micros / took))
    times *= 2
  }
}

/** The spread of some figures. */
export const spread = (figures: ReadonlyArray<number>): Spread => {
  const sorted = figures.toSorted((left, right) => left - right)
  return [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0]
}

/** Runs something until it is compiled and what it left behind is collected. */
const warmUp = (run: () => unknown, millis: number): void => {
  const end = performance.now() + millis
  while (performance.now() < end) for (let i = 0; i < 50; i++) run()
}

/** The ratio of the candidate's speed to the baseline's over `rounds`, two more for warming up. */
export const measure = ({ baseline, candidate }: Pair, rounds = 11): Spread => {
  warmUp(candidate, 700)
  warmUp(baseline, 300)
  globalThis.gc?.()
  const [slow, fast] = [timesFor(candidate, 20_000), timesFor(baseline, 20_000)]
  const ratios: Array<number> = []
  for (let round = -2; round < rounds; round++) {
    let [candidateMicros, baselineMicros] = [0, 0]
    for (let slice = 0; slice < 4; slice++) {
      candidateMicros += cpuMicros(candidate, slow) / slow
      baselineMicros += cpuMicros(baseline, fast) / fast
    }
    if (round >= 0) ratios.push(baselineMicros / candidateMicros)
  }
  return spread(ratios)
}

/** Nanoseconds of one call, for the eye. */
export const nanos = (run: () => unknown): number => {
  const times = timesFor(run, 100_000)
  return cpuMicros(run, times) / times * 1000
}

/** One printed row; answers whether the median reaches its ratio. */
export const report = (pair: Pair): boolean => {
  const [low, median, high] = measure(pair)
  const reached = pair.ratio === 0 || median >= pair.ratio
  const verdict = pair.ratio === 0 ? "" : reached ? `   at least ${pair.ratio}` : `   BELOW ${pair.ratio}`
  console.log(`${median.toFixed(3)}  (${low.toFixed(3)} to ${high.toFixed(3)})  ${pair.name}${verdict}`)
  return reached
}
