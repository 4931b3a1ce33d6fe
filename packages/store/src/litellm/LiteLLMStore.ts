/**
 * The directory of an existing LiteLLM, read in place: its users, teams,
 * organizations, end users, memberships, budgets, aliases and access groups.
 *
 * Its schema is never changed. What LiteLLM has no place for is kept in a
 * schema of our own, and only with `directory.write: true`.
 */
import { Provisioner } from "@jotgate/core/Provisioner"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { Layer } from "effect"
import * as PostgresClient from "../postgres/PostgresClient.ts"
import * as PostgresForgetting from "../postgres/PostgresForgetting.ts"
import * as PostgresStore from "../postgres/PostgresStore.ts"
import * as FileRevocationRepo from "../remember/FileRevocationRepo.ts"
import { Lookups } from "../sql/Lookups.ts"
import * as SqlRevocationRepo from "../sql/SqlRevocationRepo.ts"
import * as LiteLLMAdmin from "./LiteLLMAdmin.ts"
import * as LiteLLMProvisioner from "./LiteLLMProvisioner.ts"
import * as LiteLLMRepos from "./LiteLLMRepos.ts"
import { LiteLLMTables } from "./LiteLLMTables.ts"

export interface Options extends PostgresClient.Options {
  /** The schema of LiteLLM's tables, usually `public`. */
  readonly schema: string
  /** Whether decisions may write, and our own tables be made. */
  readonly write: boolean
  /** `false`: tables of our own that are missing or old are a failure instead of being made. */
  readonly migrate?: boolean
  /** Where the deny list is when nothing may be written; `null`: in memory. */
  readonly folder: string | null
}

const revocationsBeside = (folder: string | null) =>
  folder === null ? RevocationRepo.layerMemory : FileRevocationRepo.layer(folder)

export const layer = (options: Options) =>
  PostgresClient.closingInTime(
    Layer.mergeAll(
      LiteLLMRepos.layer,
      LiteLLMAdmin.layer,
      options.write ? LiteLLMProvisioner.layer : Provisioner.layerNoop,
      options.write ? SqlRevocationRepo.layer : revocationsBeside(options.folder)
    ).pipe(
      Layer.provideMerge(
        Layer.merge(PostgresForgetting.layer(options.pool), LiteLLMTables.layer(options.schema))
      ),
      Layer.provideMerge(
        Lookups.layerPg({ timeout: options.timeout, connecting: PostgresClient.connecting(options) })
      ),
      Layer.provideMerge(
        !options.write
          ? Layer.empty
          : options.migrate === false
          ? PostgresStore.complete("beside-litellm")
          : PostgresStore.migrated("beside-litellm")
      ),
      Layer.provideMerge(PostgresClient.layer(options))
    )
  )
