/**
 * Finds organizations, and the end users (customers) that tokens name.
 */
import { Context, type Effect } from "effect"
import type {
  DirectoryUnavailable,
  EndUser,
  EndUserId,
  Organization,
  OrganizationId,
  RowAmbiguous,
  RowNotFound
} from "./Directory.ts"

export class OrganizationRepo extends Context.Service<OrganizationRepo, {
  /** The row with this id. */
  readonly byId: (id: OrganizationId) => Effect.Effect<Organization, RowNotFound | DirectoryUnavailable>
  /** The one row with this alias, compared byte for byte. */
  readonly byAlias: (
    alias: string
  ) => Effect.Effect<Organization, RowNotFound | RowAmbiguous | DirectoryUnavailable>
  /** The end user with this id. */
  readonly endUser: (id: EndUserId) => Effect.Effect<EndUser, RowNotFound | DirectoryUnavailable>
}>()("@jotgate/core/OrganizationRepo") {}
