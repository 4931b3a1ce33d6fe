/**
 * A directory that is gone with the process: `directory.url: "memory:"`, for
 * trying things out and for a directory that is wholly in `directory.file`.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { MemoryRows, type Rows } from "@jotgate/core/MemoryRows"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { RowMemory } from "@jotgate/core/RowMemory"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Layer } from "effect"
import * as Administration from "../manage/Administration.ts"
import { DirectoryAdmin } from "../manage/DirectoryAdmin.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import * as MemoryRowStore from "./MemoryRowStore.ts"

/** What decisions read is known: they may be remembered for as long as no row changes. */
const memory = Layer.effect(
  RowMemory,
  Effect.gen(function*() {
    const { reads } = yield* MemoryRows
    const repositories = [yield* UserRepo, yield* TeamRepo, yield* OrganizationRepo, yield* AgentRepo, yield* ToolRepo]
    return { reads, repositories: new Set<object>(repositories) }
  })
)

/** A directory in memory, gone with its process. */
export const layer = (rows: Rows = {}) =>
  Layer.merge(Layer.effect(DirectoryAdmin, Effect.map(MemoryRowStore.make, Administration.make)), memory).pipe(
    Layer.provideMerge(Layer.merge(MemoryDirectory.layerRepos(rows), RevocationRepo.layerMemory)),
    Layer.provideMerge(Forgetting.layerLocal)
  )
