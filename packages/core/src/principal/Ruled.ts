/**
 * Where pure rules and narrow look-ups meet what a caller may see.
 *
 * Only "not found" can be caught by a fallback; a directory that did not answer
 * is always 503 (RULES D27). Everything here keeps an `Exit` an `Exit`, so that
 * a decision whose rows are in memory never suspends.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { DirectoryUnavailable, RowNotFound } from "../directory/Directory.ts"
import { type Denial, deny, type Unavailable, unavailable } from "../Errors.ts"
import type { Ruling } from "../rules/Ruling.ts"
import type { Change, StepName, StepOf } from "../Step.ts"
import type { Now } from "../Trace.ts"

/** Notes which operation did not answer, and raises 503. */
export const outage = (error: DirectoryUnavailable, now: Now): Exit.Exit<never, Unavailable> => {
  now.note?.({ step: "principal", outcome: "unavailable", facts: { operation: error.operation } })
  return unavailable("directory_unavailable")
}

const absent = Exit.succeed(undefined)

/** Whether a look-up succeeded already: it needs no handler, and most do. */
export const isAtHand = <A, E>(found: Effect.Effect<A, E>): found is Exit.Success<A> =>
  Exit.isExit(found) && found._tag === "Success"

const caughtAbsence = <A>(row: Effect.Effect<A, RowNotFound | DirectoryUnavailable>, now: Now) =>
  Effect.catchEager(row, (error) => error._tag === "RowNotFound" ? absent : outage(error, now))

/** The row, or `undefined` when there is none; an outage stays a failure. */
export const orAbsent = <A>(
  row: Effect.Effect<A, RowNotFound | DirectoryUnavailable>,
  now: Now
): Effect.Effect<A | undefined, Unavailable> => isAtHand(row) ? row : caughtAbsence(row, now)

const caughtOutage = <A>(rows: Effect.Effect<A, DirectoryUnavailable>, now: Now) =>
  Effect.catchEager(rows, (error) => outage(error, now))

/** The rows; an outage stays a failure. */
export const orOutage = <A>(
  rows: Effect.Effect<A, DirectoryUnavailable>,
  now: Now
): Effect.Effect<A, Unavailable> => isAtHand(rows) ? rows : caughtOutage(rows, now)

/** The step of a ruling. */
const denied = <Name extends StepName>({ code, facts, step }: Ruling<Name>): StepOf<Name> => ({
  step,
  outcome: "denied",
  facts: { code, ...facts }
})

/** Notes a ruling and raises its denial. */
export const raise = (ruling: Ruling, now: Now): Exit.Exit<never, Denial> => {
  now.note?.(denied(ruling))
  return deny(ruling.code, ruling.scope, ruling.held)
}

/** Fails as a rule says, and tells whoever listens what an operator would have to change. */
export const raiseTelling = (ruling: Ruling, change: Change, now: Now): Exit.Exit<never, Denial> => {
  const raised = raise(ruling, now)
  if (now.brief !== true) now.note?.({ step: "hint", outcome: "note", facts: { changes: [change] } })
  return raised
}

const passed = Exit.void

/** Goes on when a rule has no objection. */
export const unless = (ruling: Ruling | undefined, now: Now): Exit.Exit<void, Denial> =>
  ruling === undefined ? passed : raise(ruling, now)
