/**
 * One set of public keys, pure: from a JWK Set, PEM or X.509 text to keys that fit a token header.
 *
 * A document that is no key set, is over a limit (256 kB, 100 members) or says nothing is refused as a whole; a bad
 * member is skipped alone, with its reason (threats C03, C05, C06). A key is chosen by algorithm and `kid` as two
 * values, never one joined text (threat B04), in at most four tries (threat C10). No `kid` in the header is enough only
 * when exactly one key fits (RULES D8).
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { withSynonyms } from "../issuer/Issuer.ts"
import * as Json from "../Json.ts"
import type { Algorithm } from "../Settings.ts"
import type { PublicKey, SkipReason } from "../token/PublicKey.ts"
import * as Key from "../token/PublicKey.ts"
import type { Signature, Verify } from "../token/Signature.ts"
import * as Pem from "./Pem.ts"

/** A member that is not used; `kid` cut at 64 characters. */
export interface SkippedMember {
  readonly kid: string | null
  readonly reason: SkipReason
}

/** A parsed set. `keys` may be empty when every member was skipped: such a set must not replace one that has keys. */
export interface KeySet {
  readonly keys: ReadonlyArray<PublicKey>
  readonly skipped: ReadonlyArray<SkippedMember>
  /** Equal for two sets exactly when they hold the same usable keys in the same order. */
  readonly fingerprint: string
}

/** Why a document is no key set. */
export type KeySetRefused = "too_large" | "no_json" | "no_key_set" | "empty" | "too_many_members"

/** Most characters of a document. */
export const maxLength = 256 * 1024
/** Most members of a set. */
export const maxMembers = 100
/** Most keys tried for one token. */
export const maxTries = 4

const kidOf = (member: unknown): string | null =>
  typeof member === "object" && member !== null && "kid" in member && typeof member.kid === "string"
    ? member.kid.slice(0, 64)
    : null

const make = (members: ReadonlyArray<Result.Result<PublicKey, SkippedMember>>): KeySet => {
  const keys = members.flatMap((it) => Result.isSuccess(it) ? [it.success] : [])
  const skipped = members.flatMap((it) => Result.isFailure(it) ? [it.failure] : [])
  const byText = new Map(keys.map((key) => [JSON.stringify([key.kid ?? null, key.algorithms, key.jwk]), key]))
  return { keys: [...byText.values()], skipped, fingerprint: [...byText.keys()].join("\n") }
}

const bounded = <A>(members: ReadonlyArray<A>): Result.Result<ReadonlyArray<A>, KeySetRefused> =>
  members.length === 0
    ? Result.fail("empty")
    : members.length > maxMembers
    ? Result.fail("too_many_members")
    : Result.succeed(members)

/** Reads a parsed JWK Set (RFC 7517 section 5), for example one that stands in the configuration file. */
export const fromJson = (document: unknown): Result.Result<KeySet, KeySetRefused> =>
  typeof document !== "object" || document === null || !Object.hasOwn(document, "keys") || !("keys" in document) ||
    !Array.isArray(document.keys)
    ? Result.fail("no_key_set")
    : Result.map(
      bounded<unknown>(document.keys),
      (members) => make(members.map((it) => Result.mapError(Key.read(it), (reason) => ({ kid: kidOf(it), reason }))))
    )

/** One block: a key without `kid`, for any that a token names. */
const readBlock = (key: Pem.PemKey): Result.Result<PublicKey, SkipReason> =>
  key === "secret" ? Result.fail("secret") : key === undefined ? Result.fail("key_type") : Key.read(key, true)

const fromPem = (text: string): Result.Result<KeySet, KeySetRefused> =>
  Result.map(
    bounded(Pem.parse(text)),
    (blocks) => make(blocks.map((it) => Result.mapError(readBlock(it), (reason) => ({ kid: null, reason }))))
  )

/** Reads the text of a JWK Set, or of one or more PEM blocks (public keys and certificates). */
export const parse = (text: string): Result.Result<KeySet, KeySetRefused> => {
  if (text.length > maxLength) return Result.fail("too_large")
  if (Pem.isPem(text)) return fromPem(text)
  const document = Json.parse(text)
  return Result.isFailure(document) ? Result.fail("no_json") : fromJson(document.success)
}

/** A public key that fits one token header. */
export interface VerificationKey {
  /** The id of the key; `undefined` when it has none. */
  readonly kid: string | undefined
  /** The algorithm that it verifies. */
  readonly algorithm: string
  /** Checks a signature. */
  readonly verify: Verify
}

/** A set whose keys were imported, ready to be asked per token. */
export interface UsableKeys {
  readonly fingerprint: string
  /** The keys (none to four) that fit a token header, best first. */
  readonly select: (
    header: { readonly algorithm: string; readonly kid: string | undefined }
  ) => ReadonlyArray<VerificationKey>
  /** What is in use, for operators. */
  readonly keys: ReadonlyArray<{ readonly kid: string | null; readonly algorithms: ReadonlyArray<string> }>
  readonly skipped: ReadonlyArray<SkippedMember>
}

const none: ReadonlyArray<VerificationKey> = []

/** The keys of one algorithm. */
interface Family {
  readonly all: Array<VerificationKey>
  readonly byKid: Map<string, Array<VerificationKey>>
  readonly anyKid: Array<VerificationKey>
}

const push = <K, A>(groups: Map<K, Array<A>>, name: K, one: A): void => {
  const group = groups.get(name)
  if (group === undefined) groups.set(name, [one])
  else group.push(one)
}

const familyOf = (keys: ReadonlyArray<readonly [PublicKey, VerificationKey]>): Family => {
  const family: Family = { all: [], byKid: new Map(), anyKid: [] }
  for (const [{ anyKid }, key] of keys) {
    family.all.push(key)
    if (anyKid) family.anyKid.push(key)
    if (key.kid !== undefined) push(family.byKid, key.kid, key)
  }
  return family
}

/**
 * Imports the keys of a set for the algorithms of one issuer. A key that the cryptography refuses (a point that is not
 * on its curve) is skipped like any bad member.
 */
export const prepare: (
  set: KeySet,
  signature: Signature["Service"],
  allowed: Iterable<Algorithm>
) => Effect.Effect<UsableKeys> = Effect.fnUntraced(function*(set, signature, allowed) {
  const accepted = withSynonyms(allowed)
  const usable = new Map<string, Array<readonly [PublicKey, VerificationKey]>>()
  const keys: Array<UsableKeys["keys"][number]> = []
  const skipped = [...set.skipped]
  for (const key of set.keys) {
    const algorithms = key.algorithms.filter((it) => accepted.has(it))
    const verifiers = yield* Effect.result(Effect.forEach(algorithms, (it) => signature.importKey(key.jwk, it)))
    const kid = key.kid ?? null
    if (Result.isFailure(verifiers)) {
      skipped.push({ kid: kid?.slice(0, 64) ?? null, reason: "unusable" })
      continue
    }
    for (const [i, algorithm] of algorithms.entries()) {
      const verify = verifiers.success[i]
      if (verify !== undefined) push(usable, algorithm, [key, { kid: key.kid, algorithm, verify }] as const)
    }
    if (algorithms.length > 0) keys.push({ kid, algorithms })
  }
  const families = new Map(Array.from(usable, ([algorithm, keys]) => [algorithm, familyOf(keys)]))
  const select: UsableKeys["select"] = ({ algorithm, kid }) => {
    const family = families.get(algorithm)
    if (family === undefined) return none
    if (kid === undefined) return family.all.length === 1 ? family.all : none
    const fitting = family.byKid.get(kid) ?? family.anyKid
    return fitting.length > maxTries ? fitting.slice(0, maxTries) : fitting
  }
  return { fingerprint: set.fingerprint, keys, skipped, select }
})
