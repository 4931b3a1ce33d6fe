/**
 * Parts that are the host's own: key sets that it holds itself, in a gate that is otherwise as always, and the same
 * pipeline put together by hand, where each seam is named and can be another.
 */
import { AuthBuilder, OpaqueToken, Revocation } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { ClaimsPolicy, RequestPolicy } from "@jotgate/core/CustomPolicy"
import { Forbidden } from "@jotgate/core/Errors"
import { Gate, type PlainDirectory } from "@jotgate/core/Gate"
import { Issuers, KeyStore } from "@jotgate/core/KeyStore"
import { NodeSignature } from "@jotgate/core/node"
import { MemoryDirectory } from "@jotgate/core/Repositories"
import { Settings } from "@jotgate/core/Settings"
import { TeamResolver } from "@jotgate/core/TeamResolver"
import { Effect, Layer, Schema } from "effect"

/** Key sets (RFC 7517) by the `id` of their issuer, wherever the host has them: a table, a vault, its own mail. */
export type KeySets = Effect.Effect<Readonly<Record<string, unknown>>>

/** A store of exactly these keys: no issuer is asked for any. */
export const keysOf = (sets: KeySets) => Layer.unwrap(Effect.map(sets, KeyStore.layerMemory))

/** A gate with the host's keys, and answers about opaque tokens in a memory that the host chooses. */
export const gate = (settings: Settings.Input, sets: KeySets, directory: PlainDirectory) =>
  Gate.layer(settings, { keys: keysOf(sets), cache: Cache.layer, directory })

/** As always, but whoever is in a group of contractors has no team, whatever else the token says. */
const careful = Layer.effect(
  TeamResolver,
  Effect.map(TeamResolver, (usual): TeamResolver["Service"] => ({
    ...usual,
    fromToken: (question, now) =>
      question.identity.teams.some((it) => it.startsWith("contractors-"))
        ? Effect.fail(new Forbidden({ code: "team_denied" }))
        : usual.fromToken(question, now)
  }))
).pipe(Layer.provide(TeamResolver.layer))

/** The pipeline by hand: `HttpSecurity.layer` stands on it as on `Gate.layer`. */
export const pipeline = (
  input: Settings.Input,
  sets: KeySets,
  rows?: Parameters<typeof MemoryDirectory.layerRepos>[0]
) =>
  Layer.unwrap(
    Effect.map(Effect.orDie(Schema.decodeUnknownEffect(Settings)(input)), (settings) =>
      AuthBuilder.layerFor(settings, { teams: careful }).pipe(
        Layer.provide([OpaqueToken.layerNone, Revocation.layerNoop, ClaimsPolicy.layerNone, RequestPolicy.layerNone]),
        Layer.provide(keysOf(sets).pipe(Layer.provide(Issuers.layerFor(settings)))),
        Layer.provide([MemoryDirectory.layerRepos(rows), NodeSignature.layer])
      ))
  )
