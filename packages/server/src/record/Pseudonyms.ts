/**
 * Pseudonyms in recorded questions (`decisions.redact`), taken back for people
 * with a row: their questions are asked again as they were.
 */
import { type DirectoryAdmin, everyOf } from "@jotgate/store/DirectoryAdmin"
import { Effect } from "effect"
import { pseudonymOf, pseudonymsIn, type Redaction, undo } from "./Redaction.ts"

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

/** How many rows are read together. */
const together = 1_000

/**
 * One text with the pseudonyms of people with a row taken back: rows are read until every one of it is known. While they
 * cannot be read all stay.
 */
export const plain = (
  text: string,
  redact: Redaction | undefined,
  directory: DirectoryAdmin["Service"] | undefined
): Effect.Effect<string> => {
  const wanted = pseudonymsIn(text)
  if (redact === undefined || directory === undefined || wanted.size === 0) return Effect.succeed(text)
  const from = (
    after: string | undefined,
    found: ReadonlyArray<string>
  ): Effect.Effect<ReadonlyArray<string>, unknown> =>
    Effect.flatMap(
      directory.list("users", { limit: together, filter: {}, ...(after === undefined ? {} : { after }) }),
      ({ next, rows }) => {
        const here = rows.flatMap(addressesOf).filter((it) => wanted.delete(pseudonymOf(redact, it)))
        const all = [...found, ...here]
        return next === undefined || wanted.size === 0 ? Effect.succeed(all) : from(next, all)
      }
    )
  return Effect.orElseSucceed(Effect.map(from(undefined, []), (it) => undo(redact, it)(text)), () => text)
}
