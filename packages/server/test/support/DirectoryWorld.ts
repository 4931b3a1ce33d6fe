/** A running server on an empty SQLite directory, and a client of its admin listener that has the admin token. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Layer } from "effect"
import * as AdminClient from "./AdminClient.ts"
import * as ServerWorld from "./ServerWorld.ts"

export const adminToken = "the-admin-token"

/** Starts one; `more` as in `ServerWorld`. */
export const make = Effect.fnUntraced(
  function*(more: Parameters<typeof ServerWorld.make>[0] = {}) {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped({ prefix: "jotgate-directory-" })
    const world = yield* ServerWorld.make(
      {
        ...more,
        gateway: { adminToken: "env:ADMIN", ...more.gateway },
        directory: { url: `sqlite:${folder}/jotgate.db`, users: { unknown: "deny" }, ...more.directory }
      },
      { ADMIN: adminToken }
    )
    const client = AdminClient.make(world.admin, adminToken)
    /** What the gate answers to this person for a chat with this model. */
    const chat = Effect.fnUntraced(function*(
      person: string,
      claims: Readonly<Record<string, unknown>> = {},
      model = "gpt-4o"
    ) {
      const gate = AdminClient.make(world.gate, yield* world.token(person, claims))
      const { body, status } = yield* gate.post("/v1/chat/completions", { model })
      return status === 200 ? "allowed" : `${status} ${body?.code}`
    })
    return { ...world, client, chat, folder }
  },
  (effect) => Effect.provide(effect, Layer.fresh(NodeFileSystem.layer))
)
