/**
 * `Signature` on `node:crypto`: synchronous, so a check of a key in memory is an `Exit`.
 *
 * The check runs on the event loop.
 */
import { Exit, Layer } from "effect"
import { constants, createPublicKey, hash, type KeyObject, verify } from "node:crypto"
import type { Algorithm } from "../Settings.ts"
import type { PublicJwk } from "./PublicKey.ts"
import { type Hash, KeyUnusable, schemes, Signature, type Verify } from "./Signature.ts"

const hashes: Readonly<Record<Hash, string>> = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" }

const genuine = Exit.succeed(true)
const refused = Exit.succeed(false)

const check = (
  key: Parameters<typeof verify>[2],
  digest: string | null,
  length: number | undefined
): Verify =>
(signingInput, signature) => {
  const octets = Buffer.from(signature, "base64url")
  if (length !== undefined && octets.length !== length) return refused
  return verify(digest, Buffer.from(signingInput, "latin1"), key, octets) ? genuine : refused
}

const verifierOf = (key: KeyObject, algorithm: Algorithm): Verify | undefined => {
  const scheme = schemes[algorithm]
  const { asymmetricKeyDetails, asymmetricKeyType } = key
  switch (scheme._tag) {
    case "Pkcs1":
      // PKCS#1 v1.5 is the default padding of an RSA key; a bare key spares Node the reading of options.
      return asymmetricKeyType === "rsa" ? check(key, hashes[scheme.hash], undefined) : undefined
    case "Pss":
      return asymmetricKeyType === "rsa"
        ? check(
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength },
          hashes[scheme.hash],
          undefined
        )
        : undefined
    case "Ecdsa":
      return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === curveNames[scheme.curve]
        ? check({ key, dsaEncoding: "ieee-p1363" }, hashes[scheme.hash], scheme.signatureLength)
        : undefined
    case "Ed25519":
      return asymmetricKeyType === "ed25519" ? check(key, null, 64) : undefined
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
