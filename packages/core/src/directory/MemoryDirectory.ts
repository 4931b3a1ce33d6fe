/**
 * A whole directory in memory: for tests, for embedders who bring their own
 * rows, and for `directory.url: "memory:"`.
 *
 * All repositories and the Provisioner read and write the same rows, which a
 * test can see and change through this service.
 */
import * as Layer from "effect/Layer"
import * as AgentRepo from "./AgentRepo.ts"
import * as MemoryRows from "./MemoryRows.ts"
import { OrganizationRepo } from "./OrganizationRepo.ts"
import { Provisioner } from "./Provisioner.ts"
import { TeamRepo } from "./TeamRepo.ts"
import * as ToolRepo from "./ToolRepo.ts"
import { UserRepo } from "./UserRepo.ts"

/** `failing`: what does not answer from the start, such as `"users"` or `"teams.write"`. */
export interface Options {
  /** The operations that do not answer, such as `users` or `teams.write`. */
  readonly failing?: ReadonlySet<MemoryRows.Operation>
}

/** The rows that `layerMemory` of each repository reads. */
export class MemoryDirectory extends MemoryRows.MemoryRows {
  /** The rows alone. Each build of the layer has rows of its own. */
  static readonly layer = (rows: MemoryRows.Rows = {}, options: Options = {}) =>
    Layer.sync(MemoryRows.MemoryRows, () => MemoryRows.make(rows, options.failing))

  /** The rows with every repository and the Provisioner over them. Two of them in one graph have each their own rows. */
  static readonly layerRepos = (rows: MemoryRows.Rows = {}, options: Options = {}) =>
    Layer.suspend(() =>
      Layer.fresh(
        Layer.mergeAll(
          UserRepo.layerMemory,
          TeamRepo.layerMemory,
          OrganizationRepo.layerMemory,
          AgentRepo.layerMemory,
          ToolRepo.layerMemory,
          Provisioner.layerMemory
        ).pipe(Layer.provideMerge(MemoryDirectory.layer(rows, options)))
      )
    )
}
