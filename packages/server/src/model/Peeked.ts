/**
 * What one place of a request (path, query, body) says about the model, and how
 * several places are joined.
 *
 * All checks see the same model (RULES D19): two places that name different
 * ones are refused. Names that an upstream splits or trims (`a,b` is two models
 * to LiteLLM) are refused as well.
 */
import type { Code } from "@jotgate/core/Errors"
import { conflictingModels, knownModel, noModel, type RequestedModel } from "@jotgate/core/Request"

/** A model, none, or a reason why the request is refused. */
export type Peeked =
  | { readonly _tag: "Found"; readonly name: string }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Refused"; readonly code: Extract<Code, "request_ambiguous" | "body_invalid" | "body_too_large"> }

/** No model is named here. */
export const nothing: Peeked = { _tag: "Nothing" }
/** This model is named. */
export const found = (name: string): Peeked => ({ _tag: "Found", name })
/** Two parsers could read different models. */
export const ambiguous: Peeked = { _tag: "Refused", code: "request_ambiguous" }
/** The body is not what it says it is. */
export const invalid: Peeked = { _tag: "Refused", code: "body_invalid" }
/** The body is larger than the limit, perhaps only after inflating. */
export const tooLarge: Peeked = { _tag: "Refused", code: "body_too_large" }

/** The longest name of a model, in UTF-16 units. */
const maxLength = 1024

const unprintable = /[\p{Cc},]/u

/** Whether `name` can be the name of one model: not empty, at most 1024 units, well-formed, no control character, no comma. */
export const isModelName = (name: string): boolean =>
  name.length > 0 && name.length <= maxLength && !unprintable.test(name) && name.isWellFormed()

/** `found(name)` when it can be the name of one model. */
export const named = (name: string): Peeked =>
  isModelName(name) ? found(name) : name.includes(",") ? ambiguous : invalid

/** What two places of one request say together. */
export const join = (one: Peeked, other: Peeked): Peeked =>
  one._tag === "Refused" || other._tag === "Nothing"
    ? one
    : other._tag === "Refused" || one._tag === "Nothing"
    ? other
    : one.name === other.name
    ? one
    : ambiguous

/**
 * The model of the question that is put to `AuthBuilder`; two models in one
 * request are its business, so that a caller without a good token learns nothing
 * else. `undefined` when the request cannot be judged at all.
 */
export const requested = (peeked: Peeked, unnamed: RequestedModel = noModel): RequestedModel | undefined =>
  peeked._tag === "Found"
    ? knownModel(peeked.name)
    : peeked._tag === "Nothing"
    ? unnamed
    : peeked.code === "request_ambiguous"
    ? conflictingModels
    : undefined

/** The code of a refusal. */
export const codeOf = (peeked: Peeked): "request_ambiguous" | "body_invalid" | "body_too_large" =>
  peeked._tag === "Refused" ? peeked.code : "body_invalid"
