/**
 * Ids of decisions: `d_` and a ULID, so that they sort by time and cannot be guessed.
 */
import * as Ulid from "../Ulid.ts"

/** A new id; `time` in Unix milliseconds. */
export const make = (time: number): string => `d_${Ulid.make(time)}`
