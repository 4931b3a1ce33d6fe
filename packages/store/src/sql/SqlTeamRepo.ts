/**
 * Teams and model groups on SQL: one statement each, however many groups a
 * claim names.
 */
import { absent, type RowAmbiguous, type RowNotFound, several, type Team } from "@jotgate/core/Directory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { Effect, Exit, Layer } from "effect"
import type * as Dialect from "./Dialect.ts"
import { Lookups } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

const none = Exit.succeed([])

/** The columns of a team as `Rows.team` reads them. */
export const columns =
  "id, alias, organization_id, models, model_groups, model_aliases, pass_through_routes, denied_pass_through_routes, " +
  "tools, prompts, resources, blocked, max_budget, spend"

const questions = (dialect: Dialect.Dialect) => {
  const teams = (name: string, where: string) => ({
    name,
    text: `SELECT ${columns} FROM teams WHERE ${where}`,
    read: Rows.team
  })
  return {
    byId: teams("team by id", "id = ?"),
    byIds: teams("teams by id", `id ${dialect.ids}`),
    byAlias: teams("team by alias", "alias = ? LIMIT 2"),
    byAliases: teams("teams by alias", `alias ${dialect.ids}`),
    modelGroups: {
      name: "model groups by id",
      text: `SELECT id, models FROM model_groups WHERE id ${dialect.ids}`,
      read: Rows.modelGroup
    }
  }
}

/** `TeamRepo` over `Lookups`, without memory. */
export const layer = Layer.effect(
  TeamRepo,
  Effect.gen(function*() {
    const lookups = yield* Lookups
    const ask = questions(lookups.dialect)
    return {
      byId: (id) =>
        Rows.isStorable(id)
          ? lookups.first(ask.byId, [id], absent("team"))
          : absent("team"),
      byIds: (ids) => {
        const asked = ids.filter(Rows.isStorable)
        return asked.length === 0 ? none : lookups.all(ask.byIds, [JSON.stringify(asked)])
      },
      byAlias: (alias) =>
        Rows.isStorable(alias)
          ? Effect.flatMap(
            lookups.all(ask.byAlias, [alias]),
            ([row, second]): Exit.Exit<Team, RowNotFound | RowAmbiguous> =>
              row === undefined ? absent("team") : second === undefined ? Exit.succeed(row) : several("team")
          )
          : absent("team"),
      byAliases: (aliases) => {
        const asked = aliases.filter(Rows.isStorable)
        return asked.length === 0 ? none : lookups.all(ask.byAliases, [JSON.stringify(asked)])
      },
      modelGroups: (ids) => {
        const asked = ids.filter(Rows.isStorable)
        return asked.length === 0 ? none : lookups.all(ask.modelGroups, [JSON.stringify(asked)])
      }
    }
  })
)
