/**
 * The claims that a decision rests on: those that the issuer's mapping and the
 * rules of the deployment read, and no others. This is all that is ever kept of a token after its request.
 */
import type { Json, JsonObject } from "../Json.ts"
import type { Issuer } from "../Settings.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import * as Path from "../settings/ClaimPath.ts"
import type { Claims } from "../token/Claims.ts"

/** What every reading looks at besides the mapping: whether the address is proven, and whether a service is calling. */
const always = ["email_verified", "sub", "azp", "client_id"]

/** A mapping's paths, whichever of its forms it has. */
const pathsIn = (mapping: unknown): ReadonlyArray<string> =>
  typeof mapping === "string"
    ? [mapping]
    : Array.isArray(mapping)
    ? mapping.flatMap(pathsIn)
    : typeof mapping === "object" && mapping !== null
    ? Object.entries(mapping).flatMap(([name, it]) => notPaths.has(name) ? [] : pathsIn(it))
    : []

/** Members of a mapping that hold no path. */
const notPaths = new Set(["mode", "split", "match", "as", "map", "lower", "keys", "by", "orEmail"])

const namesOf = ({ claims, require }: Issuer): ReadonlyArray<string> => {
  const { overage: _, ...mappings } = claims
  return [...always, ...pathsIn(mappings), ...Object.keys(require)]
}

const parsed = (names: ReadonlyArray<string>): ReadonlyArray<ClaimPath> =>
  [...new Set(names)].filter((it) => it !== "").map((it) => Path.parse(it))

const compiled = new WeakMap<Claims["issuer"], ReadonlyArray<ClaimPath>>()

const pathsOf = (issuer: Claims["issuer"]): ReadonlyArray<ClaimPath> => {
  const known = compiled.get(issuer)
  if (known !== undefined) return known
  const paths = parsed([...namesOf(issuer.settings), ...issuer.ruled])
  compiled.set(issuer, paths)
  return paths
}

type Draft = { [name: string]: Json }

const isDraft = (it: Json | undefined): it is Draft => typeof it === "object" && it !== null && !Array.isArray(it)

/** Puts a value where it stood. */
const put = (draft: Draft, path: ClaimPath, value: Json): void => {
  const [name = "", ...rest] = path
  if (rest.length === 0) {
    draft[name] = value
    return
  }
  const below = draft[name]
  const inner: Draft = isDraft(below) ? below : Object.create(null)
  draft[name] = inner
  put(inner, rest, value)
}

/** The mapped claims of a verified token, each where it stood. */
export const mapped = ({ issuer, payload }: Claims): JsonObject => {
  const kept: Draft = Object.create(null)
  const actor = issuer.settings.claims.agent?.actor ?? undefined
  const chain = actor === undefined ? undefined : Path.parse(actor)
  const acts = chain === undefined ? undefined : Path.read(chain, payload)
  if (chain !== undefined && acts !== undefined) put(kept, chain, actorsOf(acts, chain.at(-1) ?? ""))
  for (const path of pathsOf(issuer)) {
    const value = Path.read(path, payload)
    if (value !== undefined && !isSame(path, chain)) put(kept, path, copyOf(value))
  }
  return kept
}

const isSame = (path: ClaimPath, other: ClaimPath | undefined): boolean =>
  path.length === other?.length && path.every((name, at) => name === other[at])

/** Of a chain of actors, what names each of them, and no more: their other claims are nobody's to keep. */
const actorsOf = (value: Json, nested: string, depth = 0): Json => {
  if (!isDraft(value)) return copyOf(value)
  const { sub } = value
  const next = Object.hasOwn(value, nested) ? value[nested] : undefined
  return {
    ...(sub === undefined ? {} : { sub: copyOf(sub) }),
    ...(next === undefined ? {} : { [nested]: depth < deepest ? actorsOf(next, nested, depth + 1) : {} })
  }
}

/** Deeper than any chain that is read. */
const deepest = 8

/** A value of its own, so that putting a claim below another one changes no token. */
const copyOf = (value: Json): Json =>
  Array.isArray(value)
    ? value.map((it: Json) => copyOf(it))
    : isDraft(value)
    ? Object.assign(
      Object.create(null),
      Object.fromEntries(Object.entries(value).map(([name, it]) => [name, copyOf(it)]))
    )
    : value

/** The names of the claims of a payload that no mapping reads, outermost names only. */
export const unread = (settings: Issuer, payload: JsonObject): ReadonlyArray<string> => {
  const read = new Set(parsed(namesOf(settings)).map(([name]) => name))
  return Object.keys(payload).filter((it) => !read.has(it) && !registered.has(it))
}

/** Claims that the check of the token itself reads. */
const registered = new Set(["iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "typ", "nonce", "at_hash", "sub", "act"])
