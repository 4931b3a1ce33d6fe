/**
 * Signature check and digest, the two primitives that differ by runtime.
 *
 * `layer` uses WebCrypto and runs anywhere; `@jotgate/core/node` supplies the fast synchronous form on `node:crypto`
 * (its effects are `Exit`s). The algorithm belongs to the imported key and never comes from a token (threats A02, A05).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { importJWK } from "jose/key/import"
import type { Algorithm } from "../Settings.ts"
import type { PublicJwk } from "./PublicKey.ts"

/** The key cannot be used with this algorithm: wrong type, weak, or meant for something else. */
export class KeyUnusable extends Schema.TaggedClass<KeyUnusable>()("KeyUnusable", {
  /** Why, for the operator. */
  reason: Schema.String
}) {}

/** Checks one signature over `header.payload` (ASCII); the signature as canonical base64url text. */
export type Verify = (signingInput: string, signature: string) => Effect.Effect<boolean>

/** What a signature of this algorithm is made of (RFC 7518 section 3, RFC 8037, RFC 9864). */
export type Scheme =
  | {
    readonly _tag: "Pkcs1"
    /** The hash that is signed. */
    readonly hash: Hash
  }
  | {
    readonly _tag: "Pss"
    /** The hash that is signed. */
    readonly hash: Hash
    /** The length of the salt, in bytes. */
    readonly saltLength: number
  }
  | {
    readonly _tag: "Ecdsa"
    /** The hash that is signed. */
    readonly hash: Hash
    /** The curve. */
    readonly curve: string
    /** The length of a signature, in bytes. */
    readonly signatureLength: number
  }
  | { readonly _tag: "Ed25519" }

/** A hash function of a signature scheme. */
export type Hash = "SHA-256" | "SHA-384" | "SHA-512"

/** The scheme of each algorithm. */
export const schemes: Readonly<Record<Algorithm, Scheme>> = {
  RS256: { _tag: "Pkcs1", hash: "SHA-256" },
  RS384: { _tag: "Pkcs1", hash: "SHA-384" },
  RS512: { _tag: "Pkcs1", hash: "SHA-512" },
  PS256: { _tag: "Pss", hash: "SHA-256", saltLength: 32 },
  PS384: { _tag: "Pss", hash: "SHA-384", saltLength: 48 },
  PS512: { _tag: "Pss", hash: "SHA-512", saltLength: 64 },
  ES256: { _tag: "Ecdsa", hash: "SHA-256", curve: "P-256", signatureLength: 64 },
  ES384: { _tag: "Ecdsa", hash: "SHA-384", curve: "P-384", signatureLength: 96 },
  ES512: { _tag: "Ecdsa", hash: "SHA-512", curve: "P-521", signatureLength: 132 },
  EdDSA: { _tag: "Ed25519" },
  Ed25519: { _tag: "Ed25519" }
}

/** WebCrypto's name for a scheme. */
const parametersOf = (scheme: Scheme): AlgorithmIdentifier | RsaPssParams | EcdsaParams => {
  switch (scheme._tag) {
    case "Pkcs1":
      return { name: "RSASSA-PKCS1-v1_5" }
    case "Pss":
      return { name: "RSA-PSS", saltLength: scheme.saltLength }
    case "Ecdsa":
      return { name: "ECDSA", hash: scheme.hash }
    case "Ed25519":
      return { name: "Ed25519" }
  }
}

const encoder = new TextEncoder()
const refused = Exit.succeed(false)

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Hashes tokens and checks signatures: `layer` with Web Crypto, in `@jotgate/core/node` with `node:crypto`. */
export class Signature extends Context.Service<Signature, {
  /** SHA-256 of an ASCII text, the 32 bytes as a latin1 string. */
  readonly digest: (text: string) => Effect.Effect<string>
  /** Imports a public JWK for one algorithm. */
  readonly importKey: (jwk: PublicJwk, algorithm: Algorithm) => Effect.Effect<Verify, KeyUnusable>
}>()("@jotgate/core/Signature") {
  /** WebCrypto: any runtime, asynchronous. */
  static readonly layer: Layer.Layer<Signature> = Layer.succeed(Signature, {
    digest: (text) =>
      Effect.promise(async () => latin1(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))))),
    importKey: Effect.fnUntraced(function*(jwk: PublicJwk, algorithm: Algorithm) {
      const key = yield* Effect.tryPromise({
        try: () => importJWK({ ...jwk, ext: false }, algorithm),
        catch: (cause) => new KeyUnusable({ reason: cause instanceof Error ? cause.message : "not imported" })
      })
      if (key instanceof Uint8Array || key.type !== "public") {
        return yield* Exit.fail(new KeyUnusable({ reason: "not a public key" }))
      }
      const scheme = schemes[algorithm]
      const parameters = parametersOf(scheme)
      const verify: Verify = (signingInput, signature) => {
        const bytes = Base64Url.decode(signature)
        if (bytes._tag === "Failure") return refused
        const octets = Uint8Array.from(bytes.success)
        if (scheme._tag === "Ecdsa" && octets.length !== scheme.signatureLength) return refused
        return Effect.promise(() => crypto.subtle.verify(parameters, key, octets, encoder.encode(signingInput)))
      }
      return verify
    })
  })
}
