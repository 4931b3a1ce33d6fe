/**
 * The way through over live systems: what the settings name, from directory to
 * key sets, below one `AuthBuilder`.
 *
 * Whoever listens and whoever embeds composes the same; nothing here answers
 * anybody.
 */
import { AuthBuilder, type OwnChecks } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { type ClaimsCheck, ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import * as Enrichment from "@jotgate/core/Enrichment"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import type { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import type { Outbound } from "@jotgate/core/Outbound"
import type { Provisioner } from "@jotgate/core/Provisioner"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import type { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import type { Secrets } from "@jotgate/core/Secrets"
import { Tallies } from "@jotgate/core/Tally"
import type { TeamRepo } from "@jotgate/core/TeamRepo"
import type { UserRepo } from "@jotgate/core/UserRepo"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer } from "effect"
import type { FileSettings } from "./config/GatewaySettings.ts"
import * as CustomPolicy from "./platform/CustomPolicy.ts"
import * as NodeOutbound from "./platform/NodeOutbound.ts"
import * as NodeSecrets from "./platform/NodeSecrets.ts"
import * as SavedKeyFiles from "./platform/SavedKeyFiles.ts"

/** What finds and changes people, teams and organizations. */
export type Directory = UserRepo | TeamRepo | OrganizationRepo | Provisioner | RevocationRepo

/** What a pipeline is made of besides its settings. */
export interface PipelineOptions<E> {
  /** The directory, when it is not the one that the settings name. */
  readonly directory?: (settings: FileSettings) => Layer.Layer<Directory, E, Secrets>
  /** The variables that the settings can name. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative file names in secrets are relative to. */
  readonly base: string
  /** The lines of settings in their file, by path, for the trace. */
  readonly lines?: ReadonlyMap<string, number>
  /** Where it is counted what memory knew. */
  readonly tallies?: Tallies
  /** Where key sets are held in memory; one of its own unless said. One for all deployments outlives a reload. */
  readonly held?: SavedKeys["Service"]
  /** How issuers are asked, when it is not this process alone that asks. */
  readonly outbound?: Layer.Layer<Outbound>
  /** Checks of the host's own, besides the one of the settings. */
  readonly checks?: OwnChecks
}

/** The hook of the settings and the host's own: both are asked, because each can only deny. */
const both = (first: ClaimsCheck | undefined, second: ClaimsCheck | undefined): ClaimsCheck | undefined =>
  first === undefined || second === undefined
    ? first ?? second
    : (claims) => Effect.andThen(first(claims), second(claims))

const seams = <E>(settings: FileSettings, options: PipelineOptions<E>) => {
  const secrets = NodeSecrets.layer(options.base, options.env)
  const directory: Layer.Layer<Directory, E | Store.StoreFailed, Secrets> = options.directory === undefined
    ? Store.layer(settings)
    : options.directory(settings)
  const held = options.held === undefined ? SavedKeys.layerMemory : Layer.succeed(SavedKeys, options.held)
  const saved = settings.cache.dir === null
    ? held
    : SavedKeyFiles.layer(settings.cache.dir).pipe(Layer.provide(held))
  return Layer.merge(OpaqueToken.layer, Enrichment.layer).pipe(
    Layer.provideMerge(KeyStore.layer),
    Layer.provide(Issuers.layerFor(settings)),
    Layer.provideMerge(Revocation.layer),
    Layer.provideMerge(directory),
    Layer.provideMerge(Cache.layer),
    Layer.provideMerge(NodeSignature.layer),
    Layer.provide([options.outbound ?? NodeOutbound.layer, secrets, saved])
  )
}

/** `AuthBuilder` over the live systems that the settings name, with what a deployment shows of them. */
export const pipeline = <E>(settings: FileSettings, options: PipelineOptions<E>) =>
  Layer.unwrap(Effect.gen(function*() {
    const { gateway, policy } = settings
    const custom = policy.custom === null ? undefined : yield* CustomPolicy.load(policy.custom)
    return AuthBuilder.layerFor(settings, {
      credentials: gateway.credentials,
      maxTokenLength: gateway.limits.token,
      hook: both(custom, options.checks?.hook),
      rule: options.checks?.rule,
      ...(options.lines === undefined ? {} : { lineOf: (path) => options.lines?.get(path) })
    }).pipe(
      Layer.provideMerge(seams(settings, options)),
      Layer.provide([ClaimsPolicy.layerNone, RequestPolicy.layerNone]),
      Layer.provide(options.tallies === undefined ? Layer.empty : Layer.succeed(Tallies, options.tallies))
    )
  }))
