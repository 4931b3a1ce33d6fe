/**
 * The headers that tell the next hop who is calling (DESIGN §8).
 *
 * Values are percent-encoded, so that every name fits in one header line
 * (threat E15). All of them together stay within 8 kB: a list is cut
 * at a whole pattern and marked, an id is never cut but left out (threat E16).
 */
import type { Allowed } from "../Decision.ts"

/** The names, in the order in which they are sent. */
export const identityHeaders = [
  "x-jotgate-decision",
  "x-jotgate-user",
  "x-jotgate-email",
  "x-jotgate-team",
  "x-jotgate-organization",
  "x-jotgate-end-user",
  "x-jotgate-agent",
  "x-jotgate-admin",
  "x-jotgate-models",
  "x-jotgate-tools"
] as const

/** Every name that the gate sets, or has set: in its answers, towards an upstream, and at the doors that carry few statuses. */
export const ourHeaders: ReadonlyArray<string> = [
  ...identityHeaders,
  "x-jotgate-status",
  "x-jotgate-code"
]

/** Bytes that all values together may take. */
const budget = 8 * 1024 - 512

/** Last entry of a list that was cut: an encoded ellipsis, the name of no model and no tool. */
export const cutMark = encodeURIComponent("…")

const plain = /^[\w.!~*'()-]*$/

/** The encoded form of a value, or `undefined` when there is none or it has no UTF-8 form. */
const encode = (value: string | undefined): string | undefined =>
  value === undefined || plain.test(value) ? value : value.isWellFormed() ? encodeURIComponent(value) : undefined

const patternList = (patterns: ReadonlyArray<string>, room: number): string => {
  let list = ""
  for (const pattern of patterns) {
    const next = encode(pattern)
    if (next === undefined) continue
    if (list.length + next.length + 2 + cutMark.length > room) return list === "" ? cutMark : `${list},${cutMark}`
    list = list === "" ? next : `${list},${next}`
  }
  return list
}

/** Patterns of tools: without what is taken away a cut list would say more than is left, so it says nothing. */
const toolList = (patterns: ReadonlyArray<string>, room: number): string => {
  const list = patternList(patterns, room)
  return list.endsWith(cutMark) && patterns.some((it) => it.startsWith("!")) ? cutMark : list
}

/** Names and values of the attributes, "" where there is nothing; and the room that they leave. */
interface Attributes {
  readonly values: ReadonlyArray<string>
  readonly room: number
  /** The complete set with the lists of models and of tools, made when it is asked for; the id of the decision stands in its second place. */
  answer: ReadonlyArray<string> | undefined
}

const read = ({ principal }: Allowed): Attributes => {
  // The id of a decision has 28 characters.
  let room = budget - 28
  const values = [
    principal.userId,
    principal.email,
    principal.teamId,
    principal.organizationId,
    principal.endUserId,
    principal.agent?.id,
    principal.admin ? "true" : undefined
  ].map((value) => {
    const encoded = encode(value)
    if (encoded === undefined || encoded.length > room) return ""
    room -= encoded.length
    return encoded
  })
  return { values, room, answer: undefined }
}

/** The same decision is given again while it is remembered, and its attributes with it. */
const known = new WeakMap<Allowed, Attributes>()

const attributesOf = (allowed: Allowed): Attributes => {
  const before = known.get(allowed)
  if (before !== undefined) return before
  const attributes = read(allowed)
  known.set(allowed, attributes)
  return attributes
}

/** What can be told of a caller, in the order in which it is sent. */
export const identityAttributes = [
  "decision",
  "user",
  "email",
  "team",
  "organization",
  "endUser",
  "agent",
  "admin",
  "models"
] as const
export type IdentityAttribute = (typeof identityAttributes)[number]

/** A header of `gateway.identityHeaders`: one of our values under another name. */
export interface FurtherHeader {
  /** Lower case. */
  readonly name: string
  /** What it tells. */
  readonly attribute: IdentityAttribute
  /** Written as it is where that fits a header, else not at all. */
  readonly raw: boolean
}

const nothing: ReadonlyArray<FurtherHeader> = []

/** Text that is one header value as it stands. */
const fits = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

const rawText = (attribute: IdentityAttribute, id: string, { principal, reach }: Allowed): string | undefined => {
  switch (attribute) {
    case "decision":
      return id
    case "user":
      return principal.userId
    case "email":
      return principal.email
    case "team":
      return principal.teamId
    case "organization":
      return principal.organizationId
    case "endUser":
      return principal.endUserId
    case "agent":
      return principal.agent?.id
    case "admin":
      return principal.admin ? "true" : undefined
    case "models":
      return reach.models().join(",")
  }
}

/** The values of further headers, "" where there is nothing or nothing that fits; together they stay within 8 kB too. */
const furtherValues = (
  further: ReadonlyArray<FurtherHeader>,
  id: string,
  allowed: Allowed
): ReadonlyArray<string> => {
  let room = budget
  return further.map(({ attribute, raw }) => {
    const text = rawText(attribute, id, allowed)
    const value = raw
      ? text !== undefined && fits.test(text) ? text : undefined
      : attribute === "models"
      ? patternList(allowed.reach.models(), room)
      : encode(text)
    if (value === undefined || value.length > room) return ""
    room -= value.length
    return value
  })
}

const appendFurther = (
  raw: Array<string>,
  further: ReadonlyArray<FurtherHeader>,
  id: string,
  allowed: Allowed,
  empty: boolean
): void => {
  if (further.length === 0) return
  const values = furtherValues(further, id, allowed)
  for (const [index, { name }] of further.entries()) {
    const value = values[index] ?? ""
    if (empty || value !== "") raw.push(name, value)
  }
}

/** Puts name and value of the decision's id, and of every attribute that there is. */
const tell = ({ values }: Attributes, id: string, put: (name: string, value: string) => void): void => {
  put(identityHeaders[0], id)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value !== undefined && value !== "") put(identityHeaders[i + 1] ?? "", value)
  }
}

/** Appends name and value of every attribute that there is: for the upstream. */
export const appendIdentity = (
  raw: Array<string>,
  id: string,
  allowed: Allowed,
  further: ReadonlyArray<FurtherHeader> = nothing
): void => {
  tell(attributesOf(allowed), id, (name, value) => void raw.push(name, value))
  appendFurther(raw, further, id, allowed, false)
}

/** The same by name, of a decision that may not be asked for again: nothing is remembered with it. */
export const identityRecord = (id: string, allowed: Allowed): Record<string, string> => {
  const headers: Record<string, string> = {}
  tell(read(allowed), id, (name, value) => {
    headers[name] = value
  })
  return headers
}

/** Names and values of the complete set, without the id of a decision. */
const complete = ({ room, values }: Attributes, { reach }: Allowed): ReadonlyArray<string> => {
  const models = patternList(reach.models(), room)
  const tools = toolList(reach.tools(), room - models.length)
  return ["", ...values, models, tools].flatMap((value, at) => [identityHeaders[at] ?? "", value])
}

/** The complete set, empty where there is nothing: for forward-auth answers (lists of models and tools included). */
export const identityAnswer = (
  id: string,
  allowed: Allowed,
  further: ReadonlyArray<FurtherHeader> = nothing
): Array<string> => {
  const attributes = attributesOf(allowed)
  const raw = (attributes.answer ??= complete(attributes, allowed)).slice()
  raw[1] = id
  appendFurther(raw, further, id, allowed, true)
  return raw
}
