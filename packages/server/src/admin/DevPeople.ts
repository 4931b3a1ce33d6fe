/**
 * The people of `jotgate dev`: the page can pick one instead of pasting a token.
 *
 * Absent unless the process is `dev`: nothing else hands out tokens.
 */
import { Context, type Effect } from "effect"

/** A person to pick. */
export interface DevPerson {
  readonly id: string
  /** What to know of them: "teams red and blue". */
  readonly note: string
}

export interface DevPeople {
  readonly people: ReadonlyArray<DevPerson>
  /** A fresh token of this person; `undefined` when nobody has this id. */
  readonly token: (id: string) => Effect.Effect<string | undefined>
}

export const DevPeople = Context.Reference<DevPeople | undefined>("@jotgate/server/DevPeople", {
  defaultValue: () => undefined
})
