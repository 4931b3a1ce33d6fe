/** A running server on an empty SQLite directory, and a client of its admin listener that has the admin token. */
import { Duration, Effect } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as AdminClient from "./AdminClient.ts"
import * as ServerWorld from "./ServerWorld.ts"

export const adminToken = "the-admin-token"

/** A folder that is gone with the scope. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "jotgate-directory-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Starts one; `more` as in `ServerWorld`. */
export const make = Effect.fnUntraced(function*(more: Parameters<typeof ServerWorld.make>[0] = {}) {
  const path = yield* folder
  const world = yield* ServerWorld.make(
    {
      ...more,
      gateway: { adminToken: "env:ADMIN", ...more.gateway },
      directory: { url: `sqlite:${path}/jotgate.db`, users: { unknown: "deny" }, ...more.directory }
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
  return { ...world, client, chat, folder: path }
})

export type Make = (more?: Parameters<typeof ServerWorld.make>[0]) => ReturnType<typeof make>

/** Worlds whose rows are where `url` says; each may have one of its own. They wait for a database that is as slow as the machine. */
export const on = (url: Effect.Effect<string>): Make => (more = {}) =>
  Effect.flatMap(url, (url) => make({ lookups: Duration.seconds(20), ...more, directory: { url, ...more.directory } }))
