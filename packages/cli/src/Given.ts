/** What people type first: a plain argument, where a flag would say the same. */
import { Effect, Option } from "effect"
import { type Failure, failure } from "./Outcome.ts"

/** What an argument or its flag says; `once` names it, for whoever gave both. */
export const oneOf = (
  argument: Option.Option<string>,
  flag: Option.Option<string>,
  once: string
): Effect.Effect<Option.Option<string>, Failure> =>
  Option.isSome(argument) && Option.isSome(flag)
    ? failure(`give ${once}`)
    : Effect.succeed(Option.orElse(argument, () => flag))

/** Whether a plain text means a decision, by its id. */
export const isDecisionId = (text: string): boolean => text.startsWith("d_")
