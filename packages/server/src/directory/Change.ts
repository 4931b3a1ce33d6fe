/**
 * One change asked for over HTTP: its precondition, its idempotency key, and
 * its answer.
 *
 * A change with a key is done at most once: the answer is remembered in the same
 * transaction, and a repeated request gets it again. A change that fails has
 * changed nothing and may be sent again with its key.
 */
import type { DirectoryUnavailable, RowNotFound } from "@jotgate/core/Directory"
import type { ChangeRefused, DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Effect, Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { hash } from "node:crypto"
import type { Who } from "./DirectoryAccess.ts"
import * as Problem from "./DirectoryProblem.ts"
import * as Precondition from "./Precondition.ts"

/** The headers of a change, as the contract names them. */
export interface Headers {
  readonly "if-match"?: string
  readonly "if-none-match"?: string
  readonly "idempotency-key"?: string
}

/** What a change is answered with. */
export const Reply = Schema.Struct({
  status: Schema.Int,
  etag: Schema.optionalKey(Schema.String),
  body: Schema.optionalKey(Schema.Unknown)
})
export type Reply = typeof Reply.Type

const decodeReply = Schema.decodeUnknownEffect(Schema.fromJsonString(Reply))

/** Everything that a change can come to besides being done. */
export type Failure = ChangeRefused | RowNotFound | DirectoryUnavailable | Problem.DirectoryProblem

const isProblem = Schema.is(Schema.Union(Problem.problems))

/** Words a failure for whoever asked. */
export const worded = (failure: Failure): Problem.DirectoryProblem =>
  isProblem(failure) ? failure : Problem.ofFailure(failure)

/** The response of a reply. */
export const respond = ({ body, etag, status }: Reply): HttpServerResponse.HttpServerResponse => {
  const headers = { "cache-control": "no-store", ...(etag === undefined ? {} : { etag: `"${etag}"` }) }
  return body === undefined
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.jsonUnsafe(body, { status, headers })
}

/** The precondition of a request; one that cannot be read is refused. */
export const precondition = (headers: Headers): Effect.Effect<Precondition.Precondition, Problem.InputInvalid> => {
  const read = Precondition.read({ ifMatch: headers["if-match"], ifNoneMatch: headers["if-none-match"] })
  return read === undefined
    ? Problem.inputInvalid([{
      path: ["headers", headers["if-none-match"] === undefined ? "if-match" : "if-none-match"],
      message: "must be * or entity tags"
    }])
    : Effect.succeed(read)
}

/** Has a change done once for its key, and answers. `said` is everything that makes this request another one. */
export const answered = Effect.fnUntraced(function*(
  directory: DirectoryAdmin["Service"],
  who: Who,
  headers: Headers,
  said: ReadonlyArray<unknown>,
  change: Effect.Effect<Reply, Failure>
): Effect.fn.Return<HttpServerResponse.HttpServerResponse, Problem.DirectoryProblem> {
  const key = headers["idempotency-key"]
  if (key === undefined) return respond(yield* Effect.mapError(change, worded))
  const digest = (text: string) => hash("sha256", text, "base64url")
  const text = yield* directory.once(
    digest(JSON.stringify([who.name, key])),
    digest(JSON.stringify([headers["if-match"], headers["if-none-match"], ...said])),
    Effect.map(change, (reply) => JSON.stringify(reply))
  ).pipe(Effect.mapError(worded))
  return respond(yield* Effect.orDie(decodeReply(text)))
})
