/**
 * The imported settings as a configuration file that people read: the keys in
 * the order of the reference page, and at the end of a line where it came from.
 *
 * The same input gives the same text, byte for byte.
 */
import { DirectorySettings, Issuer, PolicySettings } from "@jotgate/core/Settings"
import { FileSettings } from "@jotgate/server/GatewaySettings"
import { Document, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from "yaml"
import { type Path, placeOf, type Value } from "./Draft.ts"

const claims =
  "user email teams team teamAlias organization organizationAlias endUser object roles userRoles scopes agent"

/** The keys of a map of settings in the order of the reference page; `undefined` for any other map. */
const keysAt = (path: Path): ReadonlyArray<string> | undefined => {
  switch (path.map((key) => typeof key === "number" ? "*" : key).join(".")) {
    case "":
      return Object.keys(FileSettings.fields)
    case "issuers.*":
      return Object.keys(Issuer.fields)
    case "issuers.*.claims":
      return claims.split(" ")
    case "policy":
      return Object.keys(PolicySettings.fields)
    case "directory":
      return Object.keys(DirectorySettings.fields)
    default:
      return undefined
  }
}

/** Lists and small maps stand on one line, as long as the line stays readable. */
const width = 110

/** Stands for the table of providers while the library writes the rest. */
const placeholder = "providers-table"

const isMembers = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isScalarValue = (value: Value): boolean => !isMembers(value) && !Array.isArray(value)

/** Whether a value reads well on one line: scalars, and lists of them. */
const isPlain = (value: Value): boolean =>
  Array.isArray(value)
    ? value.every(isScalarValue)
    : isMembers(value) &&
      Object.values(value).every((it) => isScalarValue(it) || (Array.isArray(it) && it.every(isScalarValue)))

const sorted = (value: Value, path: Path): Value => {
  if (Array.isArray(value)) return value.map((it, index) => sorted(it, [...path, index]))
  if (!isMembers(value)) return value
  const keys = keysAt(path)
  const entries = Object.entries(value)
  const ordered = keys === undefined
    ? entries
    : entries.toSorted(([left], [right]) => keys.indexOf(left) - keys.indexOf(right))
  return Object.fromEntries(ordered.map(([key, it]) => [key, sorted(it, [...path, key])]))
}

/** A long map of names as lines of several members each. */
const filled = (members: { readonly [key: string]: Value }, indent: string): string => {
  const lines = [""]
  for (const [key, value] of Object.entries(members)) {
    const member = `${JSON.stringify(key)}: ${JSON.stringify(value)}, `.replaceAll(/"([A-Za-z][\w.-]*)"/g, "$1")
    const last = lines.length - 1
    if (`${indent}${lines[last]}${member}`.length > width) lines.push(member)
    else lines[last] += member
  }
  return `{\n${lines.map((line) => `${indent}  ${line.trimEnd()}`).join("\n").replace(/,$/, "")}\n${indent}}`
}

type Member = Pair<Scalar, unknown>

const isMember = (pair: unknown): pair is Member =>
  typeof pair === "object" && pair !== null && "key" in pair && isScalar(pair.key)

/** Puts each comment where it reads best: behind a value of one line, above a block. */
const annotate = (map: YAMLMap, path: Path, origins: ReadonlyMap<string, string>): void => {
  for (const pair of map.items) {
    if (!isMember(pair)) continue
    const at = [...path, String(pair.key.value)]
    const origin = origins.get(placeOf(at))
    const { value } = pair
    if (isMap(value) || isSeq(value)) {
      const short = isPlain(value.toJSON()) && JSON.stringify(value.toJSON()).length < width - 10 * path.length
      value.flow = short && ![...origins.keys()].some((place) => place.startsWith(`${placeOf(at)}.`))
      if (origin !== undefined && value.flow) value.comment = ` ${origin}`
      else if (origin !== undefined) pair.key.commentBefore = ` ${origin}`
      if (isMap(value)) annotate(value, at, origins)
      if (isSeq(value) && !value.flow) {
        value.items.forEach((item, index) => {
          if (!isMap(item)) return
          const from = origins.get(placeOf([...at, index]))
          item.flow = isPlain(item.toJSON()) || placeOf(at) !== "issuers"
          if (from !== undefined) item.commentBefore = ` ${from}`
          if (!item.flow) annotate(item, [...at, index], origins)
        })
      }
    } else if (origin !== undefined && isScalar(value)) {
      value.comment = ` ${origin}`
    }
  }
}

/** Writes `file` as YAML. `head` are lines of comment above everything. */
export const settingsText = (
  file: { readonly [key: string]: Value },
  origins: ReadonlyMap<string, string>,
  head: ReadonlyArray<string>
): string => {
  const { policy } = file
  const long = policy !== undefined && isMembers(policy) ? policy["providers"] : undefined
  const document = new Document(sorted(file, []))
  document.commentBefore = head.map((line) => ` ${line}`).join("\n")
  if (isMap(document.contents)) {
    if (long !== undefined) document.setIn(["policy", "providers"], document.createNode(placeholder))
    annotate(document.contents, [], origins)
    document.contents.items.forEach((pair, index) => {
      if (index > 0 && isMember(pair)) pair.key.spaceBefore = true
    })
  }
  const text = document.toString({ lineWidth: width, flowCollectionPadding: true, indentSeq: true })
  return long !== undefined && isMembers(long)
    ? text.replace(
      new RegExp(`${placeholder}( #.*)?`),
      (_, comment: string | undefined) => filled(long, "  ").replace("{", `{${comment ?? ""}`)
    )
    : text
}
