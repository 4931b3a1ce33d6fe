/**
 * The JSON Schema and the reference page of the configuration file, made from
 * the one schema that reads it and the doc comments at its fields.
 */
import { FileSettings } from "@jotgate/server/GatewaySettings"
import { Schema } from "effect"
import { join } from "node:path"
import { presets } from "../../packages/server/src/config/Presets.ts"
import { fieldTexts } from "./FieldTexts.ts"

const root = join(import.meta.dirname, "../..")

/** What each setting means, by its path: what editors show of the field. */
const descriptions = fieldTexts(root, "packages/server/src/config/GatewaySettings.ts", "FileSettings")

/** A JSON Schema, as far as the configuration needs it. */
interface Node {
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<Node>
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: ReadonlyArray<string>
  readonly additionalProperties?: Node | boolean
  readonly description?: string
  readonly default?: unknown
}

/** One setting of the reference page. */
export interface Setting {
  readonly path: string
  readonly type: string
  readonly required: boolean
  /** As it is written in the file; `undefined` when there is none. */
  readonly default: unknown
  readonly description: string | undefined
  /** The default that its doc comment tells, as JSON. */
  readonly told: string | undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isNode = (value: unknown): value is Node => isRecord(value)

const issuer = { id: "id", issuer: "https://issuer.test", audience: "audience" }
const upstream = { url: "http://upstream.test" }

/** Files that say as little as they can: what else is in them once they were read is a default. */
const minimal: ReadonlyArray<unknown> = [
  { issuers: [issuer] },
  {
    issuers: [{
      ...issuer,
      claims: {},
      opaque: { introspection: { url: "u", clientId: "c", clientSecret: "env:S" }, userinfo: {} }
    }],
    policy: { mcp: [{ server: "s", path: "/s", upstream }] },
    gateway: { upstream, upstreams: [{ ...upstream, match: { path: "/" } }] }
  }
]
const written = minimal.map((it) => Schema.encodeUnknownSync(FileSettings)(Schema.decodeUnknownSync(FileSettings)(it)))

const at = (value: unknown, path: string): unknown =>
  path.split(/\.|(?=\[)/).reduce<unknown>(
    (it, key) => key === "[]" ? (Array.isArray(it) ? it[0] : undefined) : isRecord(it) ? it[key] : undefined,
    value
  )

const defaultAt = (path: string): unknown => {
  for (const [index, file] of written.entries()) {
    const found = at(file, path)
    if (found !== undefined && at(minimal[index], path) === undefined) return found
  }
  return path === "issuers" ? [] : undefined
}

/** The paths of a node's members: a member of a map is `*`, an item of a list `[]`. */
const members = (node: Node, path: string): ReadonlyArray<readonly [path: string, node: Node, required: boolean]> => [
  ...(node.anyOf ?? []).flatMap((it) => members(it, path)),
  ...Object.entries(node.properties ?? {}).map(([key, it]) =>
    [path === "" ? key : `${path}.${key}`, it, node.required?.includes(key) === true] as const
  ),
  ...(node.items === undefined ? [] : members(node.items, `${path}[]`)),
  ...(node.properties === undefined && isNode(node.additionalProperties)
    ? [[`${path}.*`, node.additionalProperties, false] as const]
    : [])
]

const typeOf = (node: Node): string => {
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeOf))].join(" or ")
  if (node.enum !== undefined) return node.enum.map((it) => `\`${String(it)}\``).join(", ")
  if (node.type === "array") return node.items === undefined ? "list" : `list of ${typeOf(node.items)}`
  return node.type === "object" ? "map" : node.type === "string" ? "text" : node.type ?? "any"
}

/** The schema of the file as the schema library gives it, before it is described. */
const bare = (): Node => {
  const { schema } = Schema.toJsonSchemaDocument(FileSettings)
  return isNode(schema) ? schema : {}
}

const collect = (node: Node, path: string): ReadonlyArray<Setting> =>
  members(node, path).flatMap(([name, it, required]) => [
    {
      path: name,
      type: typeOf(it),
      required,
      default: defaultAt(name),
      description: descriptions.get(name)?.text,
      told: descriptions.get(name)?.standard
    },
    ...collect(it, name)
  ])

/** Every setting, in the order of the schema. */
export const settings = (): ReadonlyArray<Setting> => {
  const seen = new Set<string>()
  return collect(bare(), "").filter(({ path }) => !seen.has(path) && seen.add(path) !== undefined)
}

/** Adds what the library does not know: descriptions, defaults, and that an unknown key is an error. */
const described = (node: Node, path: string): Node => {
  const own = descriptions.get(path)?.text
  const standard = defaultAt(path)
  return {
    ...node,
    ...(own === undefined ? {} : { description: own }),
    ...(path === "" || standard === undefined ? {} : { default: standard }),
    ...(node.anyOf === undefined ? {} : { anyOf: node.anyOf.map((it) => inside(it, path)) }),
    ...inside(node, path)
  }
}

const inside = (node: Node, path: string): Node => ({
  ...node,
  ...(node.anyOf === undefined ? {} : { anyOf: node.anyOf.map((it) => inside(it, path)) }),
  ...(node.items === undefined ? {} : { items: inside(node.items, `${path}[]`) }),
  ...(node.properties === undefined
    ? isNode(node.additionalProperties)
      ? { additionalProperties: described(node.additionalProperties, `${path}.*`) }
      : {}
    : {
      properties: Object.fromEntries(
        Object.entries(node.properties).map(([key, it]) => [key, described(it, path === "" ? key : `${path}.${key}`)])
      ),
      additionalProperties: path.endsWith("jwks") || path.endsWith("jwks[]")
    })
})

/** An issuer that names a preset may say what the preset asks for, and need not say what it stands for. */
const presetOf = (issuer: Node): Node => {
  const parameters = presets.flatMap((it) => Object.entries(it.parameters).map(([key, value]) => ({ key, ...value })))
  const text: Node = { type: "string" }
  return {
    type: "object",
    properties: {
      preset: { enum: presets.map((it) => it.name), description: "The identity provider; docs/providers says more." },
      ...Object.fromEntries(
        parameters.map(({ description, key, many }) =>
          many === true
            ? [key, { description, anyOf: [text, { type: "array", items: text }] }]
            : [key, { ...text, description }]
        )
      ),
      ...issuer.properties
    },
    required: ["preset", "audience"],
    additionalProperties: false
  }
}

/** Issuers may be spelt with a preset; the schema that reads the file sees the block that it stands for. */
const withPresets = (node: Node): Node => {
  const issuers = node.properties?.["issuers"]
  const issuer = issuers?.items
  if (issuers === undefined || issuer === undefined) return node
  const items = { anyOf: [issuer, presetOf(issuer)] }
  return { ...node, properties: { ...node.properties, issuers: { ...issuers, items } } }
}

/** The JSON Schema of the configuration file (draft 2020-12). */
export const jsonSchema = (): object => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "The configuration file of jotgate",
  ...withPresets(inside(bare(), ""))
})

/** A default as it stands in a table; a long one is in the JSON Schema. */
const inline = (value: unknown): string => {
  if (value === undefined) return ""
  const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value)
  return `\`${text.length <= 60 ? text : isRecord(value) ? "{ … }" : "[ … ]"}\``
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const sectionOf = (path: string): string => path.split(/[.[]/, 1)[0] ?? ""

/** The rows of one section; its own row only when it has no settings inside. */
const rowsOf = (section: string, all: ReadonlyArray<Setting>): ReadonlyArray<string> => {
  const own = all.filter(({ path }) => sectionOf(path) === section)
  return (own.length > 1 ? own.filter(({ path }) => path !== section) : own).map((it) =>
    `| \`${it.path}\` | ${cell(it.type)} | ${it.required ? "required" : inline(it.default)} | ${
      cell(it.description ?? "")
    } |`
  )
}

/** The reference page: one table for each section. */
export const referencePage = (): string => {
  const all = settings().filter(({ path }) =>
    // One claim shows what all of them take.
    !/^issuers\[\]\.claims\.(?!teams\.)\w+\./.test(path)
  )
  const sections = [...new Set(all.map(({ path }) => sectionOf(path)))]
  return [
    "# The configuration file",
    "",
    "One YAML file (JSON is YAML too). Made from the schema that reads it; an unknown key is an error. `${NAME}` and",
    "`${NAME:-default}` in strings are variables of the environment, `$${` is a literal `${`. A *secret* is `env:NAME` or",
    "`file:PATH`; relative file names are relative to the file. Durations: `60s`, `5m`, `24h`; sizes: `16KiB`. A *pattern*",
    "has `*` as its only special character. A *route entry* is a route group, a path, a path with `{x}` or `{x:path}`, or a",
    "path that ends in `*`. A claim is a path, a list of paths (the first that exists), or a map as shown at `claims.teams`.",
    "",
    ...sections.flatMap((section) => [
      `## ${section}`,
      "",
      ...(descriptions.has(section) ? [descriptions.get(section)?.text ?? "", ""] : []),
      "| setting | value | default | meaning |",
      "| --- | --- | --- | --- |",
      ...rowsOf(section, all),
      ""
    ])
  ].join("\n")
}
