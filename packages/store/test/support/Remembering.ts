/** Two pipelines over the same remembered rows: one remembers decisions, the other decides each time anew. */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import * as Cache from "@jotgate/core/Cache"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import type { Allowed } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { MemoryRows } from "@jotgate/core/MemoryRows"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { TokenRefused } from "@jotgate/core/Refusal"
import type { Asked } from "@jotgate/core/Request"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { RowMemory } from "@jotgate/core/RowMemory"
import { CoreTest, Issuer } from "@jotgate/core/testing"
import type { Sink } from "@jotgate/core/Trace"
import { Effect, Exit, Layer } from "effect"
import * as CachedRepos from "../../src/remember/CachedRepos.ts"
import { Forgetting } from "../../src/remember/Forgetting.ts"

/** Seconds. */
const start = 1_781_823_070

/** How long rows count, in milliseconds. */
export const ROWS = 30_000

/** The decision, whichever way it went. */
const answered = (decided: Effect.Effect<Allowed, Denial>): Effect.Effect<Allowed | Denial> =>
  Effect.match(decided, { onSuccess: (allowed) => allowed, onFailure: (denial) => denial })

const outside = Layer.mergeAll(
  NodeSignature.layer,
  Layer.succeed(OpaqueToken, { verify: () => Exit.fail(new TokenRefused({ reason: "opaque_refused", facts: {} })) }),
  Revocation.layerNoop,
  ClaimsPolicy.layerNone,
  RequestPolicy.layerNone
)

/**
 * The two pipelines of a world; `seconds` are counted from the moment at which the tokens were issued. Rows are written
 * by somebody who announces them, unless `announced` says otherwise.
 */
export const make = Effect.fnUntraced(function*(world: CoreTest.World, announced = true) {
  const settings = CoreTest.settingsOf(world)
  const issuer = yield* Issuer.make(settings.issuers[0]?.issuer ?? "", ["ES256"])
  const rows = yield* Layer.build(
    CachedRepos.layer({ rows: ROWS, staleRows: 60_000, announced }).pipe(
      Layer.provide(Cache.Cache.layer),
      Layer.provideMerge(MemoryDirectory.layerRepos(world.rows)),
      Layer.provideMerge(Forgetting.layerLocal)
    )
  )
  const pipeline = (memory: Layer.Layer<never>) =>
    Effect.provide(
      AuthBuilder.use((auth) => Effect.succeed(auth)),
      AuthBuilder.layerFor(settings).pipe(
        Layer.provide(memory),
        Layer.provide(Layer.succeedContext(rows)),
        Layer.provide(KeyStore.layerMemory({ [settings.issuers[0]?.id ?? ""]: issuer.jwks })),
        Layer.provide(Issuers.layer(settings.issuers)),
        Layer.provide(outside)
      )
    )
  const remembering = yield* pipeline(Layer.empty)
  const forgetful = yield* pipeline(Layer.succeed(RowMemory, undefined))
  const at = (seconds: number, note?: Sink) => ({ time: (start + seconds) * 1000, ticks: seconds * 1000, note })
  const { tables, forgetting } = yield* Effect.provide(
    Effect.all({ tables: MemoryRows, forgetting: Forgetting }),
    rows
  )
  return {
    tables,
    announce: forgetting.announce,
    /** The question that a door would make of a request, with a token of its own. */
    asked: (ask: CoreTest.Ask) =>
      Effect.map(
        issuer.token({
          now: start,
          header: { typ: "JWT" },
          claims: { sub: undefined, scope: undefined, client_id: undefined, aud: "gate", ...ask.claims }
        }),
        (token) => CoreTest.askedOf(ask, token)
      ),
    remembered: (asked: Asked, seconds: number, note?: Sink): Effect.Effect<Allowed | Denial> =>
      answered(remembering.decide(asked, at(seconds, note))),
    anew: (asked: Asked, seconds: number): Effect.Effect<Allowed | Denial> =>
      answered(forgetful.decide(asked, at(seconds)))
  }
})
