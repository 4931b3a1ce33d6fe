/**
 * A directory that is gone with the process: `directory.url: "memory:"`, for
 * trying things out and for a directory that is wholly in `directory.file`.
 */
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import type { Rows } from "@jotgate/core/MemoryRows"
import { RevocationRepo } from "@jotgate/core/RevocationRepo"
import { Effect, Layer } from "effect"
import * as Administration from "../manage/Administration.ts"
import { DirectoryAdmin } from "../manage/DirectoryAdmin.ts"
import { Forgetting } from "../remember/Forgetting.ts"
import * as MemoryRowStore from "./MemoryRowStore.ts"

/** A directory in memory, gone with its process. */
export const layer = (rows: Rows = {}) =>
  Layer.effect(DirectoryAdmin, Effect.map(MemoryRowStore.make, Administration.make)).pipe(
    Layer.provideMerge(Layer.merge(MemoryDirectory.layerRepos(rows), RevocationRepo.layerMemory)),
    Layer.provideMerge(Forgetting.layerLocal)
  )
