/**
 * The contract of `Cache`: the same cases for every memory, whatever it
 * remembers and where.
 *
 * A case is an effect that fails when the cache breaks the contract, so that any
 * test runner can run it. What a cache answers (`answers`) holds for one that
 * remembers nothing too; what it spares whoever is asked (`remembers`) and what
 * it does while nobody answers (`outages`) are apart:
 *
 *     for (const { title, run } of CacheSuite.answers(layer)) it.live(title, () => run)
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import type { Cache } from "../cache/Cache.ts"
import type { Now } from "../Trace.ts"
import { type Case, type Cases, over, same } from "./Contract.ts"
import { type Failure, type Said, scripted } from "./ScriptedRegion.ts"

export type { Case } from "./Contract.ts"

const at = (ticks: number): Now => ({ time: 0, ticks, note: undefined })

/** How a look-up ends. */
const end = (look: Said): Effect.Effect<string> =>
  Effect.map(Effect.exit(look), (exit) =>
    Exit.match(exit, {
      onSuccess: (value) => value,
      onFailure: (cause) => cause.reasons.map((it) => it._tag === "Fail" ? it.error : it._tag).join()
    }))

const counted = (_: string, call: number): Said => Exit.succeed(String(call))

const answerCases: Cases<Cache> = {
  "an answer is that of the look-up, and no key has the answer of another": Effect.gen(function*() {
    const { region } = yield* scripted((key) => Effect.succeed(`<${key}>`))
    for (const key of ["a", "A", "a ", "a\0", "", "__proto__", "constructor", "a:b", "a\ud800"]) {
      yield* same(yield* end(region.get(key, at(0))), `<${key}>`, JSON.stringify(key))
      yield* same(yield* end(region.get(key, at(1))), `<${key}>`, `${JSON.stringify(key)} again`)
    }
  }),
  "two regions of one name do not know each other's answers": Effect.gen(function*() {
    const one = yield* scripted(() => Effect.succeed("one"))
    const other = yield* scripted(() => Effect.succeed("other"))
    yield* same(yield* end(one.region.get("a", at(0))), "one", "one")
    yield* same(yield* end(other.region.get("a", at(0))), "other", "other")
  }),
  "a failure is that of the look-up, and one without a time is not remembered": Effect.gen(function*() {
    const { calls, region } = yield* scripted((key) => Effect.fail(key === "gone" ? "absent" : "down"))
    yield* same(yield* end(region.get("gone", at(0))), "absent", "absence")
    yield* same(yield* end(region.get("broken", at(0))), "down", "outage")
    yield* same(yield* end(region.get("broken", at(0))), "down", "outage, again")
    yield* same(calls.filter((it) => it === "broken").length, 2, "it was asked twice")
  }),
  "an answer is asked for again when its time is over": Effect.gen(function*() {
    const { region } = yield* scripted(counted)
    yield* same(yield* end(region.get("a", at(0))), "1", "first")
    yield* same(yield* end(region.get("a", at(30_000))), "2", "after its time")
  }),
  "an absence is asked for again when its time is over": Effect.gen(function*() {
    const { region } = yield* scripted((_, call) => call === 1 ? Effect.fail("absent") : Effect.succeed("there"))
    yield* same(yield* end(region.get("a", at(0))), "absent", "first")
    yield* same(yield* end(region.get("a", at(2_000))), "there", "after its time")
  }),
  "what was forgotten or has expired is asked for again": Effect.gen(function*() {
    const { region } = yield* scripted(counted)
    let before = yield* end(region.get("a", at(0)))
    for (const forget of [() => region.invalidate("a"), () => region.clear(), () => region.expire()]) {
      forget()
      const after = yield* end(region.get("a", at(1)))
      yield* same(after === before, false, "another answer")
      before = after
    }
  }),
  "what was forgotten while it was looked up is not kept": Effect.gen(function*() {
    const gate = yield* Deferred.make<string, Failure>()
    const { region } = yield* scripted((_, call) => call === 1 ? Deferred.await(gate) : Effect.succeed("new"))
    const first = yield* Effect.forkChild(end(region.get("a", at(0))), { startImmediately: true })
    region.invalidate("a")
    yield* Deferred.succeed(gate, "old")
    yield* Fiber.join(first)
    yield* same(yield* end(region.get("a", at(1))), "new", "after it was forgotten")
  }),
  "a caller who goes takes nothing from those who wait with it": Effect.gen(function*() {
    const gate = yield* Deferred.make<string, Failure>()
    const { region } = yield* scripted(() => Deferred.await(gate))
    const first = yield* Effect.forkChild(region.get("a", at(0)), { startImmediately: true })
    const second = yield* Effect.forkChild(end(region.get("a", at(0))), { startImmediately: true })
    yield* Fiber.interrupt(first)
    yield* Deferred.succeed(gate, "kept")
    yield* same(yield* Fiber.join(second), "kept", "who stayed")
  }),
  "a defect of a look-up reaches who asked, and is not kept": Effect.gen(function*() {
    const { region } = yield* scripted((_, call) =>
      call === 1 ? Effect.die(new Error("broken")) : Effect.succeed("fine")
    )
    yield* same(yield* end(region.get("a", at(0))), "Die", "first")
    yield* same(yield* end(region.get("a", at(1))), "fine", "second")
  }),
  "many keys are answered in their order, each with its own end": Effect.gen(function*() {
    const { region } = yield* scripted((key) => key === "none" ? Effect.fail("absent") : Effect.succeed(`<${key}>`))
    yield* end(region.get("b", at(0)))
    const ends = yield* Effect.flatMap(region.getMany(["a", "none", "b", "a"], at(1)), Effect.forEach(end))
    yield* same(ends, ["<a>", "absent", "<b>", "<a>"], "ends")
    yield* same(yield* region.getMany([], at(1)), [], "none")
  })
}

const memoryCases: Cases<Cache> = {
  "a fresh answer is an Exit, and was looked up once": Effect.gen(function*() {
    const { calls, region } = yield* scripted((key) => Effect.succeed(key.toUpperCase()))
    yield* same(yield* end(region.get("a", at(0))), "A", "first")
    const hit = region.get("a", at(29_999))
    yield* same(Exit.isExit(hit), true, "at hand")
    yield* same(yield* end(hit), "A", "the same")
    yield* same(Exit.isExit(region.getMany(["a", "a"], at(29_999))), true, "many at hand")
    yield* same(calls, ["a"], "look-ups")
  }),
  "an absence is remembered for its own time": Effect.gen(function*() {
    const { calls, region } = yield* scripted(() => Effect.fail("absent"))
    yield* end(region.get("a", at(0)))
    yield* same(yield* end(region.get("a", at(1_999))), "absent", "again")
    yield* same(calls.length, 1, "look-ups")
  }),
  "callers of one key share one look-up": Effect.gen(function*() {
    const gate = yield* Deferred.make<string, Failure>()
    const { calls, region } = yield* scripted(() => Deferred.await(gate))
    const callers = yield* Effect.forEach(
      Array.from({ length: 50 }),
      () => Effect.forkChild(end(region.get("a", at(0))), { startImmediately: true })
    )
    yield* Deferred.succeed(gate, "shared")
    const answers = yield* Effect.forEach(callers, Fiber.join)
    yield* same([...new Set(answers)], ["shared"], "answers")
    yield* same(calls, ["a"], "look-ups")
  }),
  "it is bounded": Effect.gen(function*() {
    const { region } = yield* scripted((key) => Effect.succeed(key), { capacity: 10 })
    for (let i = 0; i < 50; i++) yield* end(region.get(String(i), at(i)))
    yield* same(region.size() <= 10, true, `holds ${region.size()}`)
  })
}

const outageCases: Cases<Cache> = {
  "threat E14: while nobody answers, what was known serves for the stated time and then fails": Effect.gen(function*() {
    const { region } = yield* scripted((_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("down"))
    yield* end(region.get("a", at(0)))
    yield* same(yield* end(region.get("a", at(31_000))), "known", "within it")
    yield* same(yield* end(region.get("a", at(89_999))), "known", "at its end")
    yield* same(yield* end(region.get("a", at(90_000))), "down", "after it")
    yield* same(yield* end(region.get("b", at(1))), "down", "what was not known")
  }),
  "an absence is no outage: it takes the place of what was known, at once": Effect.gen(function*() {
    const { region } = yield* scripted((_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("absent"))
    yield* end(region.get("a", at(0)))
    yield* same(yield* end(region.get("a", at(31_000))), "absent", "first")
    yield* same(yield* end(region.get("a", at(31_001))), "absent", "second")
  }),
  "what was forgotten does not serve in an outage": Effect.gen(function*() {
    const { region } = yield* scripted((_, call) => call === 1 ? Effect.succeed("known") : Effect.fail("down"))
    yield* end(region.get("a", at(0)))
    region.invalidate("a")
    yield* same(yield* end(region.get("a", at(1))), "down", "forgotten")
  })
}

/** What every cache answers, one that remembers nothing too. */
export const answers = <E>(cache: Layer.Layer<Cache, E>): ReadonlyArray<Case> => over(answerCases, () => cache)

/** What a cache that remembers spares those who are asked. */
export const remembers = <E>(cache: Layer.Layer<Cache, E>): ReadonlyArray<Case> => over(memoryCases, () => cache)

/** What a cache that remembers does while nobody answers. */
export const outages = <E>(cache: Layer.Layer<Cache, E>): ReadonlyArray<Case> => over(outageCases, () => cache)
