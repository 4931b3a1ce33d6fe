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

/** A pair whose baseline answers with a promise. */
export interface PromisePair {
  readonly name: string
  readonly candidate: () => unknown
  readonly baseline: () => Promise<unknown>
}

/** Minimum, median and maximum. */
export type Spread = readonly [number, number, number]

/** Milliseconds of running before anything counts. */
const WARM_UP = 3_000
/** Microseconds of one slice. */
const SLICE = 20_000
const ROUNDS = 11

const cpuMicros = (run: () => unknown, times: number): number => {
  const start = process.cpuUsage()
  for (let i = 0; i < times; i++) run()
  const { system, user } = process.cpuUsage(start)
  return user + system
}

/**
 * How often `run` must be called for a slice to last about `micros`. The most of several tries: a collection or a
 * compilation in one of them would make every slice too short to be measured.
 */
const timesFor = (run: () => unknown, micros: number): number => {
  let most = 1
  for (let attempt = 0; attempt < 5; attempt++) {
    for (let times = most;; times *= 2) {
      const took = cpuMicros(run, times)
      if (took < micros / 2) continue
      most = Math.max(most, Math.round(times * micros / took))
      break
    }
  }
  return most
}

/** The spread of some figures. */
export const spread = (figures: ReadonlyArray<number>): Spread => {
  const sorted = figures.toSorted((left, right) => left - right)
  return [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0]
}

/** Runs both in turn until they are compiled: Effect takes its time, and what is measured first must not pay for it. */
const warmUp = ({ baseline, candidate }: Pair): void => {
  const end = performance.now() + WARM_UP
  while (performance.now() < end) {
    for (let i = 0; i < 50; i++) candidate()
    for (let i = 0; i < 50; i++) baseline()
  }
  globalThis.gc?.()
}

/** The ratio of the candidate's speed to the baseline's over `rounds`, two more for warming up. */
export const measure = (pair: Pair, rounds = ROUNDS): Spread => {
  const { baseline, candidate } = pair
  warmUp(pair)
  const [slow, fast] = [timesFor(candidate, SLICE), timesFor(baseline, SLICE)]
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

/** The same for a baseline that answers with a promise, each awaited before the next. */
export const measureAgainstPromise = async (
  { baseline, candidate }: PromisePair,
  rounds = ROUNDS
): Promise<Spread> => {
  const awaited = async (times: number): Promise<number> => {
    const start = process.cpuUsage()
    for (let i = 0; i < times; i++) await baseline()
    const { system, user } = process.cpuUsage(start)
    return (user + system) / times
  }
  const end = performance.now() + WARM_UP
  while (performance.now() < end) {
    for (let i = 0; i < 50; i++) candidate()
    await awaited(50)
  }
  const [slow, fast] = [timesFor(candidate, SLICE), Math.max(1, Math.round(SLICE / await awaited(200)))]
  const ratios: Array<number> = []
  for (let round = -2; round < rounds; round++) {
    let [candidateMicros, baselineMicros] = [0, 0]
    for (let slice = 0; slice < 4; slice++) {
      candidateMicros += cpuMicros(candidate, slow) / slow
      baselineMicros += await awaited(fast)
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

/** One printed row; answers whether the median reaches `least` (0: nothing is asked of it). */
export const row = (name: string, [low, median, high]: Spread, least: number): boolean => {
  const reached = least === 0 || median >= least
  const verdict = least === 0 ? "" : `   ${reached ? "at least" : "BELOW"} ${least.toFixed(2)}`
  console.log(`${median.toFixed(3)}  (${low.toFixed(3)} to ${high.toFixed(3)})  ${name}${verdict}`)
  return reached
}

/** Measures and prints one pair; answers whether its median reaches its ratio. */
export const report = (pair: Pair): boolean => row(pair.name, measure(pair), pair.ratio)

/** One printed figure that should be at most `most`. */
export const figure = (value: number, unit: string, name: string, most: number): boolean => {
  const reached = value <= most
  console.log(`${value.toFixed(1)} ${unit}  ${name}   ${reached ? "at most" : "ABOVE"} ${most}`)
  return reached
}
