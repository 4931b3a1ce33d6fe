/**
 * `policy.custom`: a local ES module that looks at the verified claims of every
 * request.
 *
 * The module exports `validate(claims)`, which says yes with `true`, no with
 * anything else, and may be asynchronous. A hook that throws or takes too long
 * is 503, never an allow. A file that others may write to is not loaded.
 */
import { type ClaimsCheck, CustomDenied, CustomUnavailable } from "@jotgate/core/ClaimsPolicy"
import { Effect, Schema } from "effect"
import { stat } from "node:fs/promises"
import { pathToFileURL } from "node:url"

/** The module cannot be used. */
export class CustomPolicyInvalid extends Schema.TaggedError<CustomPolicyInvalid>()("CustomPolicyInvalid", {
  /** The name of the file. */
  file: Schema.String,
  /** Why it cannot be used. */
  reason: Schema.String
}) {
  override get message(): string {
    return `policy.custom: ${this.file} ${this.reason}`
  }
}

/** How long the hook may think. */
const patience = "1 second"

type Hook = (payload: unknown, facts: { readonly issuer: string }) => unknown

const isHook = (value: unknown): value is Hook => typeof value === "function"

const hookOf = Effect.fnUntraced(function*(file: string) {
  const invalid = (reason: string) => new CustomPolicyInvalid({ file, reason })
  const { ctimeMs, ino, mode, mtimeMs } = yield* Effect.tryPromise({
    try: () => stat(file),
    catch: () => invalid("cannot be read")
  })
  if ((mode & 0o022) !== 0) return yield* invalid("can be written to by others: chmod go-w")
  // Which file it is is part of the address, so that a reload sees what changed.
  const module = yield* Effect.tryPromise({
    try: (): Promise<Readonly<Record<string, unknown>>> =>
      import(`${pathToFileURL(file).href}?t=${ino}-${mtimeMs}-${ctimeMs}`),
    catch: (error) => invalid(`cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  })
  const hook = module["validate"] ?? module["default"]
  return isHook(hook) ? hook : yield* invalid("exports no function `validate`")
})

/** Loads the hook of this file. */
export const load = (file: string): Effect.Effect<ClaimsCheck, CustomPolicyInvalid> =>
  Effect.map(hookOf(file), (hook) => ({ issuer, payload }) =>
    Effect.tryPromise({
      // A copy: the hook may look at the claims, not change them.
      try: async () => await hook(structuredClone(payload), { issuer: issuer.id }),
      catch: (error) => new CustomUnavailable({ reason: error instanceof Error ? error.message : "the hook failed" })
    }).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new CustomUnavailable({ reason: "the hook took too long" }))
      }),
      Effect.flatMap((answer) =>
        answer === true ? Effect.void : Effect.fail(new CustomDenied({ reason: "the hook said no" }))
      )
    ))
