/**
 * What rows and settings name: the models and tools that anything is known of, for searches. A pattern with a `*` names
 * nothing in particular; a name that is only taken away is a name.
 */
import { isLiteral } from "@jotgate/core/Pattern"
import type { Settings } from "@jotgate/core/Settings"
import * as ToolPattern from "@jotgate/core/ToolPattern"
import type { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Effect } from "effect"

type Directory = DirectoryAdmin["Service"]

/** The kinds of rows that can name something. */
const tables = ["teams", "users", "organizations", "memberships", "modelGroups", "agents"] as const

/** Entries that are no model. */
const reserved = new Set(["all-proxy-models", "no-default-models"])

/** Rows of one question to the store. */
const PAGE = 1000

/** The texts of one list of every row. */
const listed = Effect.fnUntraced(function*(directory: Directory, list: "models" | "tools") {
  const all = new Set<string>()
  for (const table of tables) {
    let after: string | undefined
    do {
      const page: { readonly rows: ReadonlyArray<object>; readonly next: string | undefined } = yield* directory.list(
        table,
        { limit: PAGE, ...(after === undefined ? {} : { after }) }
      )
      for (const row of page.rows) {
        const texts: unknown = Reflect.get(row, list)
        if (Array.isArray(texts)) { for (const text of texts) all.add(String(text)) }
      }
      after = page.next
    } while (after !== undefined)
  }
  return all
})

const sorted = (names: Iterable<string>): ReadonlyArray<string> =>
  [...names].toSorted((left, right) => left < right ? -1 : 1)

/** Every model that is named, in order; names of groups are none. Fails when the directory is away. */
export const models = Effect.fnUntraced(function*(directory: Directory, { policy }: Settings) {
  const { modelAliases, modelGroups, roles, scopes } = policy
  const all = yield* listed(directory, "models")
  for (const it of Object.values(modelGroups)) for (const name of it) all.add(name)
  for (const name of Object.keys(modelAliases)) all.add(name)
  for (const it of [...roles, ...scopes]) for (const name of it.models ?? []) all.add(name)
  return sorted(Array.from(all).filter((it) => isLiteral(it) && !reserved.has(it) && !Object.hasOwn(modelGroups, it)))
})

/** Every tool of a configured MCP server that is named, as `SERVER/NAME`, in order. Fails when the directory is away. */
export const tools = Effect.fnUntraced(function*(directory: Directory, { issuers, policy }: Settings) {
  const all = yield* listed(directory, "tools")
  for (const it of [...issuers.map(({ grants }) => grants), ...policy.roles, ...policy.scopes]) {
    for (const text of it?.tools ?? []) all.add(text)
  }
  const servers = new Set(policy.mcp.map((it) => it.server))
  return sorted(
    new Set(
      Array.from(all).flatMap((text) => {
        const { name, server } = ToolPattern.parse(text)
        return servers.has(server) && isLiteral(name) ? [`${server}/${name}`] : []
      })
    )
  )
})
