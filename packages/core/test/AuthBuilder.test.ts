/** The seams of the pipeline: what can be replaced alone, what must be there, and which errors can come out. */
// What must not compile here is wrong on purpose.
// @effect-diagnostics missingEffectError:off missingEffectContext:off missingLayerContext:off
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { AuthBuilder } from "../src/AuthBuilder.ts"
import { Cache } from "../src/cache/Cache.ts"
import type { Allowed } from "../src/Decision.ts"
import { RequestPolicy } from "../src/decision/RequestPolicy.ts"
import {
  type DirectoryUnavailable,
  RowAmbiguous,
  RowNotFound,
  type Team,
  type User,
  UserId
} from "../src/directory/Directory.ts"
import { MemoryDirectory } from "../src/directory/MemoryDirectory.ts"
import { OrganizationRepo } from "../src/directory/OrganizationRepo.ts"
import { Provisioner } from "../src/directory/Provisioner.ts"
import { TeamRepo } from "../src/directory/TeamRepo.ts"
import { UserRepo } from "../src/directory/UserRepo.ts"
import type { BadRequest, BudgetExceeded, Forbidden, NotFound, Unauthenticated, Unavailable } from "../src/Errors.ts"
import type { Identity } from "../src/Identity.ts"
import { ClaimExtractor } from "../src/identity/ClaimExtractor.ts"
import { Issuers } from "../src/issuer/Issuer.ts"
import { KeyStore } from "../src/keys/KeyStore.ts"
import { OpaqueToken } from "../src/opaque/OpaqueToken.ts"
import { OrganizationResolver } from "../src/principal/OrganizationResolver.ts"
import { orAbsent, orOutage } from "../src/principal/Ruled.ts"
import { Rules } from "../src/principal/Rules.ts"
import { TeamResolver } from "../src/principal/TeamResolver.ts"
import { UserResolver } from "../src/principal/UserResolver.ts"
import { everyModel } from "../src/rules/Model.ts"
import * as CoreTest from "../src/testing/CoreTest.ts"
import { Token } from "../src/Token.ts"
import { ClaimsPolicy } from "../src/token/ClaimsPolicy.ts"
import { IssuerUnavailable, TokenRefused } from "../src/token/Refusal.ts"
import { Revocation } from "../src/token/Revocation.ts"
import { Signature } from "../src/token/Signature.ts"
import type { Now } from "../src/Trace.ts"

type Problems = BadRequest | Unauthenticated | Forbidden | NotFound | BudgetExceeded | Unavailable

const settings = CoreTest.settingsOf({ issuer: { jwks: { keys: [] } } })
const now: Now = { time: 0, ticks: 0, note: undefined }

describe("types", () => {
  it("the error channel is exactly the six classes that a caller can see, and nothing is required", () => {
    expectTypeOf<ReturnType<AuthBuilder["Service"]["authenticate"]>>().toEqualTypeOf<Effect.Effect<Allowed, Problems>>()
    expectTypeOf<ReturnType<AuthBuilder["Service"]["decide"]>>().toEqualTypeOf<Effect.Effect<Allowed, Problems>>()
  })

  it("each look-up has its own narrow channel", () => {
    type Channel<E> = E extends Effect.Effect<infer _A, infer X> ? X : never
    type Users = UserRepo["Service"]
    type Teams = TeamRepo["Service"]
    type Organizations = OrganizationRepo["Service"]
    expectTypeOf<Channel<ReturnType<Users["byId"]>>>().toEqualTypeOf<RowNotFound | DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Users["bySubject"]>>>().toEqualTypeOf<RowNotFound | DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Users["byEmail"]>>>().toEqualTypeOf<DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Users["membership"]>>>().toEqualTypeOf<RowNotFound | DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Users["memberships"]>>>().toEqualTypeOf<DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Teams["byId"]>>>().toEqualTypeOf<RowNotFound | DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Teams["byIds"]>>>().toEqualTypeOf<DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Teams["byAlias"]>>>().toEqualTypeOf<
      RowNotFound | RowAmbiguous | DirectoryUnavailable
    >()
    expectTypeOf<Channel<ReturnType<Organizations["endUser"]>>>().toEqualTypeOf<RowNotFound | DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Provisioner["Service"]["run"]>>>().toEqualTypeOf<DirectoryUnavailable>()
    expectTypeOf<Channel<ReturnType<Token["Service"]["verify"]>>>().toEqualTypeOf<TokenRefused | IssuerUnavailable>()
    expectTypeOf<Channel<ReturnType<ClaimExtractor["Service"]["extract"]>>>().toEqualTypeOf<TokenRefused>()
    expectTypeOf<Channel<ReturnType<TeamResolver["Service"]["forAdmin"]>>>().toEqualTypeOf<Unavailable>()
  })

  it("RULES D27: a fallback catches not found and lets the outage through, whatever it is tried on", () => {
    const look = (row: Effect.Effect<Team, RowNotFound | DirectoryUnavailable>) => orAbsent(row, now)
    expectTypeOf(look).returns.toEqualTypeOf<Effect.Effect<Team | undefined, Unavailable>>()
    const list = (rows: Effect.Effect<ReadonlyArray<User>, DirectoryUnavailable>) => orOutage(rows, now)
    expectTypeOf(list).returns.toEqualTypeOf<Effect.Effect<ReadonlyArray<User>, Unavailable>>()
    const never = (row: Effect.Effect<Team, RowNotFound>) => orAbsent(row, now)
    expectTypeOf(never).returns.toEqualTypeOf<Effect.Effect<Team | undefined, Unavailable>>()
    // @ts-expect-error: an ambiguous alias is no "not found"
    expectTypeOf(orAbsent<Team>).toBeCallableWith(ambiguous, now)
  })

  it("leaving a seam out does not compile", () => {
    const whole = AuthBuilder.layerFor(settings)
    const repos = MemoryDirectory.layerRepos({})
    const seams = Layer.mergeAll(Signature.layer, Revocation.layerNoop, opaque, custom)
    const keys = KeyStore.layerMemory({}).pipe(Layer.provide([Issuers.layer([]), Signature.layer]))
    runs(whole.pipe(Layer.provide([repos, keys, seams])))
    // @ts-expect-error: no key store
    runs(whole.pipe(Layer.provide([repos, seams])))
    // @ts-expect-error: no repositories
    runs(whole.pipe(Layer.provide([keys, seams])))
    // @ts-expect-error: nobody says which hook there is, or that there is none
    runs(whole.pipe(Layer.provide([repos, keys, Signature.layer, Revocation.layerNoop, opaque])))
    // @ts-expect-error: a hook that is provided beside the pipeline is not left out in silence
    runs(Layer.merge(whole.pipe(Layer.provide([repos, keys, Signature.layer, Revocation.layerNoop, opaque])), custom))
    // @ts-expect-error: no resolver of teams, extractor, resolver of users
    runs(AuthBuilder.layer.pipe(Layer.provide([repos, seams])))
    // @ts-expect-error: a cache must be given where one is asked for
    complete(Cache.use((cache) => cache.region(region)))
  })
})

/** What a host runs: nothing is left to be provided. */
const runs = (layer: Layer.Layer<AuthBuilder>) => assert.isDefined(layer)
const complete = (effect: Effect.Effect<unknown>) => assert.isDefined(effect)
const ambiguous: Effect.Effect<Team, RowAmbiguous> = Exit.fail(new RowAmbiguous({ kind: "team" }))

/** No hook and no rule. */
const custom = Layer.merge(ClaimsPolicy.layerNone, RequestPolicy.layerNone)

const opaque = Layer.succeed(OpaqueToken, {
  verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} }))
})
const region = {
  name: "r",
  capacity: 1,
  lookup: (key: string) => Effect.succeed(key),
  key: (key: string) => key,
  timeToLive: () => 1_000
}

/** The parts that a host can replace, each with a double. */
const identity: Identity = {
  issuer: "idp",
  namespace: "",
  user: UserId.make("double"),
  userIsEmail: false,
  email: undefined,
  userIsAddress: false,
  userIsUnproven: false,
  teamsBy: "id",
  tenant: undefined,
  severalOrganizations: false,
  linkByEmail: "never",
  service: false,
  team: undefined,
  teamAlias: undefined,
  teams: [],
  namesTeams: false,
  withheld: false,
  overage: false,
  organization: undefined,
  organizationAlias: undefined,
  endUser: undefined,
  object: undefined,
  roles: [],
  userRoles: [],
  scopes: [],
  facts: {}
}

describe("each part can be replaced alone", () => {
  /** Everything from memory, with one part replaced. */
  const decideWith = (parts: {
    readonly keys?: Layer.Layer<KeyStore>
    readonly extractor?: Layer.Layer<ClaimExtractor>
    readonly teams?: Layer.Layer<TeamResolver>
    readonly users?: Layer.Layer<UserRepo>
    readonly token?: Layer.Layer<Token>
  }) => {
    const rules = Rules.layer(settings)
    const issuers = Issuers.layer(settings.issuers)
    const repos = Layer.mergeAll(
      parts.users ?? UserRepo.layerMemory.pipe(Layer.provide(directory)),
      TeamRepo.layerMemory.pipe(Layer.provide(directory)),
      OrganizationRepo.layerMemory.pipe(Layer.provide(directory)),
      Provisioner.layerNoop
    )
    const keys = parts.keys ?? KeyStore.layerMemory({}).pipe(Layer.provide([issuers, Signature.layer]))
    const verifier = parts.token ?? Layer.succeed(Token, {
      verify: () =>
        Exit.succeed({
          issuer: Issuers.make(settings.issuers).all[0] ?? never(),
          payload: { uid: "u-1" },
          expiresAt: undefined,
          verifiedBy: { _tag: "Introspection" }
        })
    })
    const resolvers = Layer.mergeAll(
      parts.teams ?? TeamResolver.layer,
      UserResolver.layer,
      OrganizationResolver.layer,
      parts.extractor ?? ClaimExtractor.layer
    ).pipe(Layer.provide([repos, rules]))
    const auth = AuthBuilder.layer.pipe(
      Layer.provide([resolvers, repos, rules, keys, verifier, Signature.layer, Revocation.layerNoop, opaque, custom])
    )
    return AuthBuilder.use((it) => it.authenticate(CoreTest.askedOf({ claims: {} }, "a.b.c"))).pipe(
      Effect.map(({ principal }) => `${principal.userId} ${principal.teamId}`),
      Effect.catch((denial) => Effect.succeed(`${denial.status} ${denial.code}`)),
      Effect.provide(auth)
    )
  }
  const directory = MemoryDirectory.layer({ users: [CoreTest.user("u-1"), CoreTest.user("double")] })
  const never = (): never => {
    throw new RangeError("no issuer")
  }

  it.effect("nothing replaced", () => Effect.map(decideWith({}), (it) => assert.strictEqual(it, "u-1 undefined")))
  it.effect("ClaimExtractor", () =>
    Effect.map(
      decideWith({ extractor: ClaimExtractor.layerTest(identity) }),
      (it) => assert.strictEqual(it, "double undefined")
    ))
  it.effect("TeamResolver", () => {
    const team = { team: CoreTest.team("fixed"), models: everyModel }
    return Effect.map(decideWith({ teams: TeamResolver.layerTest(team) }), (it) => assert.strictEqual(it, "u-1 fixed"))
  })
  it.effect("UserRepo", () => {
    const users = Layer.mock(UserRepo, {
      byId: () => Exit.fail(new RowNotFound({ kind: "user" })),
      bySubject: () => Exit.succeed(CoreTest.user("mocked"))
    })
    return Effect.map(decideWith({ users }), (it) => assert.strictEqual(it, "mocked undefined"))
  })
  it.effect("Token: what it refuses is 401, what it cannot ask is 503", () =>
    Effect.gen(function*() {
      const refused = Layer.succeed(Token, {
        verify: () => Exit.fail(new TokenRefused({ reason: "audience", facts: {} }))
      })
      const down = Layer.succeed(Token, {
        verify: () => Exit.fail(new IssuerUnavailable({ issuer: "idp", retryAfter: 7, facts: {} }))
      })
      assert.strictEqual(yield* decideWith({ token: refused }), "401 invalid_token")
      assert.strictEqual(yield* decideWith({ token: down }), "503 issuer_unavailable")
    }))
  it.effect("Cache: with and without memory a region answers the same", () =>
    Effect.gen(function*() {
      for (const layer of [Cache.layer, Cache.layerNoop]) {
        const answer = yield* Cache.use((cache) => cache.region(region)).pipe(
          Effect.flatMap((it) => it.get("x", now)),
          Effect.provide(layer),
          Effect.scoped
        )
        assert.strictEqual(answer, "x")
      }
    }))

  it.effect("a repository with a bug is no decision", () =>
    Effect.gen(function*() {
      const users = Layer.mock(UserRepo, { byId: () => Effect.die("bug") })
      assert.isTrue(Exit.hasDies(yield* Effect.exit(decideWith({ users }))))
    }))
})
