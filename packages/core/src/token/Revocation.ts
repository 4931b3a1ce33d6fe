/**
 * The deny list: by token id, by subject, by "issued before" of an issuer or a
 * subject, by key id.
 *
 * Revocation is by issuer and `jti`, never by token text (threat A15). The list
 * is held in memory; its epoch drops cached claims at once. It is the last copy
 * that counts while the place it is kept in cannot be read; before it was read
 * once, nobody is let in.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type { Claims } from "./Claims.ts"
import { IssuerUnavailable, TokenRefused } from "./Refusal.ts"
import { identityOf, RevocationRepo, RevocationsUnavailable, type Revoked } from "./RevocationRepo.ts"

export type { Revoked }

/** Most entries that may be added; a list that grows beyond is a mistake to be seen, not to be served. */
const maxEntries = 100_000

/** How often the list is read without being told to, and how often expired entries are dropped. */
const sweep = "30 seconds"

/** The entries of one issuer, each under the most telling thing that it names. */
interface Index {
  readonly jti: Map<string, Array<Revoked>>
  readonly subject: Map<string, Array<Revoked>>
  readonly kid: Map<string, Array<Revoked>>
  readonly issuedBefore: Array<Revoked>
}

const put = (map: Map<string, Array<Revoked>>, key: string, entry: Revoked) => {
  const known = map.get(key)
  if (known === undefined) map.set(key, [entry])
  else known.push(entry)
}

const indexOf = (entries: Iterable<Revoked>): ReadonlyMap<string, Index> => {
  const byIssuer = new Map<string, Index>()
  for (const entry of entries) {
    let index = byIssuer.get(entry.issuer)
    if (index === undefined) {
      byIssuer.set(entry.issuer, index = { jti: new Map(), subject: new Map(), kid: new Map(), issuedBefore: [] })
    }
    if (entry.jti !== undefined) put(index.jti, entry.jti, entry)
    else if (entry.subject !== undefined) put(index.subject, entry.subject, entry)
    else if (entry.kid !== undefined) put(index.kid, entry.kid, entry)
    else index.issuedBefore.push(entry)
  }
  return byIssuer
}

const kidOf = ({ verifiedBy }: Claims): string | undefined =>
  verifiedBy._tag === "Signature" ? verifiedBy.kid : undefined

/** Whether an entry that is in force denies these claims. A token that does not say when it was issued is an old one. */
const denies = (entry: Revoked, claims: Claims, time: number): boolean => {
  const { iat, jti, sub } = claims.payload
  return (entry.expiresAt === undefined || entry.expiresAt * 1000 > time) &&
    (entry.jti === undefined || entry.jti === jti) &&
    (entry.subject === undefined || entry.subject === sub) &&
    (entry.kid === undefined || entry.kid === kidOf(claims)) &&
    (entry.issuedBefore === undefined || typeof iat !== "number" || iat < entry.issuedBefore)
}

const find = (index: Index, claims: Claims, time: number): Revoked | undefined => {
  const { jti, sub } = claims.payload
  const kid = kidOf(claims)
  const among = (entries: ReadonlyArray<Revoked> | undefined) => entries?.find((it) => denies(it, claims, time))
  return (typeof jti === "string" ? among(index.jti.get(jti)) : undefined) ??
    (typeof sub === "string" ? among(index.subject.get(sub)) : undefined) ??
    (kid === undefined ? undefined : among(index.kid.get(kid))) ??
    among(index.issuedBefore)
}

/** The names under which an entry may know the issuer of a token. */
const namesOf = ({ issuer, payload }: Claims): ReadonlyArray<string> => [
  issuer.id,
  ...(typeof payload["iss"] === "string" ? [payload["iss"]] : issuer.iss === undefined ? [] : [issuer.iss])
]

const factsOf = ({ expiresAt, issuedBefore, issuer, jti, kid, subject }: Revoked): TokenRefused["facts"] => ({
  issuer,
  by: jti !== undefined ? "jti" : subject !== undefined ? "subject" : kid !== undefined ? "kid" : "issuedBefore",
  issuedBefore: issuedBefore ?? null,
  until: expiresAt ?? null
})

const judge = (
  byIssuer: ReadonlyMap<string, Index>,
  claims: Claims,
  time: number
): Exit.Exit<void, TokenRefused> => {
  if (byIssuer.size === 0) return Exit.void
  for (const name of namesOf(claims)) {
    const index = byIssuer.get(name)
    const entry = index === undefined ? undefined : find(index, claims, time)
    if (entry !== undefined) return Exit.fail(new TokenRefused({ reason: "revoked", facts: factsOf(entry) }))
  }
  return Exit.void
}

/** Which tokens, people and sessions were taken back. */
export class Revocation extends Context.Service<Revocation, {
  /** Refuses claims that an entry denies; an `Exit`. Unavailable until the list was read once. */
  readonly check: (claims: Claims, timeMillis: number) => Effect.Effect<void, TokenRefused | IssuerUnavailable>
  /** Changes when the list changes. */
  readonly epoch: () => number
  /** The entries in force. */
  readonly entries: Effect.Effect<ReadonlyArray<Revoked>>
  /** Adds an entry; in force here when this ends. */
  readonly add: (entry: Revoked) => Effect.Effect<void, RevocationsUnavailable>
  /** Removes the entry that denies the same; in force here when this ends. */
  readonly remove: (entry: Revoked) => Effect.Effect<void, RevocationsUnavailable>
}>()("@jotgate/core/Revocation") {
  /** Follows the list of `RevocationRepo`. */
  static readonly layer = Layer.effect(
    Revocation,
    Effect.gen(function*() {
      const repo = yield* RevocationRepo
      let byIssuer: ReadonlyMap<string, Index> | undefined
      let entries: ReadonlyArray<Revoked> = []
      let fingerprint: string | undefined
      let epoch = 0

      const load = Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const found = (yield* repo.all).filter(({ expiresAt }) => expiresAt === undefined || expiresAt * 1000 > now)
        const next = JSON.stringify(found.map((it) => [identityOf(it), it.expiresAt ?? null]).toSorted())
        if (next === fingerprint) return
        fingerprint = next
        entries = found
        byIssuer = indexOf(found)
        epoch += 1
      })
      const reload = Effect.catch(load, ({ reason }) => Effect.logError("the deny list cannot be read", { reason }))

      const changed = Latch.makeUnsafe(false)
      yield* repo.listen(() => void changed.openUnsafe())
      yield* reload
      // Once told, and every half minute: entries end, and a list that could not be read is tried again.
      yield* Effect.raceFirst(changed.await, Effect.sleep(sweep)).pipe(
        Effect.andThen(changed.close),
        Effect.andThen(reload),
        Effect.forever,
        Effect.forkScoped
      )

      return {
        check: (claims, time) =>
          byIssuer === undefined
            ? Exit.fail(
              new IssuerUnavailable({
                issuer: claims.issuer.id,
                retryAfter: 1,
                facts: { error: "the deny list was never read" }
              })
            )
            : judge(byIssuer, claims, time),
        epoch: () => epoch,
        entries: Effect.map(
          Clock.currentTimeMillis,
          (now) => entries.filter(({ expiresAt }) => expiresAt === undefined || expiresAt * 1000 > now)
        ),
        add: (entry) =>
          entries.length >= maxEntries
            ? Effect.fail(new RevocationsUnavailable({ reason: `the deny list holds ${maxEntries} entries already` }))
            : Effect.andThen(repo.add(entry), load),
        remove: (entry) => Effect.andThen(repo.remove(entry), load)
      }
    })
  )

  /** A list of its own, empty at first, gone with the process. */
  static readonly layerMemory = Revocation.layer.pipe(Layer.provide(RevocationRepo.layerMemory))

  /** Denies nothing: for compositions without a deny list. */
  static readonly layerNoop = Layer.succeed(Revocation, {
    check: () => Exit.void,
    epoch: () => 0,
    entries: Effect.succeed([]),
    add: () => Effect.fail(new RevocationsUnavailable({ reason: "there is no deny list" })),
    remove: () => Effect.void
  })
}
