/**
 * Signs the recorded tokens: one key pair per name, made on first use.
 *
 * `ec…` is P-256, `hmac…` a shared secret, all others RSA 2048. Nothing here is
 * careful: header and payload are signed as they stand.
 */
import { Option, Schema } from "effect"
import { constants, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import type { Scenario, Token } from "./Scenario.ts"

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const pairs = new Map<string, Pair>()
const secrets = new Map<string, Buffer>()

const pairOf = (name: string): Pair => {
  const known = pairs.get(name)
  if (known !== undefined) return known
  const pair = name.startsWith("ec")
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: 2048 })
  pairs.set(name, pair)
  return pair
}

const secretOf = (name: string): Buffer => {
  const known = secrets.get(name) ?? randomBytes(64)
  secrets.set(name, known)
  return known
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const hash = (algorithm: string): string => `sha${/\d{3}$/.exec(algorithm)?.[0] ?? "256"}`

const signatureOf = (input: string, algorithm: string, key: string): string => {
  if (key.startsWith("hmac")) return createHmac(hash(algorithm), secretOf(key)).update(input).digest("base64url")
  if (algorithm === "none") return ""
  const { privateKey, publicKey } = pairOf(key)
  if (algorithm.startsWith("HS")) {
    return createHmac(hash(algorithm), publicKey.export({ type: "spki", format: "pem" })).update(input).digest(
      "base64url"
    )
  }
  const options = key.startsWith("ec")
    ? { key: privateKey, dsaEncoding: "ieee-p1363" as const }
    : algorithm.startsWith("PS")
    ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key: privateKey }
  return sign(hash(algorithm), Buffer.from(input), options).toString("base64url")
}

/** The text of a recorded token. */
export const tokenOf = ({ header = {}, key = "main", payload, raw, tampered }: Token): string => {
  if (raw !== undefined) return raw
  const input = `${encode(header)}.${encode(payload)}`
  const signature = signatureOf(input, typeof header["alg"] === "string" ? header["alg"] : "RS256", key)
  if (tampered === undefined) return `${input}.${signature}`
  const changed = { ...(typeof payload === "object" ? payload : {}), ...tampered }
  return `${encode(header)}.${encode(changed)}.${signature}`
}

/** What the URLs of a scenario publish; a URL that is not here cannot be reached. */
export const publishedBy = ({ config, discovery = {}, jwks = {} }: Scenario): ReadonlyMap<string, string> => {
  const documents = new Map<string, string>()
  for (const [url, members] of Object.entries(jwks)) {
    documents.set(
      url,
      JSON.stringify({
        keys: members.map(({ key, kid }) => ({
          ...(key.startsWith("hmac")
            ? { kty: "oct", k: secretOf(key).toString("base64url") }
            : pairOf(key).publicKey.export({ format: "jwk" })),
          ...(typeof kid === "string" ? { kid } : {})
        }))
      })
    )
  }
  for (const [url, target] of Object.entries(discovery)) {
    documents.set(url, JSON.stringify({ issuer: issuerAt(url, config), jwks_uri: target }))
  }
  return documents
}

const Trust = Schema.Struct({
  general_settings: Schema.Struct({
    litellm_jwtauth: Schema.Struct({
      issuers: Schema.Array(Schema.Struct({
        issuer: Schema.String,
        jwks_url: Schema.optionalKey(Schema.NullOr(Schema.String))
      }))
    })
  })
})
const trustIn = Schema.decodeUnknownOption(Trust)
const Global = Schema.Struct({
  env: Schema.Struct({ JWT_PUBLIC_KEY_URL: Schema.String, JWT_ISSUER: Schema.String })
})
const globalIn = Schema.decodeUnknownOption(Global)

const isGlobal = (url: string, urls: string): boolean => urls.split(",").some((it) => it.trim() === url)

/** Whose document a URL holds: the issuer's that is configured with it; the reference does not look at the name. */
const issuerAt = (url: string, config: Scenario["config"]): string => {
  const issuers = Option.match(trustIn(config), {
    onNone: () => [],
    onSome: (it) => it.general_settings.litellm_jwtauth.issuers
  })
  const listed = issuers.find((it) =>
    (it.jwks_url ?? `${it.issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`) === url
  )
  const global = Option.getOrUndefined(globalIn(config))?.env
  return listed?.issuer ??
    (global !== undefined && isGlobal(url, global.JWT_PUBLIC_KEY_URL)
      ? global.JWT_ISSUER
      : url.replace(/\/\.well-known\/.*$/, ""))
}
