/**
 * The strict compact form of a token (RFC 7515 section 7.1): judged as text before anything of it is decoded.
 *
 * Length first, then three non-empty parts, the alphabet, and the one canonical spelling of base64url, so that a token
 * has exactly one text (threats A14, A15, E17). Header and payload are UTF-8 without byte order mark and strict JSON
 * objects (threat B01). The header is believed for what it must say and nothing else: a `crit`, `b64` or `enc` is
 * refused, a key inside it or an address of one is never looked at (threats A06, A07, A09, A10).
 */
import * as Result from "effect/Result"
import type { JsonObject } from "../Json.ts"
import * as Json from "../Json.ts"
import { decode, isCanonical } from "./Base64Url.ts"
import { type RefusalReason, shown, TokenRefused } from "./Refusal.ts"

/** Most characters of a token unless said otherwise. */
export const defaultMaxLength = 16 * 1024

/** A signed text in strict form (JWS), whatever its payload is. */
export interface SignedText {
  readonly header: TokenHeader
  /** The three parts as they came, canonical base64url. */
  readonly parts: { readonly header: string; readonly payload: string; readonly signature: string }
  /** What was signed: header and payload as they came. */
  readonly signingInput: string
}

/** A token in strict form (JWT); nothing in it is believed yet. */
export interface CompactToken extends SignedText {
  readonly payload: JsonObject
}

/** What a header may say. */
export interface TokenHeader {
  readonly algorithm: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

const refuse = (reason: RefusalReason, facts: TokenRefused["facts"]): Result.Result<never, TokenRefused> =>
  Result.fail(new TokenRefused({ reason, facts }))

/**
 * Headers of verified tokens by their text: a provider writes the same one on every token, so most need no second
 * reading. Only tokens that were verified may add to it, so nobody else can fill it.
 */
export class KnownHeaders {
  static readonly capacity = 64
  private readonly byText = new Map<string, TokenHeader>()

  get(text: string): TokenHeader | undefined {
    return this.byText.get(text)
  }

  add({ header, parts }: SignedText): void {
    if (this.byText.has(parts.header)) return
    if (this.byText.size >= KnownHeaders.capacity) this.byText.clear()
    this.byText.set(parts.header, header)
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
/** Anything but printable ASCII without the backslash. */
const special = /[^ -[\]-~]/

/** The text that bytes (one per character) spell in UTF-8, or `undefined`: the one place that catches what `decode` throws. */
const utf8 = (bytes: string): string | undefined => {
  const octets = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) octets[i] = bytes.charCodeAt(i)
  try {
    return decoder.decode(octets)
  } catch {
    return undefined
  }
}

const misspelled = (part: keyof SignedText["parts"]) => refuse("malformed", { part, cause: "not canonical base64url" })

/** Decodes and parses one part. */
const object = (part: string, name: "header" | "payload"): Result.Result<JsonObject, TokenRefused> => {
  const bytes = decode(part)
  if (bytes === undefined) return misspelled(name)
  const plain = !special.test(bytes)
  const text = plain ? bytes : utf8(bytes)
  if (text === undefined) return refuse("malformed", { part: name, cause: "no UTF-8" })
  const json = plain ? Json.parse(text, plain) : Json.parse(text)
  if (Result.isFailure(json)) {
    const duplicate = json.failure === "duplicate_member"
    return refuse(duplicate ? "duplicate_member" : "malformed", { part: name, cause: json.failure })
  }
  return Json.isObject(json.success)
    ? Result.succeed(json.success)
    : refuse("malformed", { part: name, cause: "no object" })
}

/** Members that change what the rest means; we know none of the extensions (RFC 7515 4.1.11, RFC 7797, RFC 7516). */
const readHeader = (header: JsonObject): Result.Result<TokenHeader, TokenRefused> => {
  const { alg, b64, crit, enc, kid, typ } = header
  if (crit !== undefined) return refuse("critical_header", { crit: shown(crit) })
  if (b64 !== undefined) return refuse("critical_header", { b64: shown(b64) })
  if (enc !== undefined) return refuse("header", { enc: shown(enc) })
  if (typeof alg !== "string") return refuse("header", { alg: shown(alg) })
  if (kid !== undefined && (typeof kid !== "string" || kid === "")) return refuse("header", { kid: shown(kid) })
  if (typ !== undefined && typeof typ !== "string") return refuse("type", { found: shown(typ) })
  return Result.succeed({ algorithm: alg, kid, typ })
}

/** Whether a credential has the shape of a JWT: exactly two dots. Such a one is never tried as an opaque token (RULES D9). */
export const isCompact = (token: string): boolean => {
  const first = token.indexOf(".")
  if (first === -1) return false
  const second = token.indexOf(".", first + 1)
  return second !== -1 && token.indexOf(".", second + 1) === -1
}

type Parts = SignedText["parts"]

const split = (token: string): Result.Result<Parts, TokenRefused> => {
  const first = token.indexOf(".")
  const second = token.indexOf(".", first + 1)
  return second === -1 || first === 0 || second === token.length - 1
    ? refuse("malformed", { cause: "not three parts" })
    : Result.succeed({
      header: token.slice(0, first),
      payload: token.slice(first + 1, second),
      signature: token.slice(second + 1)
    })
}

/** Signature and header; the payload is left to the caller. */
const signedText = (token: string, parts: Parts, known?: KnownHeaders): Result.Result<SignedText, TokenRefused> => {
  if (!isCanonical(parts.signature)) return misspelled("signature")
  const remembered = known?.get(parts.header)
  const header = remembered === undefined
    ? Result.flatMap(object(parts.header, "header"), readHeader)
    : Result.succeed(remembered)
  return Result.isFailure(header) ? Result.fail(header.failure) : Result.succeed({
    header: header.success,
    parts,
    signingInput: token.slice(0, token.length - parts.signature.length - 1)
  })
}

/** Reads the form and the header of a text of at most the permitted length; what is signed may be anything, or empty. */
export const readSigned = (token: string): Result.Result<SignedText, TokenRefused> => {
  const parts = split(token)
  if (Result.isFailure(parts)) return Result.fail(parts.failure)
  return isCanonical(parts.success.payload) ? signedText(token, parts.success) : misspelled("payload")
}

/** Reads a token of at most the permitted length. `known`: headers that need no second reading. */
export const read = (token: string, known?: KnownHeaders): Result.Result<CompactToken, TokenRefused> => {
  const parts = split(token)
  if (Result.isFailure(parts)) return Result.fail(parts.failure)
  const signed = signedText(token, parts.success, known)
  if (Result.isFailure(signed)) return Result.fail(signed.failure)
  const payload = object(parts.success.payload, "payload")
  if (Result.isFailure(payload)) return Result.fail(payload.failure)
  const { header, signingInput } = signed.success
  return Result.succeed({ header, parts: parts.success, signingInput, payload: payload.success })
}
