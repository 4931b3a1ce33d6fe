/**
 * The path of a claim: names joined by dots, as the configuration file writes them.
 *
 * `realm_access.roles` walks objects name by name; `kubernetes\.io.namespace` has an escaped dot; one leading
 * `metadata.` is dropped (parity with the reference). Arrays are not indexed, and only own members are seen, so
 * `__proto__` and `constructor` are names like any other.
 */
import type { Json, JsonObject } from "../Json.ts"

/** The names of a path, outermost first. */
export type ClaimPath = ReadonlyArray<string>

/** Splits the text of a path at its unescaped dots. */
export const parse = (text: string): ClaimPath => {
  const path = text.startsWith("metadata.") ? text.slice("metadata.".length) : text
  if (!path.includes("\\")) return path.split(".")
  return path.split(/(?<!\\)\./).map((name) => name.replaceAll("\\.", "."))
}

/** Equal exactly for two texts of one path. */
export const keyOf = (text: string): string => parse(text).join("\0")

/** The value at a path; `undefined` when a name is missing or stands below something that is no object. */
export const read = (path: ClaimPath, payload: JsonObject): Json | undefined => {
  let value: Json | undefined = payload
  for (const name of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined
    }
    value = (value as JsonObject)[name]
  }
  return value
}
