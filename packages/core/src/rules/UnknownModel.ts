/**
 * Unknown is never none (RULES D53): whoever may not call everything may not
 * call what cannot be told.
 */
import type { RequestedModel } from "./RequestedModel.ts"
import type { Ruling } from "./Ruling.ts"

/** A model route whose model nobody has found or seen, and nobody behind the gate will judge. */
export type UnknownModel = Extract<RequestedModel, { readonly _tag: "Unnamed" | "Unseen" }>

/** Whether a request may run a model that is not known here. */
export const isUnknown = (model: RequestedModel): model is UnknownModel =>
  model._tag === "Unnamed" || (model._tag === "Unseen" && !model.enforced)

/** The ruling on what is unknown to a caller with these models. */
export const denied = (model: UnknownModel, models: ReadonlyArray<string>): Ruling => ({
  step: "model",
  code: model._tag === "Unnamed" ? "model_unnamed" : "model_unseen",
  facts: {
    ...(model._tag === "Unnamed" && model.looked !== undefined ? { looked: model.looked } : {}),
    allowed: models
  }
})

/** Denies what is unknown to a caller with these models; `["*"]` is everything. */
export const judge = (model: UnknownModel, models: ReadonlyArray<string>): Ruling | undefined =>
  models.includes("*") ? undefined : denied(model, models)
