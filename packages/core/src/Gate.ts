/**
 * The gate inside another program: settings and the host's own parts in,
 * verdicts out.
 *
 * `Gate.layer` composes the whole pipeline for an Effect program, `Gate.make` for
 * one that speaks promises, on Node, Deno, Bun, workerd and in a Lambda: it does
 * nothing between requests, and what one request waits for is never what another
 * one has begun. Every part has a default that does nothing: nobody has a row,
 * nothing is written, no hook and no rule object.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Verdict } from "./answer/Verdict.ts"
import { AuthBuilder } from "./AuthBuilder.ts"
import { Cache } from "./cache/Cache.ts"
import { RequestPolicy } from "./decision/RequestPolicy.ts"
import type { OrganizationRepo } from "./directory/OrganizationRepo.ts"
import { Provisioner } from "./directory/Provisioner.ts"
import type { TeamRepo } from "./directory/TeamRepo.ts"
import type { UserRepo } from "./directory/UserRepo.ts"
import * as Door from "./embed/Door.ts"
import { checkOf, type Hook, type Rule } from "./embed/Extensions.ts"
import * as GateRequest from "./embed/GateRequest.ts"
import { documentOf } from "./embed/MetadataDocument.ts"
import * as PlainDirectory from "./embed/PlainDirectory.ts"
import { type GateSettings, unread } from "./embed/Unread.ts"
import { Issuers } from "./issuer/Issuer.ts"
import { type Fetch, fetchTransport, Outbound } from "./issuer/Outbound.ts"
import { KeyStore } from "./keys/KeyStore.ts"
import { SavedKeys } from "./keys/SavedKeys.ts"
import * as Enrichment from "./opaque/Enrichment.ts"
import { OpaqueToken } from "./opaque/OpaqueToken.ts"
import * as Settings from "./Settings.ts"
import { findings as findingsOf, pathText } from "./settings/SchemaFindings.ts"
import { Secrets } from "./settings/Secrets.ts"
import { ClaimsPolicy } from "./token/ClaimsPolicy.ts"
import { Revocation } from "./token/Revocation.ts"
import type { RevocationRepo } from "./token/RevocationRepo.ts"
import { Signature } from "./token/Signature.ts"

export type { DecideOptions, Logged } from "./embed/Door.ts"
export type { Hook, Rule, Said } from "./embed/Extensions.ts"
export {
  type BodyReader,
  fromNode,
  type GateRequest,
  type NodeRequest,
  type PlainRequest
} from "./embed/GateRequest.ts"
export type { PlainDirectory, TeamRow, UserRow } from "./embed/PlainDirectory.ts"
export type { Readable, RequestReader } from "./embed/RequestReader.ts"
export type { GateSettings } from "./embed/Unread.ts"

/** The settings cannot be used; `findings` has one line for each reason, with its place and never a value. */
export class SettingsInvalid extends Schema.TaggedError<SettingsInvalid>()("SettingsInvalid", {
  /** One line for each reason, with its place. */
  findings: Schema.Array(Schema.String)
}) {
  /** Every finding, one a line. */
  override get message(): string {
    return this.findings.join("\n")
  }
}

/** The repositories, and who writes, as a layer of the host. */
export type DirectoryLayer<E = never, R = never> = Layer.Layer<UserRepo | TeamRepo | OrganizationRepo, E, R>

/** What a host brings; everything may be left out. */
export interface Parts<E = never, R = never> extends Door.DoorOptions {
  /** Where rows are: a layer of repositories, or plain functions that return rows, promises or effects of them. */
  readonly directory?: DirectoryLayer<E, R> | PlainDirectory.PlainDirectory
  /** Looks at verified claims before any rule; can only deny. */
  readonly hook?: Hook
  /** Looks at what every other rule allows; can only deny. */
  readonly rule?: Rule
  /** The signature check and digest; `NodeSignature.layer` of `@jotgate/core/node` is the fast one on Node. */
  readonly signature?: Layer.Layer<Signature>
  /** How issuers are asked: a layer, or a `fetch`; the runtime's own unless said. */
  readonly outbound?: Layer.Layer<Outbound> | Fetch
  /** The values of the secrets that the settings name (`env:NAME`, `file:PATH`), by that name. */
  readonly secrets?: Readonly<Record<string, string>> | Layer.Layer<Secrets>
  /** Who holds the keys of issuers, instead of what fetches them; `KeyStore.layerMemory` of sets at hand. */
  readonly keys?: Layer.Layer<KeyStore, never, Issuers | SavedKeys | Signature | Outbound | Secrets>
  /** Where answers about opaque tokens are remembered, instead of this process (`Gate.layer`) or nowhere (`Gate.make`). */
  readonly cache?: Layer.Layer<Cache>
  /** Where the deny list is kept; there is none unless said. */
  readonly revocations?: Layer.Layer<RevocationRepo>
  /** Lower-case names of the headers that may carry the token; `authorization` alone unless said. */
  readonly credentials?: ReadonlyArray<string>
}

/** The door's part of what a host brings, for whoever answers requests over the same pipeline. */
export const GateOptions = Context.Reference<Door.DoorOptions>("@jotgate/core/GateOptions", {
  defaultValue: () => ({})
})

const decode = Schema.decodeUnknownResult(Settings.Settings, { errors: "all", onExcessProperty: "error" })

/** The settings of an input, or every reason why it cannot be used with these parts. */
export const settingsOf = <E, R>(
  input: GateSettings,
  { directory, secrets = {} }: Pick<Parts<E, R>, "directory" | "secrets"> = {}
): Result.Result<Settings.Settings, SettingsInvalid> => {
  const decoded = decode(input)
  if (Result.isFailure(decoded)) {
    const findings = findingsOf(decoded.failure.issue).map(({ message, path }) => `${pathText(path)} ${message}`.trim())
    return Result.fail(new SettingsInvalid({ findings }))
  }
  const findings = unread(input, decoded.success, {
    writes: isDirectory(directory) || directory?.write !== undefined,
    knows: (reference) => isSecrets(secrets) || Object.hasOwn(secrets, reference)
  })
  return findings.length > 0 ? Result.fail(new SettingsInvalid({ findings })) : Result.succeed(decoded.success)
}

/** The hook and the rule that stand around the gate, where there are any. */
const surrounding = Layer.merge(
  Layer.effect(
    ClaimsPolicy,
    Effect.map(Effect.serviceOption(ClaimsPolicy), Option.getOrElse(() => ClaimsPolicy.offers.none))
  ),
  Layer.effect(
    RequestPolicy,
    Effect.map(Effect.serviceOption(RequestPolicy), Option.getOrElse(() => RequestPolicy.offers.none))
  )
)

const outboundLayer = (outbound: Parts["outbound"]): Layer.Layer<Outbound> =>
  outbound === undefined
    ? Outbound.layer
    : typeof outbound === "function"
    ? Outbound.layerTransport(fetchTransport(outbound))
    : outbound

const isSecrets = (secrets: Parts["secrets"]): secrets is Layer.Layer<Secrets> => Layer.isLayer(secrets)

const secretsLayer = (secrets: Parts["secrets"]): Layer.Layer<Secrets> =>
  isSecrets(secrets) ? secrets : Secrets.layerTest(secrets ?? {})

const isDirectory = <E, R>(it: Parts<E, R>["directory"]): it is DirectoryLayer<E, R> => Layer.isLayer(it)

/** The host's directory; one that may only be read (`directory.write: false`) is asked to write nothing. */
const directoryLayer = <E, R>(
  directory: Parts<E, R>["directory"],
  write: boolean
): Layer.Layer<UserRepo | TeamRepo | OrganizationRepo | Provisioner, E, R> => {
  const given = isDirectory(directory)
    ? Layer.provideMerge(directory, Provisioner.layerNoop)
    : PlainDirectory.layer(directory ?? {})
  return write ? given : Layer.provideMerge(Provisioner.layerNoop, given)
}

/** The whole pipeline, of which two in one graph share only what the host gave to both; `keys`: whether they are kept fresh in the background or by the requests. */
const pipeline = <E, R>(settings: Settings.Settings, parts: Parts<E, R>, keys: "background" | "requests") => {
  const onDemand = keys === "requests"
  const given = Layer.mergeAll(
    outboundLayer(parts.outbound),
    secretsLayer(parts.secrets),
    parts.signature ?? Signature.layer,
    directoryLayer(parts.directory, settings.directory.write !== false)
  )
  const isOpaque = settings.issuers.some((it) => it.opaque !== undefined)
  const cache = parts.cache ?? (onDemand ? Cache.layerNoop : Cache.layer)
  const opaque = isOpaque ? OpaqueToken.layer.pipe(Layer.provide(cache)) : OpaqueToken.layerNone
  const enrichment = settings.issuers.some((it) => it.enrich !== null)
    ? Enrichment.layer.pipe(Layer.provide(cache))
    : Layer.empty
  const revocation = parts.revocations === undefined
    ? Revocation.layerNoop
    : Layer.fresh(Revocation.layer).pipe(Layer.provide(parts.revocations))
  const options = {
    ...(parts.credentials === undefined ? {} : { credentials: parts.credentials }),
    ...(parts.hook === undefined ? {} : { hook: checkOf(parts.hook) }),
    ...(parts.rule === undefined ? {} : { rule: checkOf(parts.rule) })
  }
  return Layer.fresh(
    AuthBuilder.layerFor(settings, options).pipe(
      Layer.provide([surrounding, opaque, enrichment]),
      Layer.provideMerge(parts.keys ?? (onDemand ? KeyStore.layerOnDemand : KeyStore.layer)),
      Layer.provide([Issuers.layerFor(settings), SavedKeys.layerMemory])
    )
  ).pipe(Layer.provide([given, revocation]))
}

const doorOptions = ({ bodyLimit, log, metadata, reader, tools }: Door.DoorOptions): Door.DoorOptions => ({
  ...(bodyLimit === undefined ? {} : { bodyLimit }),
  ...(log === undefined ? {} : { log }),
  ...(metadata === undefined ? {} : { metadata }),
  ...(reader === undefined ? {} : { reader }),
  ...(tools === undefined ? {} : { tools })
})

/** The gate of a program that speaks promises. */
export interface PromiseGate {
  /** Judges a request as the proxy would. Never rejects for a denial; rejects after `close`, and for what is no request. */
  readonly decide: (request: GateRequest.GateRequest, options?: Door.DecideOptions) => Promise<Verdict>
  /** The answer to a request for the metadata of RFC 9728 (`/.well-known/oauth-protected-resource…`), else `undefined`. */
  readonly metadata: (request: GateRequest.GateRequest) => Response | undefined
  /** Releases what the host's layers hold. */
  readonly close: () => Promise<void>
}

/** The gate in a host's own program: `layer` and `decide` as effects, `make` as promises. */
export class Gate extends Context.Service<Gate, {
  /** Judges a request as the proxy would; a denial is a verdict. Reads at most the limit of the body, from a copy. */
  readonly decide: (request: GateRequest.GateRequest, options?: Door.DecideOptions) => Effect.Effect<Verdict>
  /** The answer to a request for the metadata of RFC 9728, else `undefined`. */
  readonly metadata: (request: GateRequest.GateRequest) => Response | undefined
}>()("@jotgate/core/Gate") {
  /**
   * The gate and its `AuthBuilder` for an Effect program; keys are kept fresh in the background while the layer lives.
   * Fails with `SettingsInvalid`. Every `ClaimsPolicy` and `RequestPolicy` that is provided to it, or that stands anywhere in
   * its graph of layers without a gate of its own, is asked as well.
   */
  static readonly layer = <E = never, R = never>(
    input: GateSettings,
    parts: Parts<E, R> = {}
  ): Layer.Layer<Gate | AuthBuilder | KeyStore, E | SettingsInvalid, R> =>
    Layer.unwrap(Effect.map(Effect.fromResult(settingsOf(input, parts)), (settings) =>
      Layer.effect(
        Gate,
        Effect.gen(function*() {
          const door = Door.make(yield* AuthBuilder, yield* Clock.Clock, yield* GateOptions)
          return {
            decide: (request, options) =>
              Effect.map(Effect.suspend(() => door(GateRequest.of(request), options)), ({ verdict }) => verdict),
            metadata: documentOf(settings)
          }
        })
      ).pipe(
        Layer.provideMerge(pipeline(settings, parts, "background")),
        Layer.provideMerge(Layer.succeed(GateOptions, doorOptions(parts)))
      )))

  /**
   * The gate for a program that speaks promises. Keys are fetched by the requests that need them. Rejects with
   * `SettingsInvalid`.
   */
  static readonly make = async <E = never>(
    input: GateSettings,
    parts: Parts<E> = {}
  ): Promise<PromiseGate> => {
    const settings = Result.getOrThrow(settingsOf(input, parts))
    const scope = Scope.makeUnsafe()
    const context = await Effect.runPromise(Layer.buildWithScope(pipeline(settings, parts, "requests"), scope))
    const clock = await Effect.runPromise(Clock.clockWith((it) => Effect.succeed(it)))
    const door = Door.make(Context.get(context, AuthBuilder), clock, doorOptions(parts))
    let closed = false
    return {
      decide: (request, options) =>
        closed
          ? Promise.reject(new Error("this gate is closed"))
          : Door.promised(() => door(GateRequest.of(request), options)),
      metadata: documentOf(settings),
      close: async () => {
        if (closed) return
        closed = true
        await Effect.runPromise(Scope.close(scope, Exit.void))
      }
    }
  }
}
