/**
 * What the directory's API refuses, as problems (RFC 9457) with a stable `code`,
 * an OpenAI-shaped `error` for clients that read no other, and the places that
 * are wrong. A refused request has changed nothing.
 */
import type { DirectoryUnavailable, RowNotFound } from "@jotgate/core/Directory"
import type { ChangeRefused } from "@jotgate/store/DirectoryAdmin"
import { Schema } from "effect"
import * as HttpApiError from "effect/http-api/HttpApiError"

/** One thing that is wrong with a request: the place in it, beginning with the part of the request, and a clause. */
export const Fault = Schema.Struct({
  path: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
  message: Schema.String
})
export type Fault = typeof Fault.Type

const members = {
  detail: Schema.String,
  code: Schema.String,
  errors: Schema.Array(Fault),
  error: Schema.Struct({
    message: Schema.String,
    type: Schema.String,
    code: Schema.String,
    param: Schema.NullOr(Schema.String)
  })
}

const declaration = <const Name extends string, const Status extends number>(
  name: Name,
  status: Status,
  title: string
) => ({ type: `https://jotgate.dev/problems/${name}`, status, title } as const)

/** The request is not what the contract says: an unknown field, an id that cannot be kept, a number out of range. */
export class InputInvalid extends HttpApiError.Problem<InputInvalid>()(
  "InputInvalid",
  declaration("input_invalid", 400, "Malformed request"),
  members
) {}

/** This directory is only read (`directory.write: false`). */
export class DirectoryReadOnly extends HttpApiError.Problem<DirectoryReadOnly>()(
  "DirectoryReadOnly",
  declaration("directory_read_only", 403, "Not allowed"),
  members
) {}

/** No row, issuer or entry has this id. */
export class NotThere extends HttpApiError.Problem<NotThere>()(
  "NotThere",
  declaration("not_there", 404, "Not found"),
  members
) {}

/** There is a row with this id already, a subject is somebody else's, or another row names this one. */
export class Conflict extends HttpApiError.Problem<Conflict>()(
  "Conflict",
  declaration("conflict", 409, "Conflict"),
  members
) {}

/** The row is not the one that `If-Match` names. */
export class Stale extends HttpApiError.Problem<Stale>()(
  "Stale",
  declaration("stale", 412, "Precondition failed"),
  members
) {}

/** The body is of a type that is not taken here. */
export class MediaUnsupported extends HttpApiError.Problem<MediaUnsupported>()(
  "MediaUnsupported",
  declaration("media_unsupported", 415, "Unsupported media type"),
  members
) {}

/** The request names a row that does not exist, or its idempotency key was used for another request. */
export class Unprocessable extends HttpApiError.Problem<Unprocessable>()(
  "Unprocessable",
  declaration("unprocessable", 422, "Unprocessable"),
  members
) {}

/** The directory, or an issuer, does not answer. */
export class NotAvailable extends HttpApiError.Problem<NotAvailable>()(
  "NotAvailable",
  declaration("not_available", 503, "Not available"),
  members
) {}

/** Every problem of the directory's API. */
export const problems = [
  InputInvalid,
  DirectoryReadOnly,
  NotThere,
  Conflict,
  Stale,
  MediaUnsupported,
  Unprocessable,
  NotAvailable
] as const
export type DirectoryProblem =
  | InputInvalid
  | DirectoryReadOnly
  | NotThere
  | Conflict
  | Stale
  | MediaUnsupported
  | Unprocessable
  | NotAvailable

const said = (code: string, type: string, detail: string, errors: ReadonlyArray<Fault> = []) => {
  const place = errors[0]?.path
  return {
    code,
    detail: errors.length === 0 ? detail : `${detail}: ${errors.map(faultText).slice(0, 5).join("; ")}`,
    errors,
    error: { message: detail, type, code, param: place === undefined ? null : placeText(place) }
  }
}

const placeText = (path: Fault["path"]): string =>
  path.map((it, index) => typeof it === "number" ? `[${it}]` : index === 0 ? it : `.${it}`).join("")

const faultText = ({ message, path }: Fault): string => path.length === 0 ? message : `${placeText(path)} ${message}`

const badRequest = "invalid_request_error"

export const inputInvalid = (errors: ReadonlyArray<Fault>) =>
  new InputInvalid(said("input_invalid", badRequest, "The request is malformed", errors))

/** `type` is what came, `taken` what is taken. */
export const mediaUnsupported = (type: string, taken: ReadonlyArray<string>) =>
  new MediaUnsupported(
    said("media_unsupported", badRequest, `The body must be ${taken.join(" or ")}`, [{
      path: ["headers", "content-type"],
      message: `is ${type.slice(0, 100)}`
    }])
  )

/** `what` is a noun such as `user`. */
export const notThere = (what: string) => new NotThere(said("not_found", badRequest, `There is no such ${what}`))

export const taken = (what: string) => new Conflict(said("exists", badRequest, `There is such a ${what} already`))

export const unprocessable = (code: string, detail: string, errors: ReadonlyArray<Fault> = []) =>
  new Unprocessable(said(code, badRequest, detail, errors))

export const notAvailable = (what: string) =>
  new NotAvailable(said(`${what}_unavailable`, "api_error", `The ${what} does not answer`))

const nouns = {
  user: "user",
  team: "team",
  organization: "organization",
  endUser: "end user",
  membership: "membership",
  modelGroup: "model group",
  agent: "agent"
} as const

/** The problem behind a failure of the directory's administration. */
export const ofFailure = (failure: ChangeRefused | RowNotFound | DirectoryUnavailable): DirectoryProblem => {
  if (failure._tag === "RowNotFound") return notThere(nouns[failure.kind])
  if (failure._tag === "DirectoryUnavailable") return notAvailable("directory")
  const faults = failure.findings
  switch (failure.reason) {
    case "stale":
      return new Stale(said("stale", badRequest, "The row has changed since it was read"))
    case "taken":
      return new Conflict(
        said("subject_taken", badRequest, "A subject is linked to another user, or a name is another agent's", faults)
      )
    case "missing":
      return unprocessable("reference_missing", "The request names a row that does not exist", faults)
    case "referenced":
      return new Conflict(said("referenced", badRequest, "Another row names this one", faults))
    case "reused":
      return unprocessable("idempotency_key_reused", "The idempotency key was used for another request")
    case "unsupported":
      return unprocessable(
        "unsupported",
        "The rows of a LiteLLM database are managed in LiteLLM, with its page or its API; the deny list is kept here",
        faults
      )
    case "unwritable":
      return new NotAvailable(
        said(
          "directory_unwritable",
          "api_error",
          `Nothing was changed: ${faults[0]?.message ?? "it cannot be written"}`
        )
      )
    case "readonly":
      return new DirectoryReadOnly(
        said("directory_read_only", "permission_error", "This directory is only read (directory.write: false)")
      )
  }
}
