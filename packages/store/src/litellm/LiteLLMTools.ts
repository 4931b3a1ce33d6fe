/**
 * What LiteLLM's object permissions and access groups say of MCP servers, as
 * patterns.
 *
 * A grant of a server is `SERVER/*` under each name that the server has: its id,
 * its alias, its name; of a group of servers that of each server in the table, and
 * `group:NAME/*` for servers of LiteLLM's file, whose aliases say their groups.
 * Tools that are named narrow it. What grants no server says nothing; a toolset
 * grants what cannot be told here, so it grants none.
 */
import { Predicate, Schema } from "effect"
import { fromJson } from "../JsonText.ts"
import type { Question } from "../sql/Lookups.ts"
import { readKey } from "../sql/SqlToolRepo.ts"
import type { Tables } from "./LiteLLMTables.ts"

/** LiteLLM's word for every server. */
const EVERY = "all-proxy-mcpservers"

type Owner = "team" | "user" | "organization" | "agent"

const object = (column: string): string => `CASE WHEN jsonb_typeof(${column}) = 'object' THEN ${column} END`

/** The grants of a row as JSON text; `NULL` where the release has none. */
export const grants = ({ column, has, of }: Tables, owner: Owner, alias: string): string => {
  const isPermitted = has(owner, "object_permission_id")
  const isGrouped = has(owner, "access_group_ids") && has("accessGroup", "access_mcp_server_ids")
  if (!isPermitted && !isGrouped) return "NULL"
  const permission = (name: string, otherwise: string) => column("objectPermission", "p", name, otherwise)
  const tools = permission("mcp_tool_permissions", "NULL::jsonb")
  const servers = has("mcpServer")
    ? `(SELECT json_agg(json_build_object('id', s.server_id, 'names', json_build_array(s.alias, s.server_name)))
        FROM ${of("mcpServer")} s)`
    : "NULL"
  const grouped = has("mcpServer", "mcp_access_groups") && has("objectPermission", "mcp_access_groups")
    ? `(SELECT json_agg(s.server_id) FROM ${of("mcpServer")} s WHERE s.mcp_access_groups && p.mcp_access_groups)`
    : "NULL"
  const permitted = isPermitted
    ? `(SELECT json_build_object('ids', ${permission("mcp_servers", "NULL::text[]")}, 'tools', ${object(tools)},
        'some', ${permission("mcp_access_groups", "NULL::text[]")}, 'toolsets',
        ${permission("mcp_toolsets", "NULL::text[]")}, 'grouped', ${grouped})
        FROM ${of("objectPermission")} p WHERE p.object_permission_id = ${alias}.object_permission_id)`
    : "NULL"
  const unified = isGrouped
    ? `(SELECT json_agg(json_build_object('ids', g.access_mcp_server_ids, 'tools', ${
      object(column("accessGroup", "g", "mcp_tool_permissions", "NULL::jsonb"))
    })) FROM ${of("accessGroup")} g WHERE g.access_group_id = ANY(${alias}.access_group_ids))`
    : "NULL"
  return `(SELECT CASE WHEN x.permitted IS NULL AND x.unified IS NULL THEN NULL ELSE
      json_build_object('permitted', x.permitted, 'unified', x.unified, 'servers', ${servers})::text END
    FROM (SELECT ${permitted} AS permitted, ${unified} AS unified) x)`
}

/** The names of servers that any permission or group holds, for every kind alike. */
export const named = ({ has, of }: Tables): Question<string> | undefined => {
  if (!has("objectPermission")) return undefined
  const keys = (table: string, column: string) =>
    `SELECT k.id FROM ${table} p, jsonb_object_keys(coalesce(${object(`p.${column}`)}, '{}')) AS k (id)`
  const permissions = of("objectPermission")
  const groups = of("accessGroup")
  const ids = [
    ...(has("objectPermission", "mcp_servers") ? [`SELECT unnest(p.mcp_servers) FROM ${permissions} p`] : []),
    ...(has("objectPermission", "mcp_tool_permissions") ? [keys(permissions, "mcp_tool_permissions")] : []),
    ...(has("accessGroup", "access_mcp_server_ids") ? [`SELECT unnest(p.access_mcp_server_ids) FROM ${groups} p`] : []),
    ...(has("accessGroup", "mcp_tool_permissions") ? [keys(groups, "mcp_tool_permissions")] : []),
    ...(has("objectPermission", "mcp_access_groups")
      ? [`SELECT 'group:' || unnest(p.mcp_access_groups) FROM ${permissions} p`]
      : []),
    ...(has("mcpServer", "mcp_access_groups") && has("objectPermission", "mcp_access_groups")
      ? [`SELECT s.server_id FROM ${of("mcpServer")} s
          WHERE s.mcp_access_groups && ARRAY(SELECT unnest(p.mcp_access_groups) FROM ${permissions} p)`]
      : [])
  ]
  if (ids.length === 0) return undefined
  const granted = `(${ids.join(" UNION ")}) AS g (id)`
  return {
    name: "servers that permissions name",
    text: has("mcpServer")
      ? `SELECT DISTINCT n.key FROM ${granted} LEFT JOIN ${of("mcpServer")} s ON s.server_id = g.id,
          LATERAL (VALUES (g.id), (s.alias), (s.server_name)) AS n (key) WHERE n.key IS NOT NULL`
      : `SELECT DISTINCT g.id AS key FROM ${granted} WHERE g.id IS NOT NULL`,
    read: readKey
  }
}

/** Names as the server parts of patterns. */
export const serversIn = (keys: ReadonlyArray<string>): ReadonlyArray<string> =>
  keys.flatMap((key) => key === EVERY ? ["*"] : isPlain(key) && !key.includes("/") ? [key] : [])

/** Whether a text stands for itself in a pattern. */
const isPlain = (text: string): boolean => text !== "" && !/[*\p{Cc}]/u.test(text) && !text.startsWith("!")

const List = Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.NullOr(Schema.String))))
const Grant = Schema.Struct({
  ids: List,
  grouped: List,
  some: List,
  toolsets: List,
  tools: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)))
})
type Grant = typeof Grant.Type
const decodeGrants = Schema.decodeUnknownOption(Schema.Struct({
  permitted: Schema.NullOr(Grant),
  unified: Schema.NullOr(Schema.Array(Grant)),
  servers: Schema.NullOr(
    Schema.Array(Schema.Struct({ id: Schema.String, names: Schema.Array(Schema.NullOr(Schema.String)) }))
  )
}))

const texts = (list: ReadonlyArray<string | null> | null | undefined): ReadonlyArray<string> =>
  (list ?? []).filter(Predicate.isString)

const nothing = { tools: null, prompts: null, resources: null }
const none = { tools: [], prompts: [], resources: [] }

/** The lists of a row with these grants; grants that cannot be read allow none. */
export const lists = (column: unknown) => {
  if (column === null || column === undefined) return nothing
  const decoded = decodeGrants(typeof column === "string" ? fromJson(column) : column)
  if (decoded._tag === "None") return none
  const { permitted, servers, unified } = decoded.value
  const all: ReadonlyArray<Grant> = [...(permitted === null ? [] : [permitted]), ...unified ?? []]
  const tools = new Map<string, Array<string>>()
  for (const grant of all) {
    for (const [id, names] of Object.entries(grant.tools ?? {})) {
      const known = tools.get(id) ?? []
      tools.set(id, Array.isArray(names) ? [...known, ...names.filter(Predicate.isString)] : known)
    }
  }
  const ids = new Set([
    ...all.flatMap((
      it
    ) => [...texts(it.ids), ...texts(it.grouped), ...texts(it.some).map((group) => `group:${group}`)]),
    ...tools.keys()
  ])
  const isSaid = ids.size > 0 || all.some((it) => texts(it.toolsets).length > 0)
  if (!isSaid) return nothing
  const names = new Map(servers?.map((it) => [it.id, texts(it.names)]))
  const calls: Array<string> = []
  const whole: Array<string> = []
  for (const id of ids) {
    const some = tools.get(id)
    for (const server of serversIn([...new Set([id, ...names.get(id) ?? []])])) {
      whole.push(`${server}/*`)
      if (some === undefined) calls.push(`${server}/*`)
      else if (some.length === 0) calls.push(`!${server}/*`)
      else some.filter(isPlain).forEach((name) => calls.push(`${server}/${name}`))
    }
  }
  return { tools: calls, prompts: whole, resources: whole }
}
