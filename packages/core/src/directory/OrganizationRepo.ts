/**
 * Finds organizations, and the end users (customers) that tokens name.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Now } from "../Trace.ts"
import {
  absent,
  type DirectoryUnavailable,
  type EndUser,
  type EndUserId,
  type Organization,
  type OrganizationId,
  type RowAmbiguous,
  type RowNotFound,
  several
} from "./Directory.ts"
import { answer, MemoryRows } from "./MemoryRows.ts"

/** The rows of organizations and of end users. */
export class OrganizationRepo extends Context.Service<OrganizationRepo, {
  /** The row with this id. */
  readonly byId: (id: OrganizationId, now?: Now) => Effect.Effect<Organization, RowNotFound | DirectoryUnavailable>
  /** The one row with this alias, compared byte for byte. */
  readonly byAlias: (
    alias: string,
    now?: Now
  ) => Effect.Effect<Organization, RowNotFound | RowAmbiguous | DirectoryUnavailable>
  /** The end user with this id. */
  readonly endUser: (id: EndUserId, now?: Now) => Effect.Effect<EndUser, RowNotFound | DirectoryUnavailable>
}>()("@jotgate/core/OrganizationRepo") {
  /** The rows of `MemoryDirectory`; every look-up is an `Exit`. */
  static readonly layerMemory = Layer.effect(
    OrganizationRepo,
    Effect.map(MemoryRows, (tables) => ({
      byId: (id) =>
        answer(tables, "organizations", () => {
          const row = tables.organizations.get(id)
          return row === undefined ? absent("organization") : Exit.succeed(row)
        }),
      byAlias: (alias) =>
        answer(tables, "organizations", (): Exit.Exit<Organization, RowNotFound | RowAmbiguous> => {
          const [row, second] = tables.organizations.find("alias", alias)
          return row === undefined
            ? absent("organization")
            : second === undefined
            ? Exit.succeed(row)
            : several("organization")
        }),
      endUser: (id) =>
        answer(tables, "endUsers", () => {
          const row = tables.endUsers.get(id)
          return row === undefined ? absent("endUser") : Exit.succeed(row)
        })
    }))
  )
}
