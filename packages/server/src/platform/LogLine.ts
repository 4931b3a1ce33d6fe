/**
 * What happens, in one line each: `time`, `level`, one `message`, then what there
 * is to say about it. As text (logfmt) for people and as JSON for collectors
 * (`log.format`); both have the same members.
 *
 * A reader that takes nothing holds up nobody: lines that it has not taken wait
 * in memory within a bound, then they are dropped and counted, which the next
 * line that can be written says.
 */
import { Cause, Layer, Logger, Metric, References } from "effect"

/** How lines are written. */
export type LogFormat = "text" | "json"

const isPlain = (it: unknown): it is Readonly<Record<string, unknown>> =>
  typeof it === "object" && it !== null && !Array.isArray(it) && !(it instanceof Error)

const textOf = (it: unknown): string =>
  typeof it === "string" ? it : it instanceof Error ? it.message : JSON.stringify(it) ?? String(it)

/** The members of a line, in their order. */
const members = (
  { cause, date, fiber, logLevel, message }: Logger.Options<unknown>
): ReadonlyMap<string, unknown> => {
  const parts = Array.isArray(message) ? message : [message]
  const told = new Map<string, unknown>([
    ["time", date.toISOString()],
    ["level", logLevel.toLowerCase()],
    ["message", parts.filter((it) => !isPlain(it)).map(textOf).join(" ")]
  ])
  const add = (facts: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(facts)) told.set(told.has(name) ? `${name}_` : name, value)
  }
  add(fiber.getRef(References.CurrentLogAnnotations))
  for (const it of parts) if (isPlain(it)) add(it)
  if (cause.reasons.length > 0) add({ cause: Cause.pretty(cause) })
  return told
}

const plainValue = /^[\w.:/@+-]+$/

/** A line of logfmt. */
const logFmt = (told: ReadonlyMap<string, unknown>): string =>
  Array.from(told, ([name, value]) => {
    const text = textOf(value)
    return `${name}=${plainValue.test(text) ? text : JSON.stringify(text)}`
  }).join(" ")

const written = (format: LogFormat, told: ReadonlyMap<string, unknown>): string =>
  format === "json" ? JSON.stringify(Object.fromEntries(told)) : logFmt(told)

/** One line of a format. */
export const line = (format: LogFormat) => (options: Logger.Options<unknown>): string =>
  written(format, members(options))

/** Bytes that wait for a reader; more lines are dropped and counted. */
const mostWaiting = 1024 * 1024

const droppedCounter = Metric.counter("jotgate_log_dropped_total", {
  description: "Lines of the log that nobody took.",
  incremental: true
})

/** Where lines go: what a stream of Node's is of it. */
export interface Lines {
  /** Bytes that were written and not taken yet. */
  readonly writableLength: number
  readonly write: (text: string) => unknown
}

/** Writes lines to a stream. */
export const logger = (format: LogFormat, to: Lines): Logger.Logger<unknown, void> => {
  let dropped = 0
  return Logger.make((options) => {
    if (to.writableLength > mostWaiting) {
      dropped++
      return droppedCounter.updateUnsafe(1, options.fiber.context)
    }
    const gap = dropped === 0 ? "" : `${
      written(
        format,
        new Map<string, unknown>([
          ["time", options.date.toISOString()],
          ["level", "warn"],
          ["message", "lines of the log were dropped"],
          ["count", dropped]
        ])
      )
    }\n`
    dropped = 0
    to.write(`${gap}${line(format)(options)}\n`)
  })
}

/** Writes to standard error: standard output is for what was asked for. */
export const layer = (format: LogFormat) =>
  Layer.merge(
    Logger.layer([logger(format, process.stderr)]),
    // What is not there yet is 0.
    Layer.effectDiscard(Metric.update(droppedCounter, 0))
  )
