/**
 * Ids of the people that a decision creates: `u_` and a ULID, never put together
 * from claims, so that no claim can be somebody's id (RULES D61).
 */
import { UserId } from "../Ids.ts"
import * as Ulid from "../Ulid.ts"

/** A new id; `time` in Unix milliseconds. */
export const make = (time: number): UserId => UserId.make(`u_${Ulid.make(time)}`)

const shape = /^u_[0-9A-HJKMNP-TV-Z]{26}$/

/** Whether an id has the form of a made one. */
export const isMade = (id: string): boolean => shape.test(id)
