/**
 * What is asked: method, judged path, raw header pairs, and the model.
 *
 * A path that two parsers could read differently is refused here, once, for
 * every door (threats E06, E07): nothing is normalized, so the decision is made
 * on the very bytes that the upstream receives.
 */
import { Exit } from "effect"
import { BadRequest } from "./Errors.ts"

/**
 * The model of a request: `Known` with its name, `None` when the request names
 * none, `Unseen` when the door cannot see the body (forward auth), `Several`
 * when it names two different ones (RULES D19): 400, once the token is proven.
 */
export type RequestedModel =
  | { readonly _tag: "Known"; readonly name: string }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unseen" }
  | { readonly _tag: "Several" }

/** A request that names no model. */
export const noModel: RequestedModel = { _tag: "None" }
/** A request whose body this door cannot see. */
export const unseenModel: RequestedModel = { _tag: "Unseen" }
/** A request that names two different models. */
export const severalModels: RequestedModel = { _tag: "Several" }
/** A request for one model. */
export const knownModel = (name: string): RequestedModel => ({ _tag: "Known", name })

/** One question: may this request pass? */
export interface Asked {
  /** Upper case. */
  readonly method: string
  /** The path without query, byte for byte as the upstream will receive it. */
  readonly path: string
  /** Name, value, name, value … as they came over the wire: duplicates are visible (threat E04). */
  readonly rawHeaders: ReadonlyArray<string>
  readonly model: RequestedModel
  /** Whether the door tells what else may be called: only then the user's limits in every team are looked up. */
  readonly listsModels?: boolean
}

const SLASH = 0x2f
const DOT = 0x2e
const PERCENT = 0x25
const COLON = 0x3a

/** Characters that some parser treats specially inside a path: `"`, `#`, `;`, `<`, `>`, `?`, `\`, `^`, `` ` ``, `{`, `|`, `}`. */
const refused = new Set([..."\"#;<>?\\^`{|}"].map((it) => it.charCodeAt(0)))

const hex = (code: number): number =>
  code >= 0x30 && code <= 0x39
    ? code - 0x30
    : code >= 0x41 && code <= 0x46
    ? code - 0x37
    : code >= 0x61 && code <= 0x66
    ? code - 0x57
    : -1

/** Percent-encoded octets that stay themselves in every parser: space, some delimiters, and UTF-8 beyond ASCII. */
const mayBeEncoded = (octet: number): boolean =>
  octet >= 0x80 || octet === 0x20 || octet === 0x22 || octet === 0x3c || octet === 0x3e || octet === 0x5b ||
  octet === 0x5d || octet === 0x5e || octet === 0x60 || octet === 0x7b || octet === 0x7c || octet === 0x7d

/**
 * Whether every parser reads `path` alike: it starts with one `/`, and holds no
 * dot segment, empty segment, path parameter, backslash, fragment, control or
 * non-ASCII byte, and no percent sign that is malformed or encodes a character
 * that has a meaning in a path or needs no encoding.
 */
export const isUnambiguousPath = (path: string): boolean => {
  const length = path.length
  if (length === 0 || path.charCodeAt(0) !== SLASH) return false
  const isBedrock = path.startsWith("/bedrock/")
  let segment = 1
  let beyondAscii = false
  for (let i = 1; i <= length; i++) {
    const code = i === length ? SLASH : path.charCodeAt(i)
    if (code === SLASH) {
      const size = i - segment
      if (size === 0 && i !== length) return false
      if (size === 1 && path.charCodeAt(segment) === DOT) return false
      if (size === 2 && path.charCodeAt(segment) === DOT && path.charCodeAt(segment + 1) === DOT) return false
      segment = i + 1
    } else if (code === PERCENT) {
      if (i + 2 >= length) return false
      const high = hex(path.charCodeAt(i + 1))
      const low = hex(path.charCodeAt(i + 2))
      if (high < 0 || low < 0) return false
      const octet = high * 16 + low
      // AWS clients encode the colon of a Bedrock model's version; no route below that prefix has a verb behind a colon.
      if (!mayBeEncoded(octet) && !(octet === COLON && isBedrock)) return false
      if (high >= 8) beyondAscii = true
      i += 2
    } else if (code <= 0x20 || code >= 0x7f || refused.has(code)) {
      return false
    }
  }
  return !beyondAscii || decoded(path) !== undefined
}

/** The percent-decoded form of a path, or `undefined` when the octets are not UTF-8. */
export const decoded = (path: string): string | undefined => {
  if (!path.includes("%")) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const ambiguous = Exit.fail(new BadRequest({ code: "request_ambiguous" }))

/**
 * Makes the question of one request. `target` is the request target in origin
 * form (path and query); fails with `request_ambiguous` when its path can be
 * read in more than one way.
 */
export const make = (input: {
  readonly method: string
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
  readonly model?: RequestedModel
}): Exit.Exit<Asked, BadRequest> => {
  const query = input.target.indexOf("?")
  const path = query === -1 ? input.target : input.target.slice(0, query)
  if (!isUnambiguousPath(path) || (query !== -1 && input.target.includes("#", query))) return ambiguous
  return Exit.succeed({
    method: input.method.toUpperCase(),
    path,
    rawHeaders: input.rawHeaders,
    model: input.model ?? noModel
  })
}

/** Header pairs of a record or of `[name, value]` entries, in the raw form of `Asked`. */
export const rawHeadersOf = (
  headers: Iterable<readonly [string, string]> | Readonly<Record<string, string | ReadonlyArray<string>>>
): ReadonlyArray<string> => {
  const raw: Array<string> = []
  const entries = Symbol.iterator in headers
    ? headers as Iterable<readonly [string, string | ReadonlyArray<string>]>
    : Object.entries(headers)
  for (const [name, value] of entries) {
    if (typeof value === "string") raw.push(name, value)
    else for (const one of value) raw.push(name, one)
  }
  return raw
}
