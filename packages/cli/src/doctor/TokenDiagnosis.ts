/**
 * What a token says, without asking anybody: its claims, which of them a mapping
 * reads, and a `claims` block that fits. Nothing is verified, nothing is sent,
 * and the token itself is not printed.
 */
import type { Json, JsonObject } from "@jotgate/core/Json"
import * as JsonText from "@jotgate/core/Json"
import { unread } from "@jotgate/core/MappedClaims"
import { shown } from "@jotgate/core/Refusal"
import type { Issuer } from "@jotgate/core/Settings"
import { Result } from "effect"
import { stringify } from "yaml"

const payloadOf = (token: string): JsonObject | undefined => {
  const parts = token.trim().replace(/^Bearer /i, "").split(".")
  if (parts.length !== 3) return undefined
  const parsed = JsonText.parse(Buffer.from(parts[1] ?? "", "base64url").toString())
  return Result.isSuccess(parsed) && JsonText.isObject(parsed.success) ? parsed.success : undefined
}

/** Claims that are usually called so, by what they are read for. */
const usual: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["user", ["oid", "sub"]],
  ["email", ["email", "preferred_username", "upn"]],
  ["teams", ["groups", "teams", "realm_access.roles", "cognito:groups", "roles"]],
  ["organization", ["org_id", "organization", "tid"]],
  ["roles", ["roles", "realm_access.roles", "wids"]],
  ["scopes", ["scope", "scp"]]
]

const at = (payload: JsonObject, path: string): Json | undefined =>
  path.split(".").reduce<Json | undefined>(
    (value, name) => value !== undefined && JsonText.isObject(value) ? value[name] : undefined,
    payload
  )

const isThere = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)

const fitting = (payload: JsonObject) =>
  Object.fromEntries(usual.flatMap(([name, paths]) => {
    const found = paths.find((it) => isThere(at(payload, it)))
    return found === undefined ? [] : [[name, found]]
  }))

/** The lines; `undefined` when the token has no payload that can be read. */
export const lines = (token: string, issuers: ReadonlyArray<Issuer>): ReadonlyArray<string> | undefined => {
  const payload = payloadOf(token)
  if (payload === undefined) return undefined
  const issuer = issuers.find((it) => it.issuer === payload["iss"])
  const ignored = new Set(issuer === undefined ? [] : unread(issuer, payload))
  const claims = Object.entries(payload).map(([name, value]) => {
    const note = issuer === undefined ? "" : ignored.has(name) ? "   (nothing reads it)" : ""
    return `  ${name.padEnd(22)} ${JSON.stringify(shown(value, 80))}${note}`
  })
  const trusted = issuers.length === 0
    ? []
    : issuer === undefined
    ? [
      `✘ issuer        ${JSON.stringify(shown(payload["iss"]))} is none of ${issuers.map((it) => it.issuer).join(", ")}`
    ]
    : [`✔ issuer        ${issuer.id}`]
  return [
    ...trusted,
    "claims of the token (not verified):",
    ...claims,
    "a claims block that fits:",
    ...stringify({ claims: fitting(payload) }).trimEnd().split("\n").map((it) => `  ${it}`)
  ]
}
