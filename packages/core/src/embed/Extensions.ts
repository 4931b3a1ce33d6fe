/**
 * The host's own code, as hook and rule: a function that says yes or no, at once
 * or later.
 *
 * `true` is yes; a text is no, with the reason for the operator; anything else is
 * no. An effect may also succeed with nothing, which is yes. A function that
 * throws, is rejected, fails or takes more than a second is 503, never an allow.
 */
import * as Effect from "effect/Effect"
import type { RequestFacts } from "../decision/RequestPolicy.ts"
import type { Claims } from "../token/Claims.ts"
import { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"

/** How long the host's code may think. */
const patience = "1 second"

/** What a hook or a rule says. */
export type Saying = boolean | string | undefined | void

/** What a hook or a rule returns. */
export type Said = Saying | PromiseLike<Saying> | Effect.Effect<Saying, unknown>

/** Looks at verified claims: `payload` and the issuer that they are of. */
export type Hook = (claims: Claims) => Said

/** Looks at a request that everything else allows. */
export type Rule = (facts: RequestFacts) => Said

const isPromise = (it: unknown): it is PromiseLike<Saying> =>
  typeof it === "object" && it !== null && "then" in it && typeof it.then === "function"

const unavailable = (error: unknown): CustomUnavailable =>
  new CustomUnavailable({ reason: error instanceof Error ? error.message : "the host's code failed" })

const judge = (answer: Saying, isEffect: boolean): Effect.Effect<void, CustomDenied> =>
  answer === true || (isEffect && answer === undefined)
    ? Effect.void
    : Effect.fail(new CustomDenied({ reason: typeof answer === "string" ? answer : "no" }))

const isDenied = (error: unknown): error is CustomDenied | CustomUnavailable =>
  error instanceof CustomDenied || error instanceof CustomUnavailable

/** The function as an effect that fails when it says no. */
export const checkOf =
  <A>(say: (about: A) => Said) => (about: A): Effect.Effect<void, CustomDenied | CustomUnavailable> =>
    Effect.suspend(() => {
      const said = say(about)
      if (Effect.isEffect(said)) {
        return Effect.flatMap(
          Effect.mapError(said, (error) => isDenied(error) ? error : unavailable(error)),
          (answer) => judge(answer, true)
        )
      }
      if (!isPromise(said)) return judge(said, false)
      return Effect.flatMap(
        Effect.tryPromise({ try: () => said, catch: unavailable }),
        (answer) => judge(answer, false)
      )
    }).pipe(
      Effect.catchDefect((error) => Effect.fail(unavailable(error))),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new CustomUnavailable({ reason: "the host's code took too long" }))
      })
    )
