/**
 * What an operator wants to know of a reading: what was read from where, what
 * was odd, and what the token has that nothing reads. Collected only when
 * somebody listens; of claims that nothing reads the names alone are told.
 */
import type { Json, JsonObject } from "../Json.ts"
import type { MappedClaim } from "../Settings.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import type { FactsOf } from "../Step.ts"
import { shownText } from "../token/Refusal.ts"

/** How many entries of a list are shown. */
const SHOWN = 20

/** How many claims that nothing reads are named. */
const MOST_UNREAD = 50

/** Claims that every token is checked by, mapped or not (RFC 7519 §4.1, RFC 7800, RFC 9068, OpenID Connect Core 2). */
export const always: ReadonlyArray<ClaimPath> = [
  "iss",
  "sub",
  "aud",
  "exp",
  "nbf",
  "iat",
  "jti",
  "azp",
  "client_id",
  "cnf",
  "typ"
].map((name) => [name])

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The paths of a payload that none of `read` leads to; a path reads what stands below it too. */
export const unread = (payload: JsonObject, read: ReadonlyArray<ClaimPath>): ReadonlyArray<string> => {
  const names: Array<string> = []
  const walk = (object: JsonObject, prefix: string, within: ReadonlyArray<ClaimPath>): void => {
    for (const name of Object.keys(object)) {
      const below = within.filter((path) => path[0] === name).map((path) => path.slice(1))
      if (below.some((path) => path.length === 0)) continue
      const path = prefix + name.replaceAll(".", "\\.")
      const value = object[name]
      if (below.length > 0 && isObject(value)) walk(value, `${path}.`, below)
      else names.push(path)
    }
  }
  walk(payload, "", read)
  return names
}

/** The facts of the step `claims`, while they are collected. */
type Facts = { -readonly [Name in keyof FactsOf<"claims">]: FactsOf<"claims">[Name] }

/** Claims of several entries. */
const lists = ["teams", "roles", "userRoles", "scopes"] as const

/** Whether a claim may have several entries. */
export const isList = (name: MappedClaim): name is (typeof lists)[number] => lists.some((it) => it === name)

export class ClaimReport {
  readonly #read: Array<readonly [name: MappedClaim, path: string, value: string | ReadonlyArray<string>]> = []
  readonly #notes: Array<string> = []
  readonly #flags: Pick<Facts, "service" | "overage"> = {}

  read(name: MappedClaim, path: string, value: string | ReadonlyArray<string>): void {
    this.#read.push([name, path, value])
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  flag(name: "service" | "overage"): void {
    this.#flags[name] = true
  }

  /** The facts of the step, with the claims of `payload` that are not among `paths`. */
  facts(payload: JsonObject, paths: ReadonlyArray<ClaimPath>): FactsOf<"claims"> {
    const facts: Facts = { ...this.#flags }
    for (const [name, path, value] of this.#read) {
      if (typeof value === "string") {
        facts[name] = `${path} ${JSON.stringify(value.slice(0, 256))}`
        continue
      }
      facts[name] = [path, ...value.slice(0, SHOWN)]
      if (isList(name) && value.length > SHOWN) facts[`${name}Count`] = value.length
    }
    if (this.#notes.length > 0) facts.notes = this.#notes
    const rest = unread(payload, paths)
    if (rest.length > 0) facts.unread = rest.slice(0, MOST_UNREAD).map((name) => shownText(name))
    return facts
  }
}
