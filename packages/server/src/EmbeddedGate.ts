/**
 * The gate inside another program on Node, with every store: what the
 * configuration file says of decisions in, verdicts out.
 *
 * `createGate(settings)` takes it as an object, and fails when it is wrong, or
 * says what is for listeners alone; `decide` answers about a Fetch `Request`, a Node request
 * (`fromNode`), or method, path and headers, and reads models as the proxy does;
 * `close` ends background work. It writes no file that the settings do not name:
 * without `directory.url` rows are in memory, without `cache.dir` no keys are
 * kept.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import * as Door from "@jotgate/core/Door"
import { checkOf } from "@jotgate/core/Extensions"
import type { DecideOptions, GateRequest, Hook, Rule } from "@jotgate/core/Gate"
import { documentOf } from "@jotgate/core/MetadataDocument"
import type { RequestedModel } from "@jotgate/core/Request"
import { read, type Readable } from "@jotgate/core/RequestReader"
import type { Settings } from "@jotgate/core/Settings"
import type { Verdict } from "@jotgate/core/Verdict"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Clock, Context, Effect, Exit, Layer, Option, Predicate, Result, Scope } from "effect"
import { checkConfig } from "./config/ConfigCheck.ts"
import { resolvePaths } from "./config/ConfigPaths.ts"
import { decodeFile, type FileSettings } from "./config/GatewaySettings.ts"
import { type ObeyedGateway, unserved } from "./config/Unserved.ts"
import { toolReader } from "./mcp/McpPeek.ts"
import { asked } from "./model/ModelPeek.ts"
import { readTarget } from "./model/RequestModel.ts"
import { pipeline, type PipelineOptions } from "./Pipeline.ts"

export {
  type BodyReader,
  fromNode,
  type GateRequest,
  type Hook,
  type PlainRequest,
  type Rule
} from "@jotgate/core/Gate"

/**
 * What the configuration file holds of whom is trusted, the rules, rows and memory, and of `gateway` what is read off a
 * request. What else stands there is refused (`SettingsInvalid`), with what to do instead.
 */
export interface GateSettings extends Omit<Settings.Input, "issuers"> {
  /** Whom is trusted; at least one. */
  readonly issuers: NonNullable<Settings.Input["issuers"]>
  /** How a request is read: which headers carry the token, and how long token and body may be. */
  readonly gateway?: ObeyedGateway
}

/** What the settings do not say. */
export interface GateParts<E = never> extends Partial<Pick<PipelineOptions<E>, "directory" | "env" | "base">> {
  /** Looks at verified claims before any rule, besides `policy.custom`; can only deny. */
  readonly hook?: Hook
  /** Looks at what every other rule allows; can only deny. */
  readonly rule?: Rule
  /** Told of every verdict, and whether it was only to explain (`dry`); what it throws is ignored. */
  readonly log?: Door.DoorOptions["log"]
  /** Whether a challenge names the metadata of RFC 9728 at the request's own origin; yes unless said. */
  readonly metadata?: boolean
}

/** The pipeline, running. */
export interface EmbeddedGate {
  /** Judges a request as the proxy would. Never rejects for a denial; rejects after `close`, and for what is no request. */
  readonly decide: (request: GateRequest, options?: DecideOptions) => Promise<Verdict>
  /** The answer to a request for the metadata of RFC 9728 (`/.well-known/oauth-protected-resource…`), else `undefined`. */
  readonly metadata: (request: GateRequest) => Response | undefined
  /** What `jotgate check` would say of the settings: one line a finding. */
  readonly findings: ReadonlyArray<string>
  /** Ends background work and releases what the stores hold. */
  readonly close: () => Promise<void>
}

/** The settings cannot be used; the message has one line for each reason. */
export class SettingsInvalid extends Error {
  /** Tells it from other errors at a promise boundary. */
  override readonly name = "SettingsInvalid"
  /** Where each mistake is, and what it is. */
  readonly findings: ReadonlyArray<string>

  constructor(message: string) {
    super(message)
    this.findings = message.split("\n")
  }
}

const contentTypeOf = (raw: ReadonlyArray<string>): string => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === "content-type") return raw[i + 1] ?? ""
  return ""
}

/** The reader of the proxy; what it has no body for is left to the one that runs anywhere. */
const reader = (request: Readable): RequestedModel | "body_invalid" => {
  const { body, method, rawHeaders, target } = request
  return body === undefined || method === "CONNECT" || readTarget(method, target, rawHeaders).isWebSocket
    ? read(request)
    : asked({ ...request, body, contentType: contentTypeOf(request.rawHeaders) }) ?? "body_invalid"
}

/** The settings with what writes files only where they say so. */
const withoutFiles = (settings: FileSettings, { cache, directory }: GateSettings): FileSettings => ({
  ...settings,
  directory: directory?.url === undefined ? { ...settings.directory, url: "memory:" } : settings.directory,
  cache: cache?.dir === undefined ? { ...settings.cache, dir: null } : settings.cache
})

/** Whether the settings say something at this path. */
const says = (settings: GateSettings) => (path: string): boolean => {
  let value: unknown = settings
  for (const name of path.split(/[.[\]]+/).filter((it) => it !== "")) {
    if (!Predicate.hasProperty(value, name)) return false
    value = value[name]
  }
  return true
}

/** Rows of `directory.file` are in force when this ends, and followed until the scope closes. */
const followRows = Effect.fnUntraced(
  function*({ directory: { file } }: FileSettings, services: Context.Context<never>) {
    if (file === null) return
    const directory = Context.getOption(services, DirectoryAdmin)
    if (Option.isNone(directory)) {
      return yield* Effect.fail(
        new SettingsInvalid("directory.file is not read where the `directory` is the program's own")
      )
    }
    const { follow } = yield* Effect.promise(() => import("./directory/DirectoryFileSource.ts"))
    yield* follow(file, directory.value)
  }
)

/**
 * Starts the pipeline over settings as they stand in the file. `directory` is
 * the host's own, where rows are not where `directory.url` says. Rejects with
 * `SettingsInvalid`, or with what a store failed with.
 */
export const createGate = async <E = never>(
  settings: GateSettings,
  options: GateParts<E> = {}
): Promise<EmbeddedGate> => {
  const decoded = decodeFile(settings)
  if (Result.isFailure(decoded)) throw new SettingsInvalid(decoded.failure.message)
  const refused = unserved(settings)
  if (refused.length > 0) throw new SettingsInvalid(refused.join("\n"))
  const base = options.base ?? process.cwd()
  const file = resolvePaths(withoutFiles(decoded.success, settings), base)
  const scope = Scope.makeUnsafe()
  const started = Effect.gen(function*() {
    const services = yield* Layer.build(pipeline(file, {
      env: options.env ?? process.env,
      base,
      checks: {
        hook: options.hook === undefined ? undefined : checkOf(options.hook),
        rule: options.rule === undefined ? undefined : checkOf(options.rule)
      },
      ...(options.directory === undefined ? {} : { directory: options.directory })
    }))
    yield* followRows(file, services)
    return services
  })
  const services = await Effect.runPromise(
    started.pipe(Scope.provide(scope), Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
  )
  const door = Door.make(Context.get(services, AuthBuilder), await Effect.runPromise(Clock.clockWith(Effect.succeed)), {
    reader,
    ...(file.policy.mcp.length === 0 ? {} : { tools: toolReader(file.policy.mcp) }),
    bodyLimit: file.gateway.limits.body,
    ...(options.log === undefined ? {} : { log: options.log }),
    ...(options.metadata === undefined ? {} : { metadata: options.metadata })
  })
  let closed = false
  return {
    decide: (request, how) =>
      closed ? Promise.reject(new Error("this gate is closed")) : Door.promised(() => door(Door.judged(request), how)),
    metadata: documentOf(file),
    findings: checkConfig({ settings: file, says: says(settings) })
      .filter(({ path }) => !/^(?:gateway|log|telemetry|audit|decisions)\b/.test(path))
      .map(({ message, path, severity }) => `${severity}: ${path}: ${message}`),
    close: async () => {
      if (closed) return
      closed = true
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}
