/**
 * Pseudonyms in recorded questions (`decisions.redact`), taken back for people
 * with a row: their questions are asked again as they were.
 */
import { type DirectoryAdmin, everyOf } from "@jotgate/store/DirectoryAdmin"
import { Effect } from "effect"
import { type Redaction, undo } from "./Redaction.ts"

/** A row of a person, as far as it may hold an address. */
interface Person {
  readonly id: string
  readonly email?: string | null | undefined
  readonly subjects?: ReadonlyArray<{ readonly subject: string }> | undefined
}

/** The addresses in the row of a person. */
export const addressesOf = ({ email, id, subjects = [] }: Person): ReadonlyArray<string> =>
  [id, ...(email === null || email === undefined ? [] : [email]), ...subjects.map((it) => it.subject)].filter((it) =>
    it.includes("@")
  )

/** The addresses in the rows of a directory. */
export const addresses = (directory: DirectoryAdmin["Service"]) =>
  everyOf(directory, "users", (users) => users.flatMap(addressesOf))

/** Takes pseudonyms of people with a row back. While rows cannot be read all stay, and whoever asks says so. */
export const undone = (
  redact: Redaction | undefined,
  directory: DirectoryAdmin["Service"] | undefined
): Effect.Effect<Redaction> => {
  const nothing: Redaction = (it) => it
  return redact === undefined || directory === undefined
    ? Effect.succeed(nothing)
    : Effect.orElseSucceed(Effect.map(addresses(directory), (it) => undo(redact, it)), () => nothing)
}
