/**
 * Ids of decisions: `d_` and a ULID, so that they sort by time and cannot be guessed.
 */
import * as Ulid from "../Ulid.ts"

/** A new id; `time` in Unix milliseconds. */
export const make = (time: number): string => `d_${Ulid.make(time)}`

/** The lowest id of a time in Unix milliseconds: ids that were made before it are below. */
export const floor = (time: number): string => `d_${Ulid.floor(time)}`
