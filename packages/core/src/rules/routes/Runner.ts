/**
 * Tools and plugins that run a model of their own, and where each of them says
 * which. One that does not say leaves the choice to its provider, or to the model
 * that calls it, and so to whoever writes the prompt: it is not known (RULES D53).
 */

/** Where a tool or a plugin of OpenRouter names its models, by what it calls itself. */
const saidAt: ReadonlyMap<string, string> = new Map([
  ["openrouter:advisor", "parameters.model"],
  ["openrouter:fusion", "parameters.analysis_models[]"],
  ["openrouter:image_generation", "parameters.model"],
  ["fusion", "analysis_models[]"]
])

/** Where an object of this type must name a model, as a path inside it; `undefined` when it runs none, or the request's own. */
export const namedAt = (type: string): string | undefined => saidAt.get(type)
