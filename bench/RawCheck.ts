/** The bare signature check that verification is held against, handed what costs Node least. */
import type { Issuer } from "@jotgate/core/testing"
import { createPublicKey, type KeyObject, verify } from "node:crypto"

/** An ECDSA signature in DER (RFC 3279 2.2.3). */
const derOf = (raw: Uint8Array): Buffer => {
  const integers = [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)].map((half) => {
    const bytes = Buffer.from(half.subarray(half.findIndex((it) => it !== 0)))
    const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes])
    return Buffer.concat([Buffer.from([0x02, positive.length]), positive])
  })
  const content = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([0x30, content.length]), content])
}

/** The public half of a test key, for any library. */
export const publicKeyOf = (key: Issuer.TestKey): KeyObject =>
  createPublicKey({ key: { ...key.publicJwk }, format: "jwk" })

/** What of a token is signed, and the signature as it came. */
export const partsOf = (token: string): { readonly data: Buffer; readonly signature: Buffer } => {
  const at = token.lastIndexOf(".")
  return { data: Buffer.from(token.slice(0, at)), signature: Buffer.from(token.slice(at + 1), "base64url") }
}

/** Checks the signature of one token again and again: a bare key, everything decoded, ECDSA in DER. */
export const rawCheck = (token: string, key: Issuer.TestKey): () => void => {
  const { data, signature } = partsOf(token)
  const publicKey = publicKeyOf(key)
  const digest = key.algorithm === "EdDSA" ? null : "sha256"
  const written = key.algorithm === "ES256" ? derOf(signature) : signature
  return () => {
    if (!verify(digest, data, publicKey, written)) throw new Error("not verified")
  }
}

/** The same for ECDSA as a token carries it and as libraries check it: r and s side by side, which Node needs an option for. */
export const rawCheckAsCarried = (token: string, key: Issuer.TestKey): () => void => {
  const { data, signature } = partsOf(token)
  const sideBySide = { key: publicKeyOf(key), dsaEncoding: "ieee-p1363" as const }
  return () => {
    if (!verify("sha256", data, sideBySide, signature)) throw new Error("not verified")
  }
}
