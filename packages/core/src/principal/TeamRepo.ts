/**
 * Finds teams and the model groups they share. A claim with many groups is one
 * query, not one per group.
 */
import { Context, type Effect } from "effect"
import type {
  DirectoryUnavailable,
  ModelGroup,
  ModelGroupId,
  RowAmbiguous,
  RowNotFound,
  Team,
  TeamId
} from "./Directory.ts"

export class TeamRepo extends Context.Service<TeamRepo, {
  /** The row with this id. */
  readonly byId: (id: TeamId) => Effect.Effect<Team, RowNotFound | DirectoryUnavailable>
  /** The rows that exist among these ids, in any order. */
  readonly byIds: (ids: ReadonlyArray<TeamId>) => Effect.Effect<ReadonlyArray<Team>, DirectoryUnavailable>
  /** The one row with this alias, compared byte for byte. */
  readonly byAlias: (alias: string) => Effect.Effect<Team, RowNotFound | RowAmbiguous | DirectoryUnavailable>
  /** The model groups that exist among these ids, in any order. */
  readonly modelGroups: (
    ids: ReadonlyArray<ModelGroupId>
  ) => Effect.Effect<ReadonlyArray<ModelGroup>, DirectoryUnavailable>
}>()("@jotgate/core/TeamRepo") {}
