/**
 * JSON that was kept as text, in a column or in a cache that others can write.
 */

/** The value of a JSON text; what is no JSON is `undefined`, which no schema of ours takes. */
export const fromJson = (text: unknown): unknown => {
  if (typeof text !== "string") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
