/**
 * What every body of the admin listener must be before anything is made of it:
 * of a type that the endpoint takes, and JSON that no two programs read
 * differently. Both refusals are problems, like every other.
 */
import { Effect } from "effect"
import { HttpServerRequest } from "effect/http"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as Problem from "./DirectoryProblem.ts"
import * as JsonMembers from "./JsonMembers.ts"

const json = "application/json"

/** The type without its parameters. Who names none means JSON, as a shell's client would. */
const typeOf = (header: string | undefined): string => (header?.split(";", 1)[0] ?? json).trim().toLowerCase()

/** Refuses a body that the endpoint does not take (415), that cannot be read, or with a member twice (400, naming it). */
export const check = Effect.fnUntraced(function*(
  { payload }: Pick<HttpApiEndpoint.Top, "payload">
): Effect.fn.Return<void, Problem.MediaUnsupported | Problem.InputInvalid, HttpServerRequest.HttpServerRequest> {
  if (payload.size === 0) return
  const request = yield* HttpServerRequest.HttpServerRequest
  const type = typeOf(request.headers["content-type"])
  if (!payload.has(type)) return yield* Problem.mediaUnsupported(type, Array.from(payload.keys()))
  if (type !== json) return
  const text = yield* Effect.mapError(
    request.text,
    () => Problem.inputInvalid([{ path: ["payload"], message: "cannot be read: it is too large, or it broke off" }])
  )
  if (JsonMembers.isTooDeep(text)) {
    return yield* Problem.inputInvalid([{
      path: ["payload"],
      message: `is nested more than ${JsonMembers.deepest} deep`
    }])
  }
  const twice = JsonMembers.repeated(text)
  if (twice === undefined) return
  return yield* Problem.inputInvalid([{ path: ["payload", ...twice.path], message: "is there twice" }])
})
