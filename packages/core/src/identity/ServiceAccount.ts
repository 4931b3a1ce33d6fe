/**
 * Tells the token of a service from that of a person (RULES D37, threat B14).
 *
 * A token whose `client_id` or `azp` is its `sub` is a service's own (RFC 9068
 * §5). Where a provider gives services another `sub`, patterns over claims tell
 * them, all of which must match; `{path}` as a pattern is the value of another
 * claim.
 */
import type { Json, JsonObject } from "../Json.ts"
import * as Pattern from "../rules/patterns/Pattern.ts"
import type * as Settings from "../Settings.ts"
import type { Addresses } from "../settings/AddressProof.ts"
import * as Path from "../settings/ClaimPath.ts"

/** Whether a payload is a service's own, by the settings of its issuer. */
export type ServiceTest = (payload: JsonObject) => boolean

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** What a claim says, alone or in a list. */
const textsOf = (value: Json | undefined): ReadonlyArray<Json> =>
  value === undefined ? [] : isList(value) ? value : [value]

const isOwn: ServiceTest = ({ azp, client_id, sub }) =>
  typeof sub === "string" && sub !== "" && (textsOf(client_id).includes(sub) || textsOf(azp).includes(sub))

/** The claim whose value a pattern `{path}` stands for. */
const otherOf = (pattern: string): string | undefined => /^\{([^{}]+)\}$/.exec(pattern)?.[1]

/** The paths that tell a service here. */
export const pathsOf = (settings: Settings.Issuer["serviceAccounts"]): ReadonlyArray<string> =>
  typeof settings === "string"
    ? []
    : Object.entries(settings.match).flatMap(([path, pattern]) => {
      const other = otherOf(pattern)
      return other === undefined ? [path] : [path, other]
    })

/** A pattern, or `{path}`: the value of another claim. */
const matcherOf = (pattern: string): (value: string, payload: JsonObject) => boolean => {
  const other = otherOf(pattern)
  if (other === undefined) return Pattern.compile(pattern)
  const names = Path.parse(other)
  return (value, payload) => value !== "" && textsOf(Path.read(names, payload)).includes(value)
}

/** Compiles the setting; an address tells nothing without its proof. */
export const compile = (
  settings: Settings.Issuer["serviceAccounts"],
  proofOf: Addresses["proofOf"]
): ServiceTest => {
  if (settings === "asUsers") return () => false
  if (settings === "apart") return isOwn
  if (settings.as === "asUsers") return () => false
  const tests = Object.entries(settings.match).map(([path, pattern]): ServiceTest => {
    const [names, matches, proves] = [Path.parse(path), matcherOf(pattern), proofOf(path)]
    return (payload) => {
      const says = textsOf(Path.read(names, payload)).some((it) => typeof it === "string" && matches(it, payload))
      return says && (proves === undefined || proves(payload))
    }
  })
  return (payload) => isOwn(payload) || (tests.length > 0 && tests.every((test) => test(payload)))
}
