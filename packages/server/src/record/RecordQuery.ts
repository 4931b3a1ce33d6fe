/**
 * What records are searched by: the same question to those in memory and to
 * those in the store.
 */
import * as DecisionId from "@jotgate/core/DecisionId"
import type { RecordQuery } from "@jotgate/store/RecordStore"
import { Result } from "effect"
import type { Searched } from "./Told.ts"

export type { RecordQuery }

/** A search as it comes in, its times as texts. */
export interface Search extends Omit<RecordQuery, "from" | "below" | "limit"> {
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** The last id of the page before. */
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/** Records of a page that nobody asked a size for. */
export const defaultPage = 100

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time in Unix milliseconds: RFC 3339, a date, or so long ago (`15m`, `7d`); `undefined` when it is none of these. */
export const timeIn = (text: string, now: number): number | undefined => {
  const ago = /^(\d{1,9})([smhd])$/.exec(text)
  if (ago !== null) return now - Number(ago[1]) * (units[ago[2] ?? ""] ?? 0)
  const time = /^\d{4}-\d{2}-\d{2}(?:T|$)/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** Reads a search; fails with the name of the time that is none. `now` in Unix milliseconds. */
export const queryOf = (it: Search, now: number): Result.Result<RecordQuery, "since" | "until"> => {
  const { after, limit = defaultPage, since, until, ...rest } = it
  const start = since === undefined ? undefined : timeIn(since, now)
  const end = until === undefined ? undefined : timeIn(until, now)
  if (since !== undefined && start === undefined) return Result.fail("since")
  if (until !== undefined && end === undefined) return Result.fail("until")
  const bound = end === undefined ? undefined : DecisionId.floor(end)
  const below = after === undefined || (bound !== undefined && bound < after) ? bound : after
  return Result.succeed({ ...rest, limit, from: start === undefined ? undefined : DecisionId.floor(start), below })
}

/** A page of what was found, the newest first; `found` holds one more than `limit` where there are more. */
export const pageOf = <A extends { readonly decision: string }>(found: ReadonlyArray<A>, limit: number) => {
  const items = found.slice(0, limit)
  return { items, next: found.length > limit ? items.at(-1)?.decision ?? null : null }
}

/** Whether a record in memory is looked for. */
export const matches = (
  { agent, below, code, from, model, status, team, tool, who }: RecordQuery,
  it: Searched
): boolean => {
  const { claimed, user } = it.parties
  return (who === undefined || user === who || claimed?.user === who || claimed?.email === who) &&
    (team === undefined || it.parties.team === team) &&
    (model === undefined || it.model === model || it.models?.includes(model) === true) &&
    (tool === undefined || it.tool === tool || it.tools?.includes(tool) === true) &&
    (agent === undefined || it.parties.agent === agent) &&
    (code === undefined || it.code === code) &&
    (status === undefined || it.status === status) &&
    (from === undefined || it.decision >= from) &&
    (below === undefined || it.decision < below)
}
