import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as VerifiedTokens from "../../src/decision/VerifiedTokens.ts"
import { ClaimExtractor } from "../../src/identity/ClaimExtractor.ts"
import * as Issuer from "../../src/issuer/Issuer.ts"
import { Policy } from "../../src/rules/Policy.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import type { Claims } from "../../src/token/Claims.ts"
import { IssuerUnavailable, type RefusalReason, TokenRefused } from "../../src/token/Refusal.ts"

const settings = CoreTest.settingsOf({})
const [first] = settings.issuers
if (first === undefined) throw new RangeError("no issuer")
const profile = Issuer.compile(first)

const claimsOf = (more: Partial<Claims> = {}): Claims => ({
  issuer: profile,
  payload: { uid: "u-1" },
  expiresAt: 600_000,
  verifiedBy: { _tag: "Signature", algorithm: "ES256", kid: undefined },
  ...more
})

/** A memory over doubles that count, and the knobs of what it rests on. */
const memory = Effect.fnUntraced(function*(capacity: number, more: Partial<Claims> = {}) {
  const extractor = yield* ClaimExtractor
  const world = {
    verified: 0,
    keyEpoch: 0,
    revocationEpoch: 0,
    revoked: false,
    refusal: undefined as RefusalReason | "outage" | undefined
  }
  const remember = VerifiedTokens.make({
    policy: new Policy(settings),
    extractor,
    signature: { digest: (text) => Exit.succeed(`digest of ${text}`), importKey: () => Effect.die("not asked") },
    token: {
      verify: () => {
        world.verified++
        return world.refusal === "outage"
          ? Exit.fail(new IssuerUnavailable({ issuer: "idp", retryAfter: 1, facts: {} }))
          : world.refusal !== undefined
          ? Exit.fail(new TokenRefused({ reason: world.refusal, facts: { issuer: "idp" } }))
          : Exit.succeed(claimsOf(more))
      }
    },
    keys: { epoch: () => world.keyEpoch },
    revocation: {
      epoch: () => world.revocationEpoch,
      check: () => world.revoked ? Exit.fail(new TokenRefused({ reason: "revoked", facts: {} })) : Exit.void,
      entries: Effect.succeed([]),
      add: () => Effect.die("not asked"),
      remove: () => Effect.die("not asked")
    }
  }, capacity)
  /** Asks at a second; time and ticks go together unless said. */
  const ask = (seconds: number, token = "t", time = seconds * 1_000) =>
    Effect.exit(remember(token, { time, ticks: seconds * 1_000, note: undefined }))
  return { world, ask, remember }
}, Effect.provide(ClaimExtractor.layer))

describe("verified tokens", () => {
  it.effect("are remembered, by the digest of the whole token, and answered as an Exit", () =>
    Effect.gen(function*() {
      const { ask, remember, world } = yield* memory(10)
      yield* ask(0)
      yield* ask(1)
      assert.strictEqual(world.verified, 1)
      assert.isTrue(Exit.isExit(remember("t", { time: 2_000, ticks: 2_000, note: undefined })))
      yield* ask(1, "t2")
      assert.strictEqual(world.verified, 2)
    }))

  it.effect("are verified anew after 60 s, and at once after their end, by whichever clock says so first", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10)
      yield* ask(0)
      yield* ask(59.9)
      assert.strictEqual(world.verified, 1)
      yield* ask(60)
      assert.strictEqual(world.verified, 2)
      const short = yield* memory(10, { expiresAt: 10_000 })
      yield* short.ask(0)
      yield* short.ask(59, "t", 59_000)
      assert.strictEqual(short.world.verified, 1, "the skew is still running")
      const step = yield* memory(10, { expiresAt: 10_000 })
      yield* step.ask(0)
      yield* step.ask(1, "t", 70_000)
      assert.strictEqual(step.world.verified, 2, "the wall clock stepped past the end")
      const back = yield* memory(10, { expiresAt: -50_000 })
      yield* back.ask(0)
      yield* back.ask(11, "t", -1_000)
      assert.strictEqual(back.world.verified, 2, "a wall clock that stepped back lengthens no life")
    }))

  it.effect("a token that is verified anew is known: what is decided about it is worth remembering at once", () =>
    Effect.gen(function*() {
      const { ask } = yield* memory(10)
      const isFirst = (seconds: number, token: string) =>
        Effect.map(Effect.flatten(ask(seconds, token)), ({ decisions }) => decisions.isFirst())
      assert.isTrue(yield* isFirst(0, "t"))
      assert.isFalse(yield* isFirst(60, "t"))
      assert.isTrue(yield* isFirst(60, "another"))
    }))

  it.effect("are a miss when the key set of their issuer or the deny list changed", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10)
      yield* ask(0)
      world.keyEpoch++
      yield* ask(1)
      assert.strictEqual(world.verified, 2)
      world.revocationEpoch++
      world.revoked = true
      const revoked = yield* ask(2)
      assert.strictEqual(world.verified, 3)
      assert.isTrue(Exit.isFailure(revoked))
      world.revoked = false
      yield* ask(3)
      assert.strictEqual(world.verified, 4, "a revoked token was not kept")
    }))

  it.effect("are bounded: the oldest goes first; 0 remembers nothing", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(2)
      for (const token of ["a", "b", "c"]) yield* ask(0, token)
      yield* ask(1, "c")
      yield* ask(1, "b")
      assert.strictEqual(world.verified, 3)
      yield* ask(1, "a")
      assert.strictEqual(world.verified, 4)
      const none = yield* memory(0)
      yield* none.ask(0)
      yield* none.ask(0)
      assert.strictEqual(none.world.verified, 2)
    }))

  it.effect("answers about opaque tokens are not kept here", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10, { verifiedBy: { _tag: "Introspection" } })
      yield* ask(0)
      yield* ask(0)
      assert.strictEqual(world.verified, 2)
    }))
})

describe("refusals", () => {
  it.effect("a bad signature is remembered for 5 s, no other refusal and no outage is", () =>
    Effect.gen(function*() {
      for (
        const [refusal, at4, at5] of [["signature", 1, 2], ["unknown_key", 2, 3], ["expired", 2, 3], [
          "outage",
          2,
          3
        ]] as const
      ) {
        const { ask, world } = yield* memory(10)
        world.refusal = refusal
        yield* ask(0)
        const again = yield* ask(4.9)
        assert.isTrue(Exit.isFailure(again))
        assert.strictEqual(world.verified, at4, refusal)
        yield* ask(5)
        assert.strictEqual(world.verified, at5, refusal)
      }
    }))

  it.effect("a flood of bad signatures forgets no good token, and never more than 1 000 are kept", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10)
      yield* ask(0, "good")
      world.refusal = "signature"
      for (let i = 0; i < 1_001; i++) yield* ask(0, `bad ${i}`)
      const before = world.verified
      assert.isTrue(Exit.isSuccess(yield* ask(1, "good")))
      yield* ask(1, "bad 1000")
      assert.strictEqual(world.verified, before)
      yield* ask(1, "bad 0")
      assert.strictEqual(world.verified, before + 1)
    }))

  it.effect("a bad signature is not remembered past a change of its issuer's keys", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10)
      world.refusal = "signature"
      yield* ask(0)
      world.refusal = undefined
      assert.isTrue(Exit.isFailure(yield* ask(1)))
      world.keyEpoch++
      assert.isTrue(Exit.isSuccess(yield* ask(2)))
    }))

  it.effect("are verified anew when the wall clock was set back: a token may not have begun then", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10)
      yield* ask(100)
      yield* ask(101, "t", 99_000)
      assert.strictEqual(world.verified, 2)
    }))

  it.effect("are held within a bound in bytes: long tokens push out the oldest", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(10_000)
      const long = (at: number) => `${at} ${"x".repeat(16_000)}`
      for (let at = 0; at < 3_000; at++) yield* ask(0, long(at))
      assert.strictEqual(world.verified, 3_000)
      yield* ask(0, long(2_999))
      yield* ask(0, long(1_500))
      assert.strictEqual(world.verified, 3_000, "the last ones are remembered")
      yield* ask(0, long(0))
      assert.strictEqual(world.verified, 3_001, "the first ones are not")
    }))

  it.effect("that have ended make room before any other", () =>
    Effect.gen(function*() {
      const { ask, world } = yield* memory(3, { expiresAt: 30_000 })
      yield* ask(0, "a")
      yield* ask(1, "b")
      // Both have ended by now; the sweep has found them when the third and the fourth come.
      yield* ask(100, "c", 20_000)
      yield* ask(100, "d", 20_000)
      yield* ask(100, "e", 20_000)
      yield* ask(100, "c", 20_000)
      assert.strictEqual(world.verified, 5)
    }))

  it.effect("that have ended go although nobody asks any more", () =>
    Effect.gen(function*() {
      vi.useFakeTimers({ toFake: ["setTimeout", "performance"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.useRealTimers()))
      const { ask, world } = yield* memory(3, { expiresAt: 30_000 })
      yield* ask(0)
      yield* ask(1)
      assert.strictEqual(world.verified, 1)
      vi.advanceTimersByTime(200_000)
      // It is gone: asked as if no time had passed, it would still be remembered.
      yield* ask(1)
      assert.strictEqual(world.verified, 2)
    }))
})
