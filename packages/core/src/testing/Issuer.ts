/**
 * An issuer for tests: makes keys of every algorithm, signs good and hostile tokens, and publishes its set.
 *
 * Nothing here is careful about what it signs: header and payload may be any text, so that a test can send what no
 * honest issuer would. Keys are made anew in each process and belong to nobody.
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Schema from "effect/Schema"
import { type Algorithm, Issuer as IssuerSettings } from "../Settings.ts"
import { type Scheme, schemes } from "../token/Signature.ts"

/** A key pair that signs. */
export interface TestKey {
  readonly kid: string
  readonly algorithm: Algorithm
  /** The public half as a JWK with `kid`, `alg` and `use`. */
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** The private half, for sets that leak it. */
  readonly privateJwk: Readonly<Record<string, unknown>>
  /** Signs an ASCII text; base64url. */
  readonly sign: (signingInput: string, algorithm?: Algorithm) => Effect.Effect<string>
}

const encoder = new TextEncoder()

const generation = (
  scheme: Scheme,
  modulusLength: number
): RsaHashedKeyGenParams | EcKeyGenParams | { readonly name: string } => {
  switch (scheme._tag) {
    case "Pkcs1":
      return { name: "RSASSA-PKCS1-v1_5", hash: scheme.hash, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }
    case "Pss":
      return { name: "RSA-PSS", hash: scheme.hash, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) }
    case "Ecdsa":
      return { name: "ECDSA", namedCurve: scheme.curve }
    case "Ed25519":
      return { name: "Ed25519" }
  }
}

const signing = (scheme: Scheme): AlgorithmIdentifier | RsaPssParams | EcdsaParams =>
  scheme._tag === "Pss"
    ? { name: "RSA-PSS", saltLength: scheme.saltLength }
    : scheme._tag === "Ecdsa"
    ? { name: "ECDSA", hash: scheme.hash }
    : { name: scheme._tag === "Pkcs1" ? "RSASSA-PKCS1-v1_5" : "Ed25519" }

/** Makes a key pair. RSA keys have `modulusLength` bits (2048). */
export const makeKey = (
  algorithm: Algorithm,
  kid: string = algorithm.toLowerCase(),
  modulusLength = 2048
): Effect.Effect<TestKey> =>
  Effect.promise(async () => {
    const pair = await crypto.subtle.generateKey(generation(schemes[algorithm], modulusLength), true, [
      "sign",
      "verify"
    ])
    if (!("privateKey" in pair)) throw new TypeError("not a key pair")
    const { alg: _alg, ext: _ext, key_ops: _ops, ...material } = await crypto.subtle.exportKey("jwk", pair.privateKey)
    const { d: _d, dp: _dp, dq: _dq, p: _p, q: _q, qi: _qi, ...half } = material
    const named = { kid, alg: algorithm, use: "sig" }
    const sign = (signingInput: string, as: Algorithm = algorithm) =>
      Effect.promise(async () => {
        const scheme = schemes[as]
        // A key of one RSA algorithm can be made to sign as another, as an attacker who holds it could.
        const key = as === algorithm
          ? pair.privateKey
          : await crypto.subtle.importKey("jwk", material, generation(scheme, modulusLength), false, ["sign"])
        return Base64Url.encode(
          new Uint8Array(await crypto.subtle.sign(signing(scheme), key, encoder.encode(signingInput)))
        )
      })
    return { kid, algorithm, publicJwk: { ...half, ...named }, privateJwk: { ...material, ...named }, sign }
  })

/** One part of a token: the base64url of a text, or of the JSON of a value. */
export const part = (content: unknown): string =>
  Base64Url.encode(typeof content === "string" ? content : JSON.stringify(content))

/** Signs any header and payload; a text is taken as it is. `algorithm`: how it is signed, whatever the header says. */
export const signAnything = (
  key: TestKey,
  header: unknown,
  payload: unknown,
  algorithm?: Algorithm
): Effect.Effect<string> => {
  const signingInput = `${part(header)}.${part(payload)}`
  return Effect.map(key.sign(signingInput, algorithm), (signature) => `${signingInput}.${signature}`)
}

/** A good header for a key. */
export const headerOf = (key: TestKey) => ({ alg: key.algorithm, kid: key.kid, typ: "at+jwt" })

/** Claims of a good token, valid for five minutes from `now` (Unix seconds); `changes` may remove one with `undefined`. */
export const claimsOf = (iss: string, now: number, changes: Readonly<Record<string, unknown>> = {}) => ({
  iss,
  aud: "https://api.test",
  sub: "u-1",
  client_id: "cli",
  iat: now,
  exp: now + 300,
  jti: "t-1",
  scope: "chat",
  ...changes
})

/** An issuer with its keys. */
export interface TestIssuer {
  readonly iss: string
  readonly keys: ReadonlyArray<TestKey>
  /** The key with this `kid`, or the first. */
  readonly key: (kid?: string) => TestKey
  /** What it publishes. */
  readonly jwks: { readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>> }
  /** A token with good claims and `changes`, and the good header with `header`. */
  readonly token: (options: {
    readonly now: number
    readonly claims?: Readonly<Record<string, unknown>>
    readonly header?: Readonly<Record<string, unknown>>
    readonly kid?: string
  }) => Effect.Effect<string>
  /** Settings that trust this issuer with its set inline, audience `https://api.test`. */
  readonly settings: (more?: Readonly<Record<string, unknown>>) => IssuerSettings
}

const decodeSettings = Schema.decodeUnknownSync(IssuerSettings)

/** Makes an issuer with one key for each algorithm (ES256 alone unless said). */
export const make: (
  iss: string,
  algorithms?: ReadonlyArray<Algorithm>
) => Effect.Effect<TestIssuer> = Effect.fnUntraced(function*(iss, algorithms = ["ES256"]) {
  const host = new URL(iss).host
  const keys = yield* Effect.forEach(algorithms, (it) => makeKey(it, `${host}-${it.toLowerCase()}`))
  const key = (kid?: string): TestKey => {
    const found = kid === undefined ? keys[0] : keys.find((it) => it.kid === kid)
    if (found === undefined) throw new RangeError(`${iss} has no key ${kid}`)
    return found
  }
  const jwks = { keys: keys.map(({ publicJwk }) => publicJwk) }
  return {
    iss,
    keys,
    key,
    jwks,
    token: ({ claims, header, kid, now }) =>
      signAnything(key(kid), { ...headerOf(key(kid)), ...header }, claimsOf(iss, now, claims)),
    settings: (more) =>
      decodeSettings({ id: host, issuer: iss, audience: "https://api.test", jwks, claims: { user: "sub" }, ...more })
  }
})
