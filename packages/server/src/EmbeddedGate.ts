/**
 * The pipeline for programs that are not written with Effect: promises in,
 * promises out.
 *
 * `createGate(settings)` takes what the configuration file holds, as an object,
 * and fails when it is wrong; `decide` answers about a Fetch `Request`, a Node
 * request, or method, path and headers; `close` ends background work.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { allowedJson, type DecisionJson, deniedJson } from "@jotgate/core/Decision"
import { BadRequest, type Problem, problem } from "@jotgate/core/Errors"
import * as Request from "@jotgate/core/Request"
import { Effect, Exit, Layer, ManagedRuntime, Result } from "effect"
import { decodeFile } from "./config/GatewaySettings.ts"
import { isAllowed, Judge } from "./Judge.ts"
import * as ModelPeek from "./model/ModelPeek.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { DecisionLog } from "./record/DecisionLog.ts"
import { pipeline, type ServerOptions } from "./Server.ts"

/** A request as any program can tell it. `path` has the query; `body` is what the upstream would read. */
export interface PlainRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string>>> | Iterable<readonly [string, string]>
  readonly body?: string | Uint8Array
}

/** The decision JSON; `problem` is the body that a denied caller may be shown. */
export interface EmbeddedDecision extends DecisionJson {
  readonly problem: Problem | null
}

/** The pipeline, running. */
export interface EmbeddedGate {
  /** Decides as every door does. Never rejects for a denial; rejects after `close`. */
  readonly decide: (request: globalThis.Request | PlainRequest) => Promise<EmbeddedDecision>
  readonly close: () => Promise<void>
}

/** The settings cannot be used; `findings` has one line for each reason. */
export class SettingsInvalid extends Error {
  override readonly name = "SettingsInvalid"
}

const bytesOf = (body: string | Uint8Array | undefined): Uint8Array =>
  body === undefined ? new Uint8Array() : typeof body === "string" ? Buffer.from(body) : body

/** A Fetch `Request` as a plain one; its body is read from a clone. */
export const fromFetch = async (request: globalThis.Request): Promise<PlainRequest> => {
  const url = request.url.slice(new URL(request.url).origin.length)
  return {
    method: request.method,
    path: url === "" ? "/" : url,
    headers: request.headers,
    ...(request.body === null ? {} : { body: new Uint8Array(await request.clone().arrayBuffer()) })
  }
}

/** What a Node request is asked with; the body, when it matters, is the host's to read. */
export const fromNode = (
  request: {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly rawHeaders: ReadonlyArray<string>
  },
  body?: string | Uint8Array
): PlainRequest => {
  const headers: Array<readonly [string, string]> = []
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    headers.push([request.rawHeaders[i] ?? "", request.rawHeaders[i + 1] ?? ""])
  }
  return { method: request.method ?? "GET", path: request.url ?? "/", headers, ...(body === undefined ? {} : { body }) }
}

const contentTypeOf = (raw: ReadonlyArray<string>): string => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === "content-type") return raw[i + 1] ?? ""
  return ""
}

const decision = (request: PlainRequest) =>
  Effect.gen(function*() {
    const judge = yield* Judge
    const auth = yield* AuthBuilder
    const rawHeaders = Request.rawHeadersOf(request.headers)
    const refuse = (code: "body_invalid" | "request_ambiguous"): EmbeddedDecision => {
      const asked = {
        method: request.method.toUpperCase(),
        path: request.path.split("?", 1)[0] ?? "/",
        rawHeaders,
        model: Request.noModel
      }
      const recording = judge.open({ door: "embedded", method: asked.method, route: asked.path, requestId: null })
      const { id } = recording
      recording.refused(400, code)
      return { ...deniedJson(id, asked, new BadRequest({ code }), [], false), problem: problem(code, id) }
    }
    const model = ModelPeek.asked({
      method: request.method.toUpperCase(),
      target: request.path,
      rawHeaders,
      contentType: contentTypeOf(rawHeaders),
      body: bytesOf(request.body)
    })
    if (model === undefined) return refuse("body_invalid")
    const asked = Request.make({ method: request.method, target: request.path, rawHeaders, model })
    if (Exit.isFailure(asked)) return refuse("request_ambiguous")
    const { id, result, steps } = yield* judge.asking({
      auth,
      asked: { ...asked.value, listsModels: true },
      door: "embedded",
      requestId: null
    })
    const answer: EmbeddedDecision = isAllowed(result)
      ? { ...allowedJson(id, result), problem: null }
      : { ...deniedJson(id, asked.value, result, steps, false), problem: problem(result.code, id) }
    return answer
  })

const isFetch = (request: globalThis.Request | PlainRequest): request is globalThis.Request =>
  request instanceof globalThis.Request

/**
 * Starts the pipeline over settings as they stand in the file. `directory` is
 * the host's own, where rows are not where `directory.url` says.
 */
export const createGate = async <E = never>(
  settings: unknown,
  options: Partial<Pick<ServerOptions<E>, "directory" | "env" | "base">> = {}
): Promise<EmbeddedGate> => {
  const decoded = decodeFile(settings)
  if (Result.isFailure(decoded)) throw new SettingsInvalid(decoded.failure.message)
  const runtime = ManagedRuntime.make(
    pipeline(decoded.success, {
      env: options.env ?? process.env,
      base: options.base ?? process.cwd(),
      ...(options.directory === undefined ? {} : { directory: options.directory })
    }).pipe(
      Layer.provideMerge(Judge.layer),
      Layer.provide(Layer.merge(DecisionLog.layer({ audit: "none", keep: 0 }), Telemetry.layer))
    )
  )
  // Built now, so that settings that cannot be used are known before the first request.
  await runtime.context()
  return {
    decide: async (request) => runtime.runPromise(decision(isFetch(request) ? await fromFetch(request) : request)),
    close: () => runtime.dispose()
  }
}
