/**
 * A directory on our own tables: what SQLite and PostgreSQL have in common.
 */
import { Effect, Layer } from "effect"
import * as Administration from "../manage/Administration.ts"
import { DirectoryAdmin } from "../manage/DirectoryAdmin.ts"
import * as SqlAgentRepo from "./SqlAgentRepo.ts"
import * as SqlOrganizationRepo from "./SqlOrganizationRepo.ts"
import * as SqlProvisioner from "./SqlProvisioner.ts"
import * as SqlRevocationRepo from "./SqlRevocationRepo.ts"
import * as SqlRowStore from "./SqlRowStore.ts"
import * as SqlTeamRepo from "./SqlTeamRepo.ts"
import * as SqlToolRepo from "./SqlToolRepo.ts"
import * as SqlUserRepo from "./SqlUserRepo.ts"

/** Everything that a directory on our own tables provides, over a client that is migrated. */
export const layer = Layer.mergeAll(
  SqlUserRepo.layer,
  SqlTeamRepo.layer,
  SqlOrganizationRepo.layer,
  SqlAgentRepo.layer,
  SqlToolRepo.layer,
  SqlProvisioner.layer,
  SqlRevocationRepo.layer,
  Layer.effect(DirectoryAdmin, Effect.map(SqlRowStore.make, Administration.make))
)
