/**
 * Reads a media type and its parameters (RFC 9110 §8.3) so that no two servers could read another one.
 *
 * Libraries differ in what they make of a parameter that is there twice, of a backslash inside quotes, of `name*`
 * (RFC 2231, 8187) and of what stands behind a comma. All of these are refused; what is read is written anew in one
 * spelling, and only that spelling is sent on (RULES D55).
 */

/** A media type as it was read. */
export interface MediaType {
  /** `type/subtype`, lower case. */
  readonly name: string
  /** Values by lower-case names, in the order of the text. */
  readonly parameters: ReadonlyMap<string, string>
}

const token = "[!#$%&'+.^_`|~0-9A-Za-z-]+"
const essence = new RegExp(`^[ \\t]*(${token}(?:/${token})?)[ \\t]*`)
const parameter = new RegExp(`;[ \\t]*(?:(${token})=(?:(${token})|"([^"\\\\\\u0000-\\u001f\\u007f]*)"))?[ \\t]*`, "y")
const isToken = new RegExp(`^${token}$`)

/** `name; a=b; c="d"` with lower-case names, each there once; `undefined` when it can be read in more than one way. */
export const parseParameters = (text: string): MediaType | undefined => {
  const found = essence.exec(text)
  if (found?.[1] === undefined) return undefined
  const parameters = new Map<string, string>()
  let at = found[0].length
  while (at < text.length) {
    parameter.lastIndex = at
    const next = parameter.exec(text)
    if (next === null) return undefined
    at += next[0].length
    const name = next[1]?.toLowerCase()
    if (name === undefined) continue
    if (parameters.has(name)) return undefined
    parameters.set(name, next[2] ?? next[3] ?? "")
  }
  return { name: found[1].toLowerCase(), parameters }
}

let lastText = ""
let lastType: MediaType | undefined

/** The media type in `text`; `undefined` when there is none, or it can be read in more than one way. */
export const parse = (text: string): MediaType | undefined => {
  // Nearly every body of a gate is of the same one.
  if (text === lastText) return lastType
  const it = parseParameters(text)
  lastType = it?.name.includes("/") === true ? it : undefined
  lastText = text
  return lastType
}

/** The one spelling in which a media type is sent. */
export const render = ({ name, parameters }: MediaType): string => {
  let text = name
  for (const [key, value] of parameters) text += `; ${key}=${isToken.test(value) ? value : `"${value}"`}`
  return text
}

/** Whether text of this type is UTF-8: says so, or says nothing. */
export const isUtf8Type = ({ parameters }: MediaType): boolean => {
  const charset = parameters.get("charset")?.toLowerCase()
  return charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii"
}

/** Whether a body of this type is JSON: `application/json`, `text/json`, or a suffix of RFC 6839. */
export const isJson = (name: string): boolean =>
  name === "application/json" || name === "text/json" || name.endsWith("+json")
