/**
 * One source of keys, kept fresh: the set in use, its age, and the fiber that
 * fetches it.
 *
 * All fetches are made by that one fiber, so there is one in flight, a caller
 * who hangs up cancels nothing, and nothing of a request travels with it. The
 * set is refreshed before its life ends, replaced as a whole, and kept when
 * what comes is no usable set; while the source fails it serves up to the stale
 * limit, then it is gone (threats C05, C07, C09). A source that has published
 * nothing but sets without a key for us does not fail: it has no key.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { ticks } from "../cache/Ticks.ts"
import { timeLimit } from "../issuer/Outbound.ts"
import type { Algorithm } from "../Settings.ts"
import type { Signature, Verify } from "../token/Signature.ts"
import { lifeOf, makeWindow, pauseAfter, refreshAfter } from "./KeyBudget.ts"
import type { KeyFleet } from "./KeyFleet.ts"
import { type KeySet, prepare, type UsableKeys } from "./KeySet.ts"
import { type KeyDocument, KeySourceFailed, type Reader, readText } from "./KeySource.ts"
import type { SavedKeys, SavedSet } from "./SavedKeys.ts"

/** One source of one issuer, and what it needs. Times in milliseconds. */
export interface SupplyOptions {
  readonly issuer: string
  readonly source: string
  readonly algorithms: ReadonlyArray<Algorithm>
  readonly life: number
  readonly stale: number
  /** Whether the set is to outlive the process, and is for other processes to use. */
  readonly durable: boolean
  /** Whether the source never changes (keys in the settings): read once, never refreshed, never stale. */
  readonly constant: boolean
  readonly read: Reader
  readonly signature: Signature["Service"]
  readonly saved: SavedKeys["Service"]
  readonly fleet: KeyFleet
  readonly by: FetchedBy
  /** Called when the usable keys are others than before. */
  readonly changed: () => void
}

/**
 * Who fetches: a fiber of the supply's own, so that no caller waits for a refresh; or the callers themselves, where
 * nothing may go on when a request is over (workerd, a Lambda). There a caller who finds the set due refreshes it before
 * it is answered, and nobody waits for what another request has begun, but looks from time to time.
 */
export type FetchedBy = "fiber" | "callers"

/** What is known about a source. Times are ticks. */
export interface SupplyState {
  readonly keys: UsableKeys | undefined
  /** When the set in use was fetched. */
  readonly fetchedAt: number | undefined
  readonly life: number
  /** When the next fetch is due; infinite for a source that never changes. */
  readonly dueAt: number
  /** Why the last fetch failed; `undefined` when it succeeded. */
  readonly lastError: string | undefined
}

export interface KeySupply {
  readonly state: () => SupplyState
  /** The keys that may be used now; `undefined` when there are none or they are too old. */
  readonly usable: (now: number) => UsableKeys | undefined
  /** Whether nothing is known yet: no set, and no fetch has ended. */
  readonly isPending: () => boolean
  /** Whether the last fetch failed; to publish a set without keys, and none with keys ever, is no failure. */
  readonly isFailing: () => boolean
  readonly isFetching: () => boolean
  /** Whether whoever asks has to refresh the set first: never where a fiber does. */
  readonly isDue: (now: number) => boolean
  /** Whether a fetch keeps the limit of the source. */
  readonly mayFetch: (now: number) => boolean
  /** Whether a fetch now would leave no pause of more than 30 s after it. */
  readonly isSpaced: (now: number) => boolean
  /** Brings the next refresh forward as far as the limit of the source lets it: somebody waits for a new key. */
  readonly advance: (now: number) => void
  /** Begins a fetch, or joins the one in flight; the inner effect waits for its end. */
  readonly begin: Effect.Effect<Effect.Effect<void>>
  /** Fetches now, or joins the fetch in flight, and waits for its end. */
  readonly fetch: Effect.Effect<void>
  /** Takes the set of another process into use when it is younger than the own one. */
  readonly adopt: Effect.Effect<void>
  /** Waits for the end of the next fetch. */
  readonly settled: Effect.Effect<void>
  /** Drops one key, or the whole set, from memory and from what is saved; one key stays dropped until `restore`. */
  readonly drop: (kid: string | undefined) => Effect.Effect<void>
  readonly isDropped: (kid: string) => boolean
  /** Forgets which keys were dropped. */
  readonly restore: () => void
}

const fetchCount = Metric.counter("jotgate_key_fetches_total", {
  description: "Fetches of key sets by issuer and result",
  incremental: true
})

/** Furthest in the future that a saved set may say it was fetched, in milliseconds: a clock may have been set back. */
const maxAhead = 300_000

const timedOut = new KeySourceFailed({ detail: `timeout: no key set within ${timeLimit} ms` })

const without = (set: KeySet, dropped: ReadonlySet<string>): KeySet =>
  dropped.size === 0
    ? set
    : {
      ...set,
      keys: set.keys.filter(({ kid }) => kid === undefined || !dropped.has(kid)),
      fingerprint: `${set.fingerprint}\n-${JSON.stringify([...dropped])}`
    }

/** How often a caller looks whether another one's fetch has ended, and for how long it believes in it. */
const lookMillis = 5
const believedMillis = timeLimit + 500

const noKeys: UsableKeys = { fingerprint: "", keys: [], skipped: [], select: () => [] }

/** Starts the supply: the saved set is in memory when this ends, the first fetch is under way if one is due. */
export const make: (options: SupplyOptions) => Effect.Effect<KeySupply, never, Scope.Scope> = Effect.fnUntraced(
  function*(options) {
    const { fleet, issuer, saved, source } = options
    const window = makeWindow()
    const dropped = new Set<string>()
    let document: KeyDocument | undefined
    let keys: UsableKeys | undefined
    let inUse: ReadonlySet<string> = new Set()
    let fetchedAt: number | undefined
    let life = options.life
    let dueAt = 0
    let ended = false
    let failures = 0
    let lastError: string | undefined
    let hadKeys = false
    let keyless = false
    let outageSince: number | undefined
    let fetchingSince: number | undefined
    /** Fetches that have ended. */
    let fetches = 0
    let wanted = false
    let wake = Deferred.makeUnsafe<void>()
    let settled = Deferred.makeUnsafe<void>()

    const isFetching = () => fetchingSince !== undefined
    const isBelieved = (now: number) => fetchingSince !== undefined && now - fetchingSince < believedMillis

    const staleAt = () =>
      options.constant || fetchedAt === undefined ? Infinity : fetchedAt + Math.max(options.stale, life)

    // There from the start: an alert on the first failure would not see a counter that begins with 1.
    if (!options.constant) {
      yield* Effect.forEach(
        ["ok", "failed"],
        (result) => Metric.update(Metric.withAttributes(fetchCount, { issuer, result }), 0),
        { discard: true }
      )
    }

    const replace = (next: UsableKeys | undefined, set?: KeySet) => {
      if (next?.fingerprint === keys?.fingerprint) return
      keys = next
      inUse = new Set(set?.keys.map(({ jwk }) => JSON.stringify(jwk)))
      options.changed()
    }

    /** A check that takes its time proves nothing when its key was dropped or removed meanwhile. */
    const signature: Signature["Service"] = {
      digest: options.signature.digest,
      importKey: (jwk, algorithm) =>
        Effect.map(options.signature.importKey(jwk, algorithm), (verify): Verify => {
          const name = JSON.stringify(jwk)
          return (signingInput, signature) => {
            const genuine = verify(signingInput, signature)
            return Exit.isExit(genuine) ? genuine : Effect.map(genuine, (it) => it && inUse.has(name))
          }
        })
    }

    /** Takes a document into use; the keys are imported anew only when they are others. */
    const use = Effect.fnUntraced(function*(next: KeyDocument) {
      const set = without(next.set, dropped)
      if (set.fingerprint !== keys?.fingerprint) {
        const prepared = yield* prepare(set, signature, options.algorithms)
        if (prepared.keys.length === 0 && dropped.size === 0) {
          return yield* Effect.fail(
            new KeySourceFailed({ detail: "no key of the set fits the algorithms of the issuer", keyless: true })
          )
        }
        replace(prepared, set)
      }
      document = next
      hadKeys = true
      keyless = false
    })

    const forget = () => {
      document = undefined
      fetchedAt = undefined
      replace(undefined)
    }

    const logged = (what: string) => (effect: Effect.Effect<void, { readonly reason: string }>) =>
      Effect.catch(
        effect,
        ({ reason }) => Effect.logWarning(`the saved keys cannot be ${what}`, { issuer, source, reason })
      )

    const save = Effect.fnUntraced(function*(text: string) {
      if (options.constant) return
      const now = yield* ticks
      const wall = yield* Clock.currentTimeMillis
      const age = now - (fetchedAt ?? now)
      const set = { issuer, source, text, fetchedAt: wall - age, life, dropped: [...dropped] }
      yield* saved.save(set, options.durable).pipe(logged("written"))
      if (options.durable) yield* fleet.save(set)
    })

    /** Takes a saved set into use unless it is too old. */
    const reuse = Effect.fnUntraced(
      function*(found: SavedSet) {
        const age = (yield* Clock.currentTimeMillis) - found.fetchedAt
        if (!(age >= -maxAhead && age < Math.max(options.stale, found.life))) return
        yield* use(yield* readText(found.text))
        life = found.life
        fetchedAt = (yield* ticks) - Math.max(age, 0)
        ended = true
        dueAt = fetchedAt + refreshAfter(life, yield* Random.next)
      },
      Effect.catch(({ detail }) => Effect.logWarning("the saved keys are not usable", { issuer, source, detail }))
    )

    const fromFleet = options.durable ? fleet.load(issuer, source) : Effect.undefined

    const load = Effect.gen(function*() {
      const own = yield* Effect.catch(
        saved.load(issuer, source),
        ({ reason }) =>
          Effect.as(Effect.logWarning("the saved keys cannot be read", { issuer, source, reason }), undefined)
      )
      const shared = yield* fromFleet
      // Also when the set is too old to be used: a dropped key stays dropped, however long the process was away.
      for (const kid of [...(own?.dropped ?? []), ...(shared?.dropped ?? [])]) dropped.add(kid)
      if (shared !== undefined && shared.fetchedAt > (own?.fetchedAt ?? -Infinity)) yield* reuse(shared)
      // One of the two may be unusable.
      if (own !== undefined && fetchedAt === undefined) yield* reuse(own)
    })

    const adopt = Effect.gen(function*() {
      const shared = options.constant || isFetching() ? undefined : yield* fromFleet
      if (shared === undefined || isFetching()) return
      const age = (yield* Clock.currentTimeMillis) - shared.fetchedAt
      if ((yield* ticks) - age > (fetchedAt ?? -Infinity)) yield* reuse(shared)
    })

    const succeed = Effect.fnUntraced(function*(next: KeyDocument, startedAt: number) {
      yield* use(next)
      fetchedAt = startedAt
      life = lifeOf(next.cacheControl, options.life)
      dueAt = startedAt + refreshAfter(life, yield* Random.next)
      if (failures > 0) yield* Effect.logInfo("the keys can be had again", { issuer, source })
      failures = 0
      lastError = undefined
      outageSince = undefined
    })

    const fail = Effect.fnUntraced(function*(detail: string, startedAt: number, isKeyless = false) {
      failures += 1
      keyless = isKeyless && !hadKeys
      lastError = detail
      outageSince ??= startedAt
      dueAt = (yield* ticks) + pauseAfter(failures, yield* Random.next)
      yield* Effect.logWarning("the keys cannot be fetched", { issuer, source, detail, failures })
    })

    const attempt = Effect.gen(function*() {
      const startedAt = yield* ticks
      wanted = false
      fetchingSince = startedAt
      window.add(startedAt)
      const result = yield* options.read(failures > 0).pipe(
        Effect.timeoutOrElse({ duration: timeLimit, orElse: () => Effect.fail(timedOut) }),
        Effect.flatMap((next) => succeed(next, startedAt)),
        Effect.as("ok"),
        Effect.catch(({ detail, keyless }) => Effect.as(fail(detail, startedAt, keyless), "failed")),
        // A defect of one source must not end its fiber: it is a failed fetch.
        Effect.catchDefect(() => Effect.as(fail("unexpected defect", startedAt), "failed"))
      )
      // Keys in the settings are not fetched.
      if (!options.constant) yield* Metric.update(Metric.withAttributes(fetchCount, { issuer, result }), 1)
      fetchingSince = undefined
      fetches += 1
      ended = true
      const waiting = settled
      settled = Deferred.makeUnsafe()
      Deferred.doneUnsafe(waiting, Effect.void)
      // After the callers went on: a slow disk is not theirs to wait for.
      if (result === "ok" && document !== undefined) yield* save(document.text)
    })

    const step = Effect.gen(function*() {
      const now = yield* ticks
      if (now >= staleAt()) {
        yield* Effect.logError("the keys are too old to be used", { issuer, source })
        forget()
      }
      const next = options.constant && ended ? Infinity : window.next(Math.max(dueAt, now), outageSince)
      if (wanted || next <= now) return yield* attempt
      const sleep = Math.ceil(Math.min(next, staleAt()) - now)
      yield* Number.isFinite(sleep) ? Effect.timeoutOption(Deferred.await(wake), sleep) : Deferred.await(wake)
    })

    if (!options.constant) yield* load
    if (options.by === "fiber") yield* Effect.forkScoped(Effect.forever(step))

    const rouse = () => {
      const sleeping = wake
      wake = Deferred.makeUnsafe()
      Deferred.doneUnsafe(sleeping, Effect.void)
    }

    const want = () => {
      wanted = !isFetching()
      rouse()
    }

    /** A caller's own fetch, or a look at that of another caller until it ends; one that never ends is taken over. */
    const inline: Effect.Effect<void> = Effect.gen(function*() {
      const before = fetches
      while (isBelieved(yield* ticks)) {
        yield* Effect.sleep(lookMillis)
        if (fetches !== before) return
      }
      yield* Effect.onInterrupt(attempt, () =>
        Effect.sync(() => {
          fetchingSince = undefined
        }))
    })
    const begin = options.by === "callers" ? Effect.succeed(inline) : Effect.sync(() => {
      want()
      return Deferred.await(settled)
    })

    return {
      state: () => ({
        keys,
        fetchedAt,
        life: options.constant ? Infinity : life,
        dueAt: options.constant ? Infinity : dueAt,
        lastError
      }),
      usable: (now) => keyless ? noKeys : now < staleAt() ? keys : undefined,
      isPending: () => !ended,
      isFailing: () => failures > 0 && !keyless,
      isFetching,
      isDue: (now) =>
        options.by === "callers" && ended && !options.constant && !isFetching() &&
        window.next(Math.max(dueAt, now), outageSince) <= now,
      mayFetch: (now) => !options.constant && window.next(now, outageSince) <= now,
      isSpaced: (now) => window.spaced(now) <= now,
      advance: (now) => {
        const soonest = window.spaced(now)
        if (options.constant || isFetching() || failures > 0 || soonest >= dueAt) return
        dueAt = soonest
        rouse()
      },
      begin,
      fetch: Effect.flatten(begin),
      adopt,
      settled: options.by === "callers" ? inline : Effect.suspend(() => Deferred.await(settled)),
      drop: Effect.fnUntraced(function*(kid) {
        if (kid !== undefined) {
          dropped.add(kid)
          if (document === undefined) return
          yield* Effect.ignore(use(document))
          return yield* save(document.text)
        }
        forget()
        ended = false
        yield* saved.remove(issuer, source).pipe(logged("removed"))
        yield* fleet.remove(issuer, source)
        want()
      }),
      isDropped: (kid) => dropped.has(kid),
      restore: () => {
        dropped.clear()
      }
    }
  }
)

/** The state of a supply as JSON-friendly figures, for operators. */
export const describe = (supply: KeySupply, now: number) => {
  const { dueAt, fetchedAt, keys, lastError, life } = supply.state()
  return {
    keys: supply.usable(now)?.keys ?? [],
    skipped: keys?.skipped.length ?? 0,
    ageSeconds: fetchedAt === undefined ? null : Math.max(0, Math.round((now - fetchedAt) / 1_000)),
    nextRefreshSeconds: Number.isFinite(dueAt) ? Math.max(0, Math.round((dueAt - now) / 1_000)) : null,
    lastError: lastError ?? null,
    stale: fetchedAt !== undefined && now - fetchedAt > life
  }
}
