/**
 * Public keys out of PEM text: `PUBLIC KEY` (RFC 5280 SPKI), `RSA PUBLIC KEY` (RFC 8017) and `CERTIFICATE` (X.509).
 *
 * A block becomes the JWK of its key and then passes the same checks as any member of a set. Only as much DER is read
 * as leads to the key: definite lengths, no surplus octets inside what is read. A certificate is a way to write a key
 * down: the operator who configured it vouches for it, so its chain and dates are not judged. Private keys are refused.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Hex from "effect/encoding/Hex"
import * as Result from "effect/Result"
import type { PublicJwk } from "../token/PublicKey.ts"

/** The JWK of the key in one block: `undefined` when the block holds none that is known, `secret` for a private key. */
export type PemKey = PublicJwk | undefined | "secret"

type Jwk = PublicJwk | undefined

interface Element {
  readonly tag: number
  /** The content. */
  readonly start: number
  readonly end: number
}

const SEQUENCE = 0x30
const INTEGER = 0x02
const BIT_STRING = 0x03
const OBJECT_IDENTIFIER = 0x06
const CONTEXT_0 = 0xa0

/** The element at `at`; `undefined` when it does not fit into `end`. */
const elementAt = (der: Uint8Array, at: number, end: number): Element | undefined => {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined || at + 2 > end) return undefined
  let start = at + 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 3 || start + octets > end) return undefined
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + (der[start + i] ?? 0)
    start += octets
  }
  return start + length > end ? undefined : { tag, start, end: start + length }
}

/** The elements inside a constructed one; `undefined` when they do not fill it exactly. */
const children = (der: Uint8Array, { start, end }: Element): ReadonlyArray<Element> | undefined => {
  const all: Array<Element> = []
  for (let at = start; at < end;) {
    const next = elementAt(der, at, end)
    if (next === undefined) return undefined
    all.push(next)
    at = next.end
  }
  return all
}

const only = (der: Uint8Array, tag: number): ReadonlyArray<Element> | undefined => {
  const outer = elementAt(der, 0, der.length)
  return outer === undefined || outer.tag !== tag || outer.end !== der.length ? undefined : children(der, outer)
}

/** An unsigned integer without the leading zeros of its DER form. */
const unsigned = (der: Uint8Array, element: Element | undefined): string | undefined => {
  if (element === undefined || element.tag !== INTEGER || element.start === element.end) return undefined
  let { start } = element
  if ((der[start] ?? 0x80) >= 0x80) return undefined
  while (start < element.end - 1 && der[start] === 0) start++
  return Base64Url.encode(der.subarray(start, element.end))
}

const rsaKey = (der: Uint8Array): Jwk => {
  const parts = only(der, SEQUENCE)
  const n = unsigned(der, parts?.[0])
  const e = unsigned(der, parts?.[1])
  return parts?.length !== 2 || n === undefined || e === undefined ? undefined : { kty: "RSA", n, e }
}

/** Named curves by the hexadecimal content of their object identifier, with the size of a coordinate. */
const curves: Readonly<Record<string, readonly [string, number]>> = {
  "2a8648ce3d030107": ["P-256", 32],
  "2b81040022": ["P-384", 48],
  "2b81040023": ["P-521", 66]
}

const curveKey = (curve: string, point: Uint8Array): Jwk => {
  const [crv, size] = curves[curve] ?? []
  // An uncompressed point: 4, x, y (SEC 1, 2.3.3).
  if (crv === undefined || size === undefined || point.length !== 1 + 2 * size || point[0] !== 4) return undefined
  return {
    kty: "EC",
    crv,
    x: Base64Url.encode(point.subarray(1, 1 + size)),
    y: Base64Url.encode(point.subarray(1 + size))
  }
}

/** SubjectPublicKeyInfo: algorithm and key bits. */
const publicKey = (der: Uint8Array, parts: ReadonlyArray<Element> | undefined): Jwk => {
  const [algorithm, bits] = parts ?? []
  if (parts?.length !== 2 || algorithm?.tag !== SEQUENCE || bits?.tag !== BIT_STRING || der[bits.start] !== 0) {
    return undefined
  }
  const [type, parameter] = children(der, algorithm) ?? []
  if (type?.tag !== OBJECT_IDENTIFIER) return undefined
  const key = der.subarray(bits.start + 1, bits.end)
  switch (Hex.encode(der.subarray(type.start, type.end))) {
    case "2a864886f70d010101": // rsaEncryption
      return rsaKey(key)
    case "2a8648ce3d0201": // id-ecPublicKey
      return parameter?.tag === OBJECT_IDENTIFIER
        ? curveKey(Hex.encode(der.subarray(parameter.start, parameter.end)), key)
        : undefined
    case "2b6570": // id-Ed25519
      return { kty: "OKP", crv: "Ed25519", x: Base64Url.encode(key) }
    default:
      return undefined
  }
}

/** The key of a certificate: the sixth field of its first part, after the optional version. */
const certificateKey = (der: Uint8Array): Jwk => {
  const [body] = only(der, SEQUENCE) ?? []
  if (body?.tag !== SEQUENCE) return undefined
  const fields = children(der, body) ?? []
  const info = fields[fields[0]?.tag === CONTEXT_0 ? 6 : 5]
  return info?.tag === SEQUENCE ? publicKey(der, children(der, info)) : undefined
}

const keyOf = (label: string, der: Uint8Array): Jwk => {
  switch (label) {
    case "PUBLIC KEY":
      return publicKey(der, only(der, SEQUENCE))
    case "RSA PUBLIC KEY":
      return rsaKey(der)
    case "CERTIFICATE":
    case "X509 CERTIFICATE":
      return certificateKey(der)
    default:
      return undefined
  }
}

const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** Whether a text is PEM rather than JSON. */
export const isPem = (text: string): boolean => text.includes("-----BEGIN ")

/** The keys of the blocks of a PEM text, in order; text between blocks is ignored (RFC 7468 section 2). */
export const parse = (text: string): ReadonlyArray<PemKey> =>
  Array.from(text.matchAll(block), ([, label = "", body = ""]) => {
    if (label.endsWith("PRIVATE KEY")) return "secret"
    const der = Result.getOrUndefined(Base64.decode(body.replaceAll(/\s/g, "")))
    return der === undefined ? undefined : keyOf(label, der)
  })
