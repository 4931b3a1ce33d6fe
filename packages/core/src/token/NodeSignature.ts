/**
 * `Signature` on `node:crypto`: synchronous, so a check of a key in memory is an `Exit`.
 *
 * The check runs on the event loop, by measurement. At 5 000 cold RS256 tokens a second on one core the loop's delay was
 * 2.6 ms at the 99th percentile, against 1.8 ms with `crypto.verify` on Node's thread pool; but a token then waited 35 µs
 * instead of 196 µs (median) and cost 46 µs of CPU instead of 73 µs. With ES256 the delays were equal (5.7 and 5.6 ms).
 * Keys are handed over bare: with an options object Node takes 18 µs (RSA) to 38 µs (P-256) longer for each check.
 */
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { constants, createPublicKey, hash, type KeyObject, verify } from "node:crypto"
import type { Algorithm } from "../Settings.ts"
import type { PublicJwk } from "./PublicKey.ts"
import { type Hash, KeyUnusable, schemes, Signature, type Verify } from "./Signature.ts"

const hashes: Readonly<Record<Hash, string>> = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" }

const genuine = Exit.succeed(true)
const refused = Exit.succeed(false)

type Key = Parameters<typeof verify>[2]

/** `octets`: the signature in the form that `verify` takes, or `undefined` when it cannot be one. */
const check =
  (key: Key, digest: string | null, octets: (signature: string) => Buffer | undefined): Verify =>
  (signingInput, signature) => {
    const bytes = octets(signature)
    return bytes !== undefined && verify(digest, Buffer.from(signingInput, "latin1"), key, bytes) ? genuine : refused
  }

const plain = (signature: string): Buffer => Buffer.from(signature, "base64url")

const ofLength = (length: number) => (signature: string): Buffer | undefined => {
  const bytes = plain(signature)
  return bytes.length === length ? bytes : undefined
}

/** Writes one unsigned integer in DER at `to`: no leading zeros but the one that keeps it positive. Answers its end. */
const writeInteger = (from: Buffer, start: number, end: number, into: Buffer, to: number): number => {
  let first = start
  while (first < end - 1 && from[first] === 0) first++
  const padded = (from[first] ?? 0) >= 0x80 ? 1 : 0
  into[to] = 0x02
  into[to + 1] = end - first + padded
  into[to + 2] = 0
  return to + 2 + padded + from.copy(into, to + 2 + padded, first, end)
}

/**
 * The DER form (RFC 3279 2.2.3) of r and s side by side (RFC 7518 3.4). Node's own conversion needs its options object,
 * which makes each check a third dearer.
 */
const derOf = (length: number) => (signature: string): Buffer | undefined => {
  const raw = plain(signature)
  if (raw.length !== length) return undefined
  const der = Buffer.allocUnsafe(length + 9)
  const half = length / 2
  const end = writeInteger(raw, half, length, der, writeInteger(raw, 0, half, der, 3))
  const content = end - 3
  // Above 127 octets (P-521) the length takes two octets, else one.
  const start = content > 0x7f ? 0 : 1
  der[start] = 0x30
  if (start === 0) der[1] = 0x81
  der[2] = content
  return der.subarray(start, end)
}

const verifierOf = (key: KeyObject, algorithm: Algorithm): Verify | undefined => {
  const scheme = schemes[algorithm]
  const { asymmetricKeyDetails, asymmetricKeyType } = key
  switch (scheme._tag) {
    case "Pkcs1":
      return asymmetricKeyType === "rsa" ? check(key, hashes[scheme.hash], plain) : undefined
    case "Pss":
      return asymmetricKeyType === "rsa"
        ? check(
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength },
          hashes[scheme.hash],
          plain
        )
        : undefined
    case "Ecdsa":
      return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === curveNames[scheme.curve]
        ? check(key, hashes[scheme.hash], derOf(scheme.signatureLength))
        : undefined
    case "Ed25519":
      return asymmetricKeyType === "ed25519" ? check(key, null, ofLength(64)) : undefined
  }
}

/** OpenSSL's names of the curves. */
const curveNames: Readonly<Record<string, string>> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1"
}

/** The public key of a JWK, or why Node refuses it: the one place that catches what `createPublicKey` throws. */
const publicKeyOf = (jwk: PublicJwk): KeyObject | KeyUnusable => {
  try {
    return createPublicKey({ key: { ...jwk }, format: "jwk" })
  } catch (cause) {
    return new KeyUnusable({ reason: cause instanceof Error ? cause.message : "not imported" })
  }
}

const importKey: Signature["Service"]["importKey"] = (jwk, algorithm) => {
  const key = publicKeyOf(jwk)
  if (key instanceof KeyUnusable) return Exit.fail(key)
  const verifier = verifierOf(key, algorithm)
  return verifier === undefined
    ? Exit.fail(new KeyUnusable({ reason: `not a key for ${algorithm}` }))
    : Exit.succeed(verifier)
}

/** The service value, for programs that build no layer. */
export const make: Signature["Service"] = {
  digest: (text) => Exit.succeed(hash("sha256", text, "binary")),
  importKey
}

/** The synchronous form on `node:crypto`. */
export const layer: Layer.Layer<Signature> = Layer.succeed(Signature, make)
