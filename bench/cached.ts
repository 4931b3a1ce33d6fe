/**
 * A token that was verified before: against fast-jwt's own cache and against the
 * floor, and what remembering tokens and decisions costs in memory.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { ClaimExtractor } from "@jotgate/core/ClaimExtractor"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { Rules } from "@jotgate/core/Rules"
import { Signature } from "@jotgate/core/Signature"
import { CoreTest, Issuer } from "@jotgate/core/testing"
import { Token } from "@jotgate/core/Token"
import * as VerifiedTokens from "@jotgate/core/VerifiedTokens"
import { Forgetting } from "@jotgate/store"
import { Effect, Exit, Layer, ManagedRuntime } from "effect"
import { createVerifier } from "fast-jwt"
import { hash } from "node:crypto"
import * as CachedRepos from "../packages/store/src/remember/CachedRepos.ts"
import { figure, type Pair, report } from "./Measure.ts"
import { publicKeyOf } from "./RawCheck.ts"

const seconds = 1_781_823_070
const now = { time: seconds * 1000, ticks: 0, note: undefined }
const TOKENS = 10_000

const groups = Array.from({ length: 10 }, (_, i) => `team-${i}`)
const world: CoreTest.World = {
  cache: { tokens: TOKENS },
  rows: { users: [CoreTest.user("u-1")], teams: groups.map((id) => CoreTest.team(id, { models: ["gpt-4o"] })) }
}
const settings = CoreTest.settingsOf(world)
const issuer = await Effect.runPromise(Issuer.make("https://idp.test", ["RS256", "ES256"]))

const outside = Layer.mergeAll(
  NodeSignature.layer,
  Layer.succeed(OpaqueToken, { verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} })) }),
  Revocation.layerNoop,
  ClaimsPolicy.layerNone,
  RequestPolicy.layerNone,
  Issuers.layer(settings.issuers)
)
const rows = CachedRepos.layer({ rows: 30_000, staleRows: 60_000, announced: true }).pipe(
  Layer.provideMerge(MemoryDirectory.layerRepos(world.rows)),
  Layer.provide([Cache.layer, Forgetting.layerLocal])
)
const keys = KeyStore.layerMemory({ idp: issuer.jwks }).pipe(Layer.provideMerge(outside))
const runtime = ManagedRuntime.make(
  Layer.mergeAll(AuthBuilder.layerFor(settings), Token.layer, ClaimExtractor.layer, Rules.layer(settings)).pipe(
    Layer.provideMerge(keys),
    Layer.provide(rows)
  )
)

const verified = await runtime.runPromise(Effect.gen(function*() {
  return VerifiedTokens.make({
    signature: yield* Signature,
    token: yield* Token,
    extractor: yield* ClaimExtractor,
    keys: yield* KeyStore,
    revocation: yield* Revocation,
    policy: yield* Rules
  }, TOKENS)
}))

const tokenOf = (kid: string | undefined, jti: number) =>
  Effect.runPromise(issuer.token({
    now: seconds,
    ...(kid === undefined ? {} : { kid }),
    header: { typ: "JWT" },
    claims: { aud: "gate", uid: "u-1", email: "u1@acme.test", groups, jti: `token-${jti}` }
  }))

const [rsa] = issuer.keys
const token = await tokenOf(rsa?.kid, 0)
if (rsa === undefined || !Exit.isSuccess(Effect.runSyncExit(verified(token, now)))) throw new Error("not verified")
const recalled = () => verified(token, now)
const floor = new Map([[hash("sha256", token, "binary"), true]])
const fast = createVerifier({
  key: publicKeyOf(rsa).export({ type: "spki", format: "pem" }).toString(),
  cache: true,
  clockTimestamp: seconds * 1000
})

const pairs: ReadonlyArray<Pair> = [
  { name: "cached verification of itself (noise)", ratio: 0, candidate: recalled, baseline: recalled },
  {
    name: "cached verification of fast-jwt's cached verification",
    ratio: 1.3,
    candidate: recalled,
    baseline: () => fast(token)
  },
  {
    name: "cached verification of SHA-256 and a map",
    ratio: 0.6,
    candidate: recalled,
    baseline: () => floor.get(hash("sha256", token, "binary"))
  }
]

const megabytes = (): number => {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1024 ** 2
}

/** What remains in memory of tokens that were each asked with `times` times. */
const remaining = async (times: number): Promise<number> => {
  const auth = await ManagedRuntime.make(
    AuthBuilder.layerFor(settings).pipe(Layer.provide(keys), Layer.provide(rows))
  ).runPromise(AuthBuilder)
  const kid = issuer.keys[1]?.kid
  const ask = async (jti: number): Promise<void> => {
    const asked = CoreTest.askedOf({ model: "gpt-4o" }, await tokenOf(kid, jti))
    for (let i = 0; i < times; i++) await Effect.runPromise(auth.decide(asked, now))
  }
  for (let jti = 0; jti < 200; jti++) await ask(jti)
  const before = megabytes()
  for (let jti = 200; jti < TOKENS; jti++) await ask(jti)
  const after = megabytes()
  await Effect.runPromise(auth.decide(CoreTest.askedOf({ model: "gpt-4o" }, token), now))
  return (after - before) * TOKENS / (TOKENS - 200)
}

if (import.meta.main) {
  for (const pair of pairs) report(pair)
  figure(await remaining(1), "MB", `${TOKENS} remembered tokens of 10 groups`, 40)
  figure(await remaining(3), "MB", `${TOKENS} remembered tokens with a remembered decision each`, 40)
  process.exit()
}
