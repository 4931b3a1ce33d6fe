/**
 * The memory tier of `Cache`: one bounded map per region.
 *
 * Eviction gives an entry that was used since the last round a second chance,
 * which costs a hit nothing but a flag. A flight runs in the scope of the cache,
 * so that an interrupted first caller takes nothing from those who wait with
 * it. Forgetting an entry detaches its flight: those who wait get the answer,
 * the map does not.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Now } from "../Trace.ts"
import type { CacheRegion, CacheTier, RegionOptions } from "./CacheRegion.ts"
import { Oldest } from "./Oldest.ts"
import { isFresh, type Kept, type ReadLog } from "./Reads.ts"

interface Entry<A, E> extends Kept {
  answer: Exit.Exit<A, E> | undefined
  flight: Deferred.Deferred<A, E> | undefined
}

/** Makes a wait interruptible again: nothing else of a flight's start may be cut off between promise and launch. */
type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Milliseconds between two attempts while a stale answer is being served. */
const RETRY_PAUSE = 1_000

/** How many entries one insertion may spare, so that no insertion walks the whole map. */
const SECOND_CHANCES = 16

const isAnswer = <A, E>(looked: Effect.Effect<A, E>): looked is Exit.Exit<A, E> => Exit.isExit(looked)

/** Makes one region; its flights run in `scope`, and what it knew and what not goes to `reads`. */
export const make = <K, A, E>(
  options: RegionOptions<K, A, E>,
  scope: Scope.Scope,
  tier: CacheTier | undefined,
  reads: ReadLog
): CacheRegion<K, A, E> => {
  const entries = new Map<string, Entry<A, E>>()
  const shared = tier === undefined ? undefined : options.shared
  // How old a text of the second tier is, is told by another process: too roughly to go on from there.
  const unchanged = shared === undefined ? options.unchanged : undefined
  const stats = { hits: 0, misses: 0, stale: 0, evictions: 0 }
  /** Texts of the second tier that are older than this are not believed: everything was forgotten then. */
  let believedFrom = Number.NEGATIVE_INFINITY
  let cleared = false

  const oldest = new Oldest(entries)

  const evict = () => {
    for (let chances = SECOND_CHANCES;; chances--) {
      const next = oldest.next()
      if (next === undefined) return
      const [name, entry] = next
      entries.delete(name)
      if (!entry.used || chances === 0) {
        stats.evictions++
        return forget(entry)
      }
      entry.used = false
      reads.changed()
      entries.set(name, entry)
    }
  }

  const insert = (name: string): Entry<A, E> => {
    if (entries.size >= options.capacity) evict()
    else oldest.rest()
    const entry: Entry<A, E> = {
      answer: undefined,
      freshUntil: 0,
      staleUntil: 0,
      life: 0,
      used: false,
      unchanged,
      flight: undefined
    }
    entries.set(name, entry)
    return entry
  }

  const drop = (name: string, entry: Entry<A, E>) => {
    if (entries.get(name) === entry) entries.delete(name)
  }

  const keep = (
    name: string,
    entry: Entry<A, E>,
    answer: Exit.Exit<A, E>,
    from: number,
    life: number,
    stale: number
  ) => {
    if (!(life > 0)) return drop(name, entry)
    // What has ended stands for nobody any more.
    if (entry.answer !== undefined && from < entry.freshUntil) reads.changed()
    entry.answer = answer
    entry.freshUntil = from + life
    entry.life = life
    entry.staleUntil = entry.freshUntil + stale
  }

  /** What goes on to be served while the look-up does not answer. */
  const staleOf = (entry: Entry<A, E>, error: E, from: number): Exit.Exit<A, E> | undefined => {
    const known = entry.answer
    if (known === undefined || !Exit.isSuccess(known) || !(from < entry.staleUntil)) return undefined
    if (options.isOutage?.(error) !== true) return undefined
    stats.stale++
    return known
  }

  /** The outage of what was known to fail; `undefined` where nothing is known. */
  const doubtOf = (entry: Entry<A, E>, outage: E, from: number): Exit.Exit<A, E> | undefined => {
    const known = entry.answer
    if (options.doubted === undefined || known === undefined || Exit.isSuccess(known)) return undefined
    if (!(from < entry.staleUntil) || options.isOutage?.(outage) !== true) return undefined
    const error = Exit.findErrorOption(known)
    return Option.isSome(error) ? Exit.fail(options.doubted(outage, error.value)) : undefined
  }

  /** Remembers the outcome of a look-up that began at `from`, and says what its callers get. */
  const settle = (name: string, entry: Entry<A, E>, outcome: Exit.Exit<A, E>, from: number): Exit.Exit<A, E> => {
    entry.flight = undefined
    if (Exit.isSuccess(outcome)) {
      const life = options.timeToLive({ _tag: "Success", value: outcome.value })
      keep(name, entry, outcome, from, life, options.staleOnError ?? 0)
      return outcome
    }
    const error = Exit.findErrorOption(outcome)
    if (Option.isNone(error)) {
      if (entry.answer === undefined) drop(name, entry)
      return outcome
    }
    const known = staleOf(entry, error.value, from)
    if (known !== undefined) {
      entry.freshUntil = Math.min(entry.staleUntil, from + RETRY_PAUSE)
      entry.life = Number.NaN
      return known
    }
    const doubted = doubtOf(entry, error.value, from)
    if (doubted !== undefined) return doubted
    const life = options.timeToLive({ _tag: "Failure", error: error.value })
    keep(name, entry, outcome, from, life, options.doubted === undefined ? 0 : options.staleOnError ?? 0)
    return outcome
  }

  const tierKey = (name: string) => `${options.name}:${name}`

  const fromTier = (
    name: string,
    key: K,
    now: Now
  ): Effect.Effect<{ readonly value: A; readonly age: number } | undefined> =>
    tier === undefined || shared === undefined
      ? Effect.undefined
      : Effect.map(tier.get(tierKey(name)), (found) => {
        if (found === undefined || now.ticks - found.age < believedFrom) return undefined
        const value = shared.decode(found.text, key)
        return value === undefined ? undefined : { value, age: Math.max(0, found.age) }
      })

  const toTier = (name: string, key: K, entry: Entry<A, E>, outcome: Exit.Exit<A, E>): Effect.Effect<void> => {
    if (tier === undefined || shared === undefined || !Exit.isSuccess(outcome) || entries.get(name) !== entry) {
      return Effect.void
    }
    const life = options.timeToLive({ _tag: "Success", value: outcome.value })
    return life > 0 ? tier.set(tierKey(name), shared.encode(outcome.value, key), life) : Effect.void
  }

  const land = (
    name: string,
    entry: Entry<A, E>,
    flight: Deferred.Deferred<A, E>,
    outcome: Exit.Exit<A, E>,
    from: number
  ) => {
    if (entry.flight === flight) return Deferred.doneUnsafe(flight, settle(name, entry, outcome, from))
    // Detached by forgetting or doubt: nothing of it is kept, but an outage is still one.
    const error = Exit.isFailure(outcome) ? Exit.findErrorOption(outcome) : Option.none()
    return Deferred.doneUnsafe(
      flight,
      (Option.isSome(error) ? staleOf(entry, error.value, from) ?? doubtOf(entry, error.value, from) : undefined) ??
        outcome
    )
  }

  /** Runs one look-up in the cache's own scope. */
  const fly = (name: string, key: K, entry: Entry<A, E>, now: Now, restore: Restore): Effect.Effect<A, E> => {
    const flight = Deferred.makeUnsafe<A, E>()
    entry.flight = flight
    const run = Effect.flatMap(fromTier(name, key, now), (found) =>
      found === undefined
        ? options.lookup(key).pipe(
          Effect.onExit((outcome) => Effect.sync(() => land(name, entry, flight, outcome, now.ticks))),
          Effect.exit,
          Effect.flatMap((outcome) => toTier(name, key, entry, outcome))
        )
        : Effect.sync(() => land(name, entry, flight, Exit.succeed(found.value), now.ticks - found.age)))
    return launch(run, [flight], restore(Deferred.await(flight)))
  }

  /** Starts a flight; whatever ends it early, the end of the cache included, reaches those who wait. */
  const launch = <B, E2>(
    run: Effect.Effect<void>,
    flights: ReadonlyArray<Deferred.Deferred<A, E>>,
    wait: Effect.Effect<B, E2>
  ): Effect.Effect<B, E2> =>
    Effect.flatMap(Effect.forkIn(run, scope, { startImmediately: true }), (fiber) => {
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) return
        for (const flight of flights) Deferred.doneUnsafe(flight, Exit.failCause(exit.cause))
      })
      return wait
    })

  const fresh = (entry: Entry<A, E>, now: Now): boolean => entry.answer !== undefined && isFresh(entry, now.ticks)

  const begin = (now: Now) => {
    if (!cleared) return
    cleared = false
    believedFrom = now.ticks
  }

  /** The answer that is at hand after all, the flight that is under way, or a new one. */
  const join = (name: string, key: K, now: Now, restore: Restore): Effect.Effect<A, E> => {
    const entry = entries.get(name) ?? insert(name)
    if (entry.answer !== undefined && fresh(entry, now)) return entry.answer
    return entry.flight !== undefined ? restore(Deferred.await(entry.flight)) : fly(name, key, entry, now, restore)
  }

  /** Remembers an answer that was there at once: from then on it is read from memory like any other, unless it is not kept. */
  const learn = (name: string, entry: Entry<A, E>, outcome: Exit.Exit<A, E>, now: Now): Exit.Exit<A, E> => {
    const answer = settle(name, entry, outcome, now.ticks)
    if (entry.answer === answer && fresh(entry, now)) reads.hit(entry)
    else reads.miss()
    return answer
  }

  const get = (key: K, now: Now): Effect.Effect<A, E> => {
    const name = options.key(key)
    const entry = entries.get(name)
    if (entry !== undefined && entry.answer !== undefined && isFresh(entry, now.ticks)) {
      entry.used = true
      stats.hits++
      reads.hit(entry)
      return entry.answer
    }
    stats.misses++
    begin(now)
    if (shared === undefined && entry?.flight === undefined) {
      const looked = options.lookup(key)
      // A look-up that has its answer at once (a directory in memory) needs no flight.
      if (isAnswer(looked)) return learn(name, entry ?? insert(name), looked, now)
    }
    reads.miss()
    return Effect.uninterruptibleMask((restore) => join(name, key, now, restore))
  }

  const flyMany = (
    wanted: ReadonlyArray<{ readonly name: string; readonly key: K }>,
    now: Now,
    lookupMany: NonNullable<RegionOptions<K, A, E>["lookupMany"]>,
    restore: Restore
  ): Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>> => {
    const waits: Array<Effect.Effect<A, E>> = []
    const missing: Array<{ name: string; key: K; entry: Entry<A, E>; flight: Deferred.Deferred<A, E> }> = []
    for (const { key, name } of wanted) {
      const entry = entries.get(name) ?? insert(name)
      if (entry.answer !== undefined && fresh(entry, now)) waits.push(entry.answer)
      else {
        if (entry.flight === undefined) {
          entry.flight = Deferred.makeUnsafe<A, E>()
          missing.push({ name, key, entry, flight: entry.flight })
        }
        waits.push(Deferred.await(entry.flight))
      }
    }
    const wait = restore(Effect.forEach(waits, Effect.exit))
    if (missing.length === 0) return wait
    const run = Effect.gen(function*() {
      const asked: Array<(typeof missing)[number]> = []
      const found = yield* Effect.forEach(missing, (it) => fromTier(it.name, it.key, now), { concurrency: "unbounded" })
      missing.forEach((it, index) => {
        const hit = found[index]
        if (hit === undefined) asked.push(it)
        else land(it.name, it.entry, it.flight, Exit.succeed(hit.value), now.ticks - hit.age)
      })
      if (asked.length === 0) return
      const outcome = yield* Effect.exit(lookupMany(asked.map((it) => it.key)))
      const answerOf = (index: number): Exit.Exit<A, E> =>
        Exit.isFailure(outcome)
          ? Exit.failCause(outcome.cause)
          : outcome.value[index] ?? Exit.die(`${options.name}: a look-up left a key out`)
      asked.forEach((it, index) => land(it.name, it.entry, it.flight, answerOf(index), now.ticks))
      if (Exit.isSuccess(outcome)) {
        yield* Effect.forEach(asked, (it, index) => toTier(it.name, it.key, it.entry, answerOf(index)), {
          discard: true
        })
      }
    })
    return launch(run, missing.map((it) => it.flight), wait)
  }

  /** The answers of look-ups that have them at once; nothing when one has to be waited for. */
  const manyAtOnce = (
    keys: ReadonlyArray<K>,
    now: Now,
    lookupMany: NonNullable<RegionOptions<K, A, E>["lookupMany"]>
  ): ReadonlyArray<Exit.Exit<A, E>> | undefined => {
    if (shared !== undefined) return undefined
    const answers = new Map<string, Exit.Exit<A, E>>()
    const missing = new Map<string, K>()
    for (const key of keys) {
      const name = options.key(key)
      const entry = entries.get(name)
      if (entry?.flight !== undefined) return undefined
      if (entry?.answer !== undefined && fresh(entry, now)) {
        reads.hit(entry)
        answers.set(name, entry.answer)
      } else missing.set(name, key)
    }
    const looked = lookupMany([...missing.values()])
    if (!isAnswer(looked)) return undefined
    let at = 0
    for (const name of missing.keys()) {
      const outcome: Exit.Exit<A, E> = Exit.isFailure(looked)
        ? Exit.failCause(looked.cause)
        : looked.value[at++] ?? Exit.die(`${options.name}: a look-up left a key out`)
      answers.set(name, learn(name, entries.get(name) ?? insert(name), outcome, now))
    }
    return keys.flatMap((key) => answers.get(options.key(key)) ?? [])
  }

  const getMany = (keys: ReadonlyArray<K>, now: Now): Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>> => {
    const answers: Array<Exit.Exit<A, E>> = []
    for (const key of keys) {
      const entry = entries.get(options.key(key))
      if (entry === undefined || entry.answer === undefined || !isFresh(entry, now.ticks)) break
      entry.used = true
      reads.hit(entry)
      answers.push(entry.answer)
    }
    stats.hits += answers.length
    if (answers.length === keys.length) return Exit.succeed(answers)
    stats.misses += keys.length - answers.length
    begin(now)
    const { lookupMany } = options
    if (lookupMany === undefined) return Effect.forEach(keys, (key) => Effect.exit(get(key, now)))
    const rest = manyAtOnce(keys.slice(answers.length), now, lookupMany)
    if (rest !== undefined) return Exit.succeed(answers.concat(rest))
    reads.miss()
    return Effect.uninterruptibleMask((restore) =>
      flyMany(keys.map((key) => ({ name: options.key(key), key })), now, lookupMany, restore)
    )
  }

  const forget = (entry: Entry<A, E>) => {
    reads.changed()
    entry.answer = undefined
    entry.flight = undefined
  }

  return {
    get,
    getMany,
    invalidate: (key) => {
      const name = options.key(key)
      const entry = entries.get(name)
      if (entry !== undefined) {
        entries.delete(name)
        forget(entry)
      }
      if (tier !== undefined && shared !== undefined) Effect.runFork(tier.remove([tierKey(name)]))
    },
    clear: () => {
      for (const entry of entries.values()) forget(entry)
      entries.clear()
      cleared = true
    },
    expire: () => {
      for (const entry of entries.values()) {
        entry.freshUntil = Number.NEGATIVE_INFINITY
        entry.flight = undefined
      }
      reads.changed()
      cleared = true
    },
    size: () => entries.size,
    stats: () => ({ ...stats })
  }
}
