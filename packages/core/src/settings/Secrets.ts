/**
 * Reads what the settings only name: `env:NAME` and `file:PATH`.
 *
 * A secret is never part of the settings, is handed out `Redacted`, and a
 * reading that fails names the reference, never a part of the value. Key files
 * and certificates are read through the same service, because they are named
 * the same way.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** `env:NAME` or `file:PATH`: where a secret is, never the secret itself. */
export const SecretReference = Schema.String.annotate({ expected: "env:NAME or file:PATH" }).check(
  Schema.isPattern(/^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/s, { message: "must be env:NAME or file:PATH" })
)

/** The reference leads nowhere; `reason` is for the operator and holds no part of the value. */
export class SecretUnavailable extends Schema.TaggedError<SecretUnavailable>()("SecretUnavailable", {
  /** The reference. */
  reference: Schema.String,
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** Reads secrets by reference: `env:NAME`, `file:PATH`. */
export class Secrets extends Context.Service<Secrets, {
  /** Reads `env:NAME` or `file:PATH` anew at each call; one line break at the end of a file is not part of a secret. */
  readonly read: (reference: string) => Effect.Effect<Redacted.Redacted, SecretUnavailable>
}>()("@jotgate/core/Secrets") {
  /** Knows exactly these references; the record is read at each call, so that a test can change it. */
  static readonly layerTest = (values: Readonly<Record<string, string>>) =>
    Layer.succeed(Secrets, {
      read: (reference) =>
        Effect.suspend(() => {
          const value = values[reference]
          return value === undefined
            ? Effect.fail(new SecretUnavailable({ reference, reason: "not set" }))
            : Effect.succeed(Redacted.make(value))
        })
    })
}
