/**
 * What happens, in one line each: `time`, `level`, one `message`, then what there
 * is to say about it. As text (logfmt) for people and as JSON for collectors
 * (`log.format`); both have the same members.
 */
import { Cause, Logger, References } from "effect"

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

/** One line of a format. */
export const line = (format: LogFormat) => (options: Logger.Options<unknown>): string =>
  format === "json" ? JSON.stringify(Object.fromEntries(members(options))) : logFmt(members(options))

/** Writes to standard error: standard output is for what was asked for. */
export const layer = (format: LogFormat) => Logger.layer([Logger.withConsoleError(Logger.make(line(format)))])
