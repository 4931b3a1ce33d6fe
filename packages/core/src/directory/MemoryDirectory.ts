/**
 * A whole directory in memory: for tests, for embedders who bring their own
 * rows, and for `directory.url: "memory:"`.
 *
 * All repositories and the Provisioner read and write the same rows, which a
 * test can see and change through this service.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { AgentRepo } from "./AgentRepo.ts"
import { absent } from "./Directory.ts"
import * as MemoryRows from "./MemoryRows.ts"
import { OrganizationRepo } from "./OrganizationRepo.ts"
import { Provisioner } from "./Provisioner.ts"
import { TeamRepo } from "./TeamRepo.ts"
import * as ToolRepo from "./ToolRepo.ts"
import { UserRepo } from "./UserRepo.ts"

/** The agents of the rows; every look-up is an `Exit`. */
const agents = Layer.effect(
  AgentRepo,
  Effect.map(MemoryRows.MemoryRows, (tables): AgentRepo => ({
    byId: (id) =>
      MemoryRows.answer(tables, "agents", () => {
        const row = tables.agents.get(id)
        return row === undefined ? absent("agent") : Exit.succeed(row)
      }),
    byName: (name) =>
      MemoryRows.answer(tables, "agents", () => {
        const row = tables.agents.find("name", name)[0]
        return row === undefined ? absent("agent") : Exit.succeed(row)
      }),
    identities: tables.agentBindings.length === 0 ? undefined : {
      bound: (tenant, client) =>
        MemoryRows.answer(tables, "agents", () => {
          const row = tables.agentBindings.find((it) => it.tenant === tenant && it.client === client)
          return row === undefined ? absent("agent") : Exit.succeed(row)
        }),
      person: (issuer, tenant, object) =>
        MemoryRows.answer(tables, "users", () => {
          const row = tables.users.find("subject", MemoryRows.compound(issuer, MemoryRows.compound(tenant, object)))[0]
          return row === undefined ? absent("user") : Exit.succeed(row)
        })
    }
  }))
)

/** `failing`: what does not answer from the start, such as `"users"` or `"teams.write"`. */
export interface MemoryOptions {
  /** The operations that do not answer, such as `users` or `teams.write`. */
  readonly failing?: ReadonlySet<MemoryRows.Operation>
}

/** The rows that `layerMemory` of each repository reads. */
export class MemoryDirectory extends MemoryRows.MemoryRows {
  /** The rows alone. Each build of the layer has rows of its own. */
  static readonly layer = (rows: MemoryRows.Rows = {}, options: MemoryOptions = {}) =>
    Layer.sync(MemoryRows.MemoryRows, () => MemoryRows.make(rows, options.failing))

  /** The rows with every repository and the Provisioner over them. Two of them in one graph have each their own rows. */
  static readonly layerRepos = (rows: MemoryRows.Rows = {}, options: MemoryOptions = {}) =>
    Layer.suspend(() =>
      Layer.fresh(
        Layer.mergeAll(
          UserRepo.layerMemory,
          TeamRepo.layerMemory,
          OrganizationRepo.layerMemory,
          agents,
          ToolRepo.layerMemory,
          Provisioner.layerMemory
        ).pipe(Layer.provideMerge(MemoryDirectory.layer(rows, options)))
      )
    )
}
