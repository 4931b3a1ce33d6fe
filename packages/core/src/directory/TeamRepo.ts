/**
 * Finds teams and the model groups they share. A claim with many groups is one
 * query, not one per group.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Now } from "../Trace.ts"
import {
  absent,
  type DirectoryUnavailable,
  type ModelGroup,
  type ModelGroupId,
  type RowAmbiguous,
  type RowNotFound,
  several,
  type Team,
  type TeamId
} from "./Directory.ts"
import { answer, MemoryRows } from "./MemoryRows.ts"

/** The rows of teams and of memberships. */
export class TeamRepo extends Context.Service<TeamRepo, {
  /** The row with this id. */
  readonly byId: (id: TeamId, now?: Now) => Effect.Effect<Team, RowNotFound | DirectoryUnavailable>
  /** The rows that exist among these ids, in any order; `ids` holds none twice. */
  readonly byIds: (ids: ReadonlyArray<TeamId>, now?: Now) => Effect.Effect<ReadonlyArray<Team>, DirectoryUnavailable>
  /** The one row with this alias, compared byte for byte. */
  readonly byAlias: (alias: string, now?: Now) => Effect.Effect<Team, RowNotFound | RowAmbiguous | DirectoryUnavailable>
  /** The rows that have one of these aliases, in any order; several rows may have the same. `aliases` holds none twice. */
  readonly byAliases: (
    aliases: ReadonlyArray<string>,
    now?: Now
  ) => Effect.Effect<ReadonlyArray<Team>, DirectoryUnavailable>
  /** The model groups that exist among these ids, in any order, each once. */
  readonly modelGroups: (
    ids: ReadonlyArray<ModelGroupId>,
    now?: Now
  ) => Effect.Effect<ReadonlyArray<ModelGroup>, DirectoryUnavailable>
}>()("@jotgate/core/TeamRepo") {
  /** The rows of `MemoryDirectory`; every look-up is an `Exit`. */
  static readonly layerMemory = Layer.effect(
    TeamRepo,
    Effect.map(MemoryRows, (tables) => ({
      byId: (id) =>
        answer(tables, "teams", () => {
          const row = tables.teams.get(id)
          return row === undefined ? absent("team") : Exit.succeed(row)
        }),
      byIds: (ids) => answer(tables, "teams", () => Exit.succeed(existing(ids, tables.teams.get))),
      byAlias: (alias) =>
        answer(tables, "teams", (): Exit.Exit<Team, RowNotFound | RowAmbiguous> => {
          const [row, second] = tables.teams.find("alias", alias)
          return row === undefined ? absent("team") : second === undefined ? Exit.succeed(row) : several("team")
        }),
      byAliases: (aliases) =>
        answer(tables, "teams", () => Exit.succeed(aliases.flatMap((it) => tables.teams.find("alias", it)))),
      modelGroups: (ids) => answer(tables, "modelGroups", () => Exit.succeed(existing(ids, tables.modelGroups.get)))
    }))
  )
}

const existing = <Id extends string, Row>(
  ids: ReadonlyArray<Id>,
  get: (id: string) => Row | undefined
): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  const seen = ids.length > 1 ? new Set<Row>() : undefined
  for (const id of ids) {
    const row = get(id)
    if (row === undefined || seen?.has(row) === true) continue
    seen?.add(row)
    rows.push(row)
  }
  return rows
}
