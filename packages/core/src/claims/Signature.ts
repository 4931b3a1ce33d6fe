/**
 * Signature check and digest, the two primitives that differ by runtime.
 *
 * `layer` uses WebCrypto and runs anywhere; `@jotgate/core/node` supplies the
 * fast synchronous form on `node:crypto` (its effects are `Exit`s).
 */
import { Context, type Effect, Schema } from "effect"
import type { Algorithm } from "../Settings.ts"

/** The key cannot be used with this algorithm: wrong type, weak, or meant for something else. */
export class KeyUnusable extends Schema.TaggedClass<KeyUnusable>()("KeyUnusable", { reason: Schema.String }) {}

/** Checks one signature over `header.payload` (ASCII); the signature as base64url text. */
export type Verify = (signingInput: string, signature: string) => Effect.Effect<boolean>

export class Signature extends Context.Service<Signature, {
  /** SHA-256 of an ASCII text, the 32 bytes as a latin1 string. */
  readonly digest: (text: string) => Effect.Effect<string>
  /** Imports a public JWK for one algorithm. */
  readonly importKey: (jwk: Readonly<Record<string, unknown>>, algorithm: Algorithm) => Effect.Effect<Verify, KeyUnusable>
}>()("@jotgate/core/Signature") {}
