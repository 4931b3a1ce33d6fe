/**
 * One public key of a set: which members of a JWK are believed, and which keys are too weak to believe.
 *
 * A member must be meant for verifying (`use`, `key_ops`, `alg`), public, of a known type, well encoded and strong: RSA
 * modulus 2048 to 8192 bits, exponent odd and 3 to 2^32, no ROCA fingerprint (threats A11, A12, C06). What passes is
 * rebuilt from the members that name the key alone, so nothing else of the JWK reaches the cryptography.
 */
import * as Result from "effect/Result"
import type { Algorithm } from "../Settings.ts"
import { canonicalLength, decode } from "./Base64Url.ts"

/** Why a member of a set is not used. */
export type SkipReason =
  | "no_object"
  | "key_type"
  | "secret"
  | "kid"
  | "use"
  | "key_ops"
  | "algorithm"
  | "curve"
  | "encoding"
  | "modulus"
  | "exponent"
  | "roca"
  | "unusable"

/** The members that name a public key (RFC 7638), and nothing else of its JWK. */
export type PublicJwk =
  | {
    /** The family of the key. */
    readonly kty: "RSA"
    /** The modulus, as base64url (RFC 7518 §6.3.1). */
    readonly n: string
    /** The exponent, as base64url. */
    readonly e: string
  }
  | {
    /** The family of the key. */
    readonly kty: "EC"
    /** The curve (RFC 7518 §6.2.1). */
    readonly crv: string
    /** The first coordinate, as base64url. */
    readonly x: string
    /** The second coordinate, as base64url. */
    readonly y: string
  }
  | {
    /** The family of the key. */
    readonly kty: "OKP"
    /** The curve (RFC 8037 §2). */
    readonly crv: string
    /** The public key, as base64url. */
    readonly x: string
  }

/** A key that may verify signatures, with the algorithms that it may verify. */
export interface PublicKey {
  readonly kid: string | undefined
  /** Whether the key comes in a form that cannot name a `kid` (PEM), so that it stands for any. */
  readonly anyKid: boolean
  /** One algorithm when the JWK names one (RFC 8725 3.1), else every one of its family; `EdDSA` and `Ed25519` go together. */
  readonly algorithms: ReadonlyArray<Algorithm>
  readonly jwk: PublicJwk
}

const rsa: ReadonlyArray<Algorithm> = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
const edwards: ReadonlyArray<Algorithm> = ["EdDSA", "Ed25519"]

/** Algorithm and size of one coordinate in bytes, by curve (RFC 7518 3.4, 6.2.1.2). */
const curves: ReadonlyMap<unknown, readonly [Algorithm, number]> = new Map(
  [
    ["P-256", ["ES256", 32]],
    ["P-384", ["ES384", 48]],
    ["P-521", ["ES512", 66]]
  ] as const
)

/** Members that make a JWK private or secret (RFC 7518 6.2.2, 6.3.2, 6.4). */
const secrets = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

type Members = Readonly<Record<string, unknown>>

/** Octets of a base64url member when it is canonical text, else -1. */
const octets = (value: unknown): number => typeof value === "string" ? canonicalLength(value) : -1

/** The unsigned integer of a canonical base64url text (RFC 7518 section 2, Base64urlUInt); 0, which no key holds, of another. */
const integer = (text: string): bigint => {
  let hex = "0"
  for (const octet of decode(text) ?? "") hex += octet.charCodeAt(0).toString(16).padStart(2, "0")
  return BigInt(`0x${hex}`)
}

const rocaPrimes = [
  3,
  5,
  7,
  11,
  13,
  17,
  19,
  23,
  29,
  31,
  37,
  41,
  43,
  47,
  53,
  59,
  61,
  67,
  71,
  73,
  79,
  83,
  89,
  97,
  101,
  103,
  107,
  109,
  113,
  127,
  131,
  137,
  139,
  149,
  151,
  157,
  163,
  167
]

/** Whether a number below a prime is a power of 65537 modulo it. */
const isRocaPower = (rest: number, prime: number): boolean => {
  let power = 1
  do {
    if (power === rest) return true
    power = (power * 65_537) % prime
  } while (power !== 1)
  return false
}

/** Whether a modulus has the fingerprint of the broken key generator (CVE-2017-15361): such a power modulo every prime. */
export const hasRocaFingerprint = (modulus: bigint): boolean =>
  rocaPrimes.every((prime) => isRocaPower(Number(modulus % BigInt(prime)), prime))

interface Material {
  readonly algorithms: ReadonlyArray<Algorithm>
  readonly jwk: PublicJwk
}

const readRsa = ({ n, e }: Members): Result.Result<Material, SkipReason> => {
  if (typeof n !== "string" || typeof e !== "string") return Result.fail("encoding")
  const size = octets(n)
  if (size < 1 || octets(e) < 1) return Result.fail("encoding")
  // Before the text becomes a number, so that its cost is bounded; a few octets of leading zeros are tolerated.
  if (size > 1040) return Result.fail("modulus")
  if (octets(e) > 8) return Result.fail("exponent")
  const modulus = integer(n)
  const bits = modulus.toString(2).length
  if (bits < 2048 || bits > 8192 || modulus % 2n === 0n) return Result.fail("modulus")
  const exponent = integer(e)
  if (exponent < 3n || exponent > 2n ** 32n || exponent % 2n === 0n) return Result.fail("exponent")
  if (hasRocaFingerprint(modulus)) return Result.fail("roca")
  return Result.succeed({ algorithms: rsa, jwk: { kty: "RSA", n, e } })
}

const readCurve = ({ crv, x, y }: Members): Result.Result<Material, SkipReason> => {
  const curve = curves.get(crv)
  if (curve === undefined || typeof crv !== "string") return Result.fail("curve")
  const [algorithm, size] = curve
  if (typeof x !== "string" || typeof y !== "string" || octets(x) !== size || octets(y) !== size) {
    return Result.fail("encoding")
  }
  return Result.succeed({ algorithms: [algorithm], jwk: { kty: "EC", crv, x, y } })
}

const readEdwards = ({ crv, x }: Members): Result.Result<Material, SkipReason> => {
  if (crv !== "Ed25519") return Result.fail("curve")
  if (typeof x !== "string" || octets(x) !== 32) return Result.fail("encoding")
  return Result.succeed({ algorithms: edwards, jwk: { kty: "OKP", crv, x } })
}

const readMaterial = (members: Members): Result.Result<Material, SkipReason> => {
  switch (members.kty) {
    case "RSA":
      return readRsa(members)
    case "EC":
      return readCurve(members)
    case "OKP":
      return readEdwards(members)
    case "oct":
      return Result.fail("secret")
    default:
      return Result.fail("key_type")
  }
}

/** Whether `key_ops` is absent, or a list of distinct texts that has `verify` (RFC 7517 4.3). */
const mayVerify = (operations: unknown): boolean =>
  operations === undefined ||
  (Array.isArray(operations) && operations.includes("verify") && operations.every((it) => typeof it === "string") &&
    new Set(operations).size === operations.length)

/** Reads one member of a JWK set, or says why it is not used. `anyKid`: the member comes from a form without `kid`. */
export const read = (member: unknown, anyKid = false): Result.Result<PublicKey, SkipReason> => {
  if (typeof member !== "object" || member === null || Array.isArray(member)) return Result.fail("no_object")
  // A copy without prototype, so that an inherited member cannot stand for one of the JWK's own.
  const members: Members = Object.assign(Object.create(null), member)
  if (secrets.some((name) => members[name] !== undefined)) return Result.fail("secret")
  const { kid, use, alg } = members
  if (kid !== undefined && (typeof kid !== "string" || kid === "")) return Result.fail("kid")
  // SPIFFE names the use of its signing keys itself (SPIFFE JWT-SVID §4).
  if (use !== undefined && use !== "sig" && use !== "jwt-svid") return Result.fail("use")
  if (!mayVerify(members.key_ops)) return Result.fail("key_ops")
  return Result.flatMap(readMaterial(members), ({ algorithms, jwk }) => {
    const named = alg === undefined ? algorithms : algorithms.filter((it) => it === alg)
    if (named.length === 0) return Result.fail("algorithm" as const)
    return Result.succeed({ kid, anyKid, algorithms: algorithms === edwards ? edwards : named, jwk })
  })
}
