/**
 * What an answer costs one gate beside another: all of them run, and short slices of the same load go to each in turn,
 * so that whatever else the machine does meets all alike. What counts is processor time of the thread that answers,
 * from the first question of a slice until what the gate does after the last answer is done too.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { child, numberOf } from "../bench/http/Child.ts"
import { serve } from "../bench/http/ServedGate.ts"

/** How long a gate has after its last answer for what it does in batches, in milliseconds. */
const settling = 600

/** Slices that each gate gets before any counts: its code is compiled meanwhile. */
const warming = 3

/** One gate under load. */
export interface Sliced {
  /** Answers, those that do not count too. */
  readonly all: number
  /** Answers a second while it was asked. */
  readonly rate: number
  /** Microseconds of processor time of the thread that answers for each answer, slice by slice. */
  readonly own: ReadonlyArray<number>
  /** The same of all threads. */
  readonly whole: ReadonlyArray<number>
}

/** Most that a gate gets at the end for records that wait, in seconds: other people may have the disk. */
const patience = 60

/** Waits until no record of a gate waits for its store. */
const stored = async (admin: number): Promise<void> => {
  for (let second = 0; second < patience; second++) {
    const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
    if (!/^jotgate_records_waiting [1-9]/m.test(metrics)) return
    await sleep(1_000)
  }
}

const start = async (config: string, requests: ReadonlyArray<string>, rate: number) => {
  const gate = await serve(config, undefined, false)
  const load = child(1, "./Load.ts", [String(gate.port), "50", String(rate)])
  load.tell(JSON.stringify(requests))
  let last = numberOf(await load.ask("rest"), "done")
  const own: Array<number> = []
  const whole: Array<number> = []
  const rates: Array<number> = []
  return {
    slice: async (seconds: number, counts: boolean): Promise<void> => {
      const [ownBefore, wholeBefore, begun] = [gate.answering(), gate.micros(), performance.now()]
      await load.ask("go")
      await sleep(seconds * 1000)
      const all = numberOf(await load.ask("rest"), "done")
      const took = performance.now() - begun
      await sleep(settling)
      const done = all - last
      last = all
      if (!counts) return
      own.push((gate.answering() - ownBefore) / done)
      whole.push((gate.micros() - wholeBefore) / done)
      rates.push(1000 * done / took)
    },
    stop: async (): Promise<Sliced> => {
      await stored(gate.admin)
      load.stop()
      gate.stop()
      return { all: last, rate: median(rates), own, whole }
    }
  }
}

/** The middle one. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] ?? Number.NaN : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
}

/** What an answer of one costs beside one of the others, on average: the median over their slices, turn by turn. */
export const beside = (it: Sliced, ...others: ReadonlyArray<Sliced>): number =>
  median(
    it.own.map((micros, turn) =>
      micros * others.length / others.reduce((sum, other) => sum + (other.own[turn] ?? Number.NaN), 0)
    )
  )

/** Asks gates of these configurations `rate` times a second, in `turns` slices of `seconds` each; in every turn another one is first. */
export const inTurn = async (
  configs: ReadonlyArray<string>,
  { rate, requests, seconds, turns }: {
    readonly requests: ReadonlyArray<string>
    readonly rate: number
    readonly seconds: number
    readonly turns: number
  }
): Promise<ReadonlyArray<Sliced>> => {
  const gates = []
  for (const config of configs) gates.push(await start(config, requests, rate))
  for (let turn = -warming; turn < turns; turn++) {
    const first = Math.abs(turn) % gates.length
    for (const gate of [...gates.slice(first), ...gates.slice(0, first)]) await gate.slice(seconds, turn >= 0)
  }
  const told = await Promise.all(gates.map((it) => it.stop()))
  await sleep(1_500)
  return told
}
