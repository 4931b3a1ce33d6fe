/**
 * How we show an issuer who is asking: RFC 6749 §2.3.1 (basic, post) and
 * RFC 7523 (`private_key_jwt`).
 *
 * The secret is read when it is used, so a rotated one counts at once, and it
 * stays `Redacted` until the request leaves.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { JWK } from "jose"
import { SignJWT } from "jose/jwt/sign"
import { importJWK, importPKCS8 } from "jose/key/import"
import * as Json from "../Json.ts"
import type { Introspection } from "../Settings.ts"
import type { Secrets } from "../settings/Secrets.ts"

/** We cannot show who we are; `detail` is for the operator. */
export class CredentialsUnusable extends Data.TaggedClass("CredentialsUnusable")<{ readonly detail: string }> {}

/** What a request carries to show who is asking. */
export interface ClientCredentials {
  readonly authorization: Redacted.Redacted | undefined
  readonly form: Readonly<Record<string, string>>
}

/** How long an assertion counts, in seconds. */
const assertionLife = 60

const unusable = (detail: string) => new CredentialsUnusable({ detail })

/** `application/x-www-form-urlencoded` of one value (RFC 6749 §2.3.1). */
const formEncode = (value: string): string => new URLSearchParams([["", value]]).toString().slice(1)

/** The algorithm of a PKCS #8 key by the object identifier in it. */
const algorithmOfPem = (pem: string): string | undefined => {
  const der = Base64.decode(pem.replaceAll(/-----[^-]*-----|\s/g, ""))
  if (Result.isFailure(der)) return undefined
  const hex = Array.from(der.success.subarray(0, 48), (byte) => byte.toString(16).padStart(2, "0")).join("")
  return hex.includes("06092a864886f70d010101")
    ? "RS256"
    : hex.includes("06082a8648ce3d030107")
    ? "ES256"
    : hex.includes("06052b81040022")
    ? "ES384"
    : hex.includes("06052b81040023")
    ? "ES512"
    : hex.includes("06032b6570")
    ? "EdDSA"
    : undefined
}

const algorithmOfJwk = ({ alg, crv, kty }: JWK): string | undefined =>
  alg ?? (kty === "RSA"
    ? "RS256"
    : crv === "P-256"
    ? "ES256"
    : crv === "P-384"
    ? "ES384"
    : crv === "P-521"
    ? "ES512"
    : crv === "Ed25519"
    ? "EdDSA"
    : undefined)

/** Imports a key file: PKCS #8 in PEM, or one private JWK. */
const importKey = async (text: string) => {
  if (text.includes("-----BEGIN PRIVATE KEY-----")) {
    const algorithm = algorithmOfPem(text)
    return algorithm === undefined ? undefined : { algorithm, kid: undefined, key: await importPKCS8(text, algorithm) }
  }
  const jwk = Json.parse(text)
  if (Result.isFailure(jwk) || !Json.isObject(jwk.success)) return undefined
  const members: JWK = { ...jwk.success }
  const algorithm = algorithmOfJwk(members)
  return algorithm === undefined ? undefined : { algorithm, kid: members.kid, key: await importJWK(members, algorithm) }
}

const assertion = (secret: Redacted.Redacted, clientId: string, audience: string, time: number) =>
  Effect.tryPromise({
    try: async () => {
      const found = await importKey(Redacted.value(secret))
      if (found === undefined) return undefined
      const now = Math.floor(time / 1000)
      return await new SignJWT({
        iss: clientId,
        sub: clientId,
        aud: audience,
        iat: now,
        exp: now + assertionLife,
        jti: crypto.randomUUID()
      })
        .setProtectedHeader({ alg: found.algorithm, ...(found.kid === undefined ? {} : { kid: found.kid }) })
        .sign(found.key)
    },
    catch: () => unusable("the client key cannot sign")
  })

/** The credentials for one request. `audience`: whom an assertion is for. */
export const make: (
  settings: Introspection,
  audience: string,
  secrets: Secrets["Service"]
) => Effect.Effect<ClientCredentials, CredentialsUnusable> = Effect.fnUntraced(
  function*({ clientId, clientSecret, method }, audience, secrets) {
    const secret = yield* Effect.mapError(
      secrets.read(clientSecret),
      ({ reason, reference }) => unusable(`${reference}: ${reason}`)
    )
    switch (method) {
      case "client_secret_basic": {
        const pair = `${formEncode(clientId)}:${formEncode(Redacted.value(secret))}`
        return { authorization: Redacted.make(`Basic ${Base64.encode(pair)}`), form: {} }
      }
      case "client_secret_post":
        return { authorization: undefined, form: { client_id: clientId, client_secret: Redacted.value(secret) } }
      case "private_key_jwt": {
        const signed = yield* assertion(secret, clientId, audience, yield* Clock.currentTimeMillis)
        if (signed === undefined) {
          return yield* Effect.fail(unusable("the client key is neither PKCS #8 in PEM nor a JWK"))
        }
        return {
          authorization: undefined,
          form: {
            client_id: clientId,
            client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion: signed
          }
        }
      }
    }
  }
)
