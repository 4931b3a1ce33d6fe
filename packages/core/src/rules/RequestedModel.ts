/**
 * What a request asks for, as the rules see it: which models, or why none.
 */

/**
 * What a request asks for; none of these is a guess (RULES D53).
 *
 * - `Known`: one model.
 * - `Several`: an API that names several on purpose; all must be allowed (RULES D54).
 * - `None`: nothing that runs a model is asked for.
 * - `Unnamed`: a model route, and no place of it names a model: whatever the
 *   upstream takes then is not known. `looked` names the places.
 * - `Unseen`: the door cannot see the body. `names` are the models that the rest
 *   of the request names; `enforced` says that the next hop keeps to what it is
 *   told may be called (`gateway.forwardAuth.unseenModel: pass`).
 * - `Conflict`: two different models where one is meant, or a text that two
 *   parsers read differently (RULES D19): 400, once the token is proven.
 *
 * `at` names the places in which the model was found, for the trace.
 */
export type RequestedModel =
  | {
    readonly _tag: "Known"
    /** The model. */
    readonly name: string
    /** The place that names it. */
    readonly at?: string
    /** Told to a rule of the host's own, where `name` is what an alias stands for: the other names of it, as it was asked for too. */
    readonly aliases?: ReadonlyArray<string>
  }
  | {
    readonly _tag: "Several"
    /** The models, each once. */
    readonly names: ReadonlyArray<string>
    /** The places that name them. */
    readonly at?: ReadonlyArray<string>
  }
  | { readonly _tag: "None" }
  | {
    readonly _tag: "Unnamed"
    /** The places that could name one. */
    readonly looked?: ReadonlyArray<string>
  }
  | {
    readonly _tag: "Unseen"
    /** The models that the rest of the request names. */
    readonly names: ReadonlyArray<string>
    /** Whether the next hop keeps to what may be called. */
    readonly enforced: boolean
  }
  | {
    readonly _tag: "Conflict"
    /** The places that do not agree. */
    readonly at?: ReadonlyArray<string>
    /** What is ambiguous, in words. */
    readonly why?: string
  }

/** How many models besides its own one request may name; more are 400 `body_invalid`. */
export const maxModels = 100

const noNames: ReadonlyArray<string> = []

/** A request that runs no model. */
export const noModel: RequestedModel = { _tag: "None" }
/** A request to a model route that names none. */
export const unnamedModel: RequestedModel = { _tag: "Unnamed" }
/** A request whose body this door cannot see, with a next hop that enforces nothing. */
export const unseenModel: RequestedModel = { _tag: "Unseen", names: noNames, enforced: false }
/** A request that names two different models where one is meant. */
export const conflictingModels: RequestedModel = { _tag: "Conflict" }
/** A request for one model; `at` is the place that names it. */
export const knownModel = (name: string, at?: string): RequestedModel =>
  at === undefined ? { _tag: "Known", name } : { _tag: "Known", name, at }
/** A request for several models, all of them meant: one that is named twice counts once. */
export const severalModels = (names: ReadonlyArray<string>, at?: ReadonlyArray<string>): RequestedModel => {
  const all = [...new Set(names)]
  const [first] = all
  return first === undefined
    ? noModel
    : all.length === 1
    ? knownModel(first, at?.[0])
    : at === undefined
    ? { _tag: "Several", names: all }
    : { _tag: "Several", names: all, at }
}

/** What OpenRouter reads behind a model's name as settings that are stored there, models to fall back to among them. */
const preset = "@preset/"

/** Whether a name is allowed; one that names stored settings besides, only where those are allowed by their own name. */
const isAllowed = (name: string, allows: (name: string) => boolean): boolean => {
  const at = name.indexOf(preset)
  return allows(name) && (at < 1 || allows(name.slice(at)))
}

/** The first named model that `allows` refuses; `undefined` when every named one is allowed. */
export const refusedName = (
  model: RequestedModel,
  allows: (name: string) => boolean
): string | undefined => {
  switch (model._tag) {
    case "Known":
      return isAllowed(model.name, allows) ? undefined : model.name
    case "Several":
    case "Unseen":
      return model.names.find((name) => !isAllowed(name, allows))
    default:
      return undefined
  }
}

/** Every model that a request names. */
export const namesOf = (model: RequestedModel): ReadonlyArray<string> =>
  model._tag === "Known"
    ? model.aliases === undefined ? [model.name] : [model.name, ...model.aliases]
    : model._tag === "Several" || model._tag === "Unseen"
    ? model.names
    : noNames

/** The named models as one text, for a line or a page; `null` when none is named. */
export const modelText = (model: RequestedModel): string | null =>
  model._tag === "Known" ? model.name : namesOf(model).join(", ") || null
