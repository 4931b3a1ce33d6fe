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

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value counts as absent (RULES D11). */
export const isAbsent = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)

/** The value at a path; `undefined` when a name is missing or stands below something that is no object. */
export const read = (path: ClaimPath, payload: JsonObject): Json | undefined => {
  let value: Json | undefined = payload
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/**
 * Whether the token says that a claim which is not there is elsewhere (OpenID Connect Core 5.6.2). What it says is then
 * not known, which is never the same as nothing (RULES D12). Groups that are elsewhere are an overage (RULES D14).
 */
export const isElsewhere = (path: ClaimPath, payload: JsonObject): boolean => {
  const elsewhere = payload["_claim_names"]
  const [first = ""] = path
  return first !== "groups" && isAbsent(read(path, payload)) && isObject(elsewhere) && Object.hasOwn(elsewhere, first)
}

/**
 * Whether something on the way to a claim holds no names. A path that leads nowhere is an absent claim, as for the
 * reference; where an absent claim gives rights, as for who acts, this tells the two apart (RULES D12).
 */
export const isBlocked = (path: ClaimPath, payload: JsonObject): boolean => {
  let value: Json | undefined = payload
  for (const name of path) {
    if (isAbsent(value)) return false
    if (!isObject(value)) return true
    value = Object.hasOwn(value, name) ? value[name] : undefined
  }
  return false
}
