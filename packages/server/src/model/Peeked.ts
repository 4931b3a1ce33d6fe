/**
 * What one place of a request (path, query, body) says about the model, and how
 * several places are joined.
 *
 * All checks see the same models (RULES D19, D54): two places that name
 * different ones where one is meant are refused, places that name several on
 * purpose add to what is judged. Names that an upstream splits or trims (`a,b`
 * is two models to LiteLLM) are refused as well.
 */
import type { Code } from "@jotgate/core/Errors"
import { isModelName } from "@jotgate/core/ModelName"
import type { Refusal } from "@jotgate/core/ProblemResponse"
import { knownModel, maxModels, type RequestedModel, severalModels, unnamedModel } from "@jotgate/core/Request"

/** The models that were found. */
export interface Found {
  readonly _tag: "Found"
  /** The one model of the request; `undefined` where only lists name some. */
  readonly one: string | undefined
  /** Models that are named besides, each once, in the order of the request. */
  readonly others: ReadonlyArray<string>
  /** The places where they stand, as people write them, each once. */
  readonly places: ReadonlyArray<string>
}

/** A reason why the request is refused: in words for the operator, or the places that do not agree. */
export interface Refused {
  readonly _tag: "Refused"
  readonly code: Extract<Code, "request_ambiguous" | "body_invalid" | "body_too_large">
  readonly places?: ReadonlyArray<string>
  readonly why?: string
}

/** Models, none, something that runs a model which is not named, or a reason why the request is refused. */
export type Peeked =
  | Found
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Unnamed" }
  | Refused

/** No model is named here. */
export const nothing: Peeked = { _tag: "Nothing" }
/** Something here runs a model and does not say which: not known, whatever else is named (RULES D53). */
export const unnamed: Peeked = { _tag: "Unnamed" }
/** This model is named, at this place. */
export const found = (name: string, place = "model"): Peeked => ({
  _tag: "Found",
  one: name,
  others: [],
  places: [place]
})
/** These models are named, all of them on purpose. */
export const several = (names: ReadonlyArray<string>, places: ReadonlyArray<string>): Peeked =>
  names.length === 0 ? nothing : { _tag: "Found", one: undefined, others: names, places }
/** Two parsers could read different models; `why` never holds what the caller wrote. */
export const ambiguous = (why: string): Refused => ({ _tag: "Refused", code: "request_ambiguous", why })
/** The body is not what it says it is. */
export const invalid = (why: string): Refused => ({ _tag: "Refused", code: "body_invalid", why })
/** The body is larger than the limit, perhaps only after inflating. */
export const tooLarge: Peeked = { _tag: "Refused", code: "body_too_large" }

/** Why `name` is not the name of one model. */
export const refusalOf = (name: string): Peeked =>
  name.includes(",") ? ambiguous("a comma in a model's name") : invalid("a model's name that can be none")

/** `found(name)` when it can be the name of one model. */
export const named = (name: string, place = "model"): Peeked => isModelName(name) ? found(name, place) : refusalOf(name)

const union = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): ReadonlyArray<string> =>
  other.length === 0 ? one : one.length === 0 ? other : [...new Set([...one, ...other])]

/** What two places of one request say together. */
export const join = (one: Peeked, other: Peeked): Peeked => {
  if (one._tag === "Refused" || other._tag === "Nothing") return one
  if (other._tag === "Refused" || one._tag === "Nothing") return other
  if (one._tag === "Unnamed" || other._tag === "Unnamed") return unnamed
  if (one.one !== undefined && other.one !== undefined && one.one !== other.one) {
    return { _tag: "Refused", code: "request_ambiguous", places: union(one.places, other.places) }
  }
  const others = union(one.others, other.others)
  return others.length > maxModels
    ? invalid("more models than one request may name")
    : { _tag: "Found", one: one.one ?? other.one, others, places: union(one.places, other.places) }
}

/** Every model that was found, the one of the request first. */
export const namesOf = ({ one, others }: Found): ReadonlyArray<string> =>
  one === undefined ? others : [one, ...others.filter((it) => it !== one)]
/**
 * The models of the question that is put to `AuthBuilder`; `unfound` is what a request asks for that names none.
 * Contradicting models are the pipeline's business, so that a caller without a good token learns nothing else.
 * `undefined` when the request cannot be judged at all.
 */
export const requested = (seen: Peeked, unfound: RequestedModel): RequestedModel | undefined => {
  switch (seen._tag) {
    case "Found":
      return seen.one === undefined || seen.others.length > 0
        ? severalModels(namesOf(seen), seen.places)
        : knownModel(seen.one, seen.places[0])
    case "Unnamed":
      return unnamedModel
    case "Nothing":
      return unfound
    case "Refused":
      return seen.code !== "request_ambiguous"
        ? undefined
        : {
          _tag: "Conflict",
          ...(seen.places === undefined ? {} : { at: seen.places }),
          ...(seen.why === undefined ? {} : { why: seen.why })
        }
  }
}

/** The code of a refusal. */
export const codeOf = (seen: Peeked): "request_ambiguous" | "body_invalid" | "body_too_large" =>
  seen._tag === "Refused" ? seen.code : "body_invalid"

/** The same with why, for the operator. */
export const refusalIn = (seen: Peeked): Refusal => {
  const why = seen._tag !== "Refused"
    ? undefined
    : seen.why ?? (seen.places === undefined ? undefined : `${seen.places.join(" and ")} name different models`)
  return { code: codeOf(seen), ...(why === undefined ? {} : { cause: why }) }
}
