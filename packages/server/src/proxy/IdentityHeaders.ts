/**
 * The headers that tell the next hop who is calling (DESIGN §8).
 *
 * Values are percent-encoded, so that every name fits in one header line
 * (threat E15). All of them together stay within 8 kB: a list of models is cut
 * at a whole pattern and marked, an id is never cut but left out (threat E16).
 */
import type { Allowed } from "@jotgate/core/Decision"

/** The names, in the order in which they are sent. */
export const identityHeaders = [
  "x-jotgate-decision",
  "x-jotgate-user",
  "x-jotgate-email",
  "x-jotgate-team",
  "x-jotgate-organization",
  "x-jotgate-end-user",
  "x-jotgate-admin",
  "x-jotgate-models"
] as const

/** Bytes that all values together may take. */
const budget = 8 * 1024 - 512

/** Last entry of a list of models that was cut: an encoded ellipsis, the name of no model. */
export const cutMark = encodeURIComponent("…")

const plain = /^[\w.!~*'()-]*$/

/** The encoded form of a value, or `undefined` when there is none or it has no UTF-8 form. */
const encode = (value: string | undefined): string | undefined =>
  value === undefined || plain.test(value) ? value : value.isWellFormed() ? encodeURIComponent(value) : undefined

const modelList = (models: ReadonlyArray<string>, room: number): string => {
  let list = ""
  for (const model of models) {
    const next = encode(model)
    if (next === undefined) continue
    if (list.length + next.length + 2 + cutMark.length > room) return list === "" ? cutMark : `${list},${cutMark}`
    list = list === "" ? next : `${list},${next}`
  }
  return list
}

const valuesOf = (id: string, { principal }: Allowed): ReadonlyArray<string | undefined> => {
  let room = budget - id.length
  const fitting = (value: string | undefined): string | undefined => {
    const encoded = encode(value)
    if (encoded === undefined || encoded.length > room) return undefined
    room -= encoded.length
    return encoded
  }
  return [
    id,
    fitting(principal.userId),
    fitting(principal.email),
    fitting(principal.teamId),
    fitting(principal.organizationId),
    fitting(principal.endUserId),
    principal.admin ? "true" : undefined
  ]
}

/** Appends name and value of every attribute that there is: for the upstream. */
export const appendIdentity = (raw: Array<string>, id: string, allowed: Allowed): void => {
  const values = valuesOf(id, allowed)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value !== undefined && value !== "") raw.push(identityHeaders[i] ?? "", value)
  }
}

/** The complete set, empty where there is nothing: for forward-auth answers (`x-jotgate-models` included). */
export const identityAnswer = (id: string, allowed: Allowed): Array<string> => {
  const values = valuesOf(id, allowed)
  const raw: Array<string> = []
  let room = budget
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? ""
    room -= value.length
    raw.push(identityHeaders[i] ?? "", value)
  }
  raw.push("x-jotgate-models", modelList(allowed.reach.models(), room))
  return raw
}
