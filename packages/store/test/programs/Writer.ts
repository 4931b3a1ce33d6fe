/**
 * A process that provisions people and applies files until it is killed.
 *
 * Prints `user ID` when a person's row is acknowledged and `file N` when version N of the file is.
 */
import { makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Provisioner } from "@jotgate/core/Provisioner"
import { Effect } from "effect"
import { flushCompileCache } from "node:module"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import { storeOf } from "../support/StoreOf.ts"

const [url = "", name = "", from = "0"] = process.argv.slice(2)

/** How many rows a version of the file has. */
const ROWS = 300

const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))

const provision = Effect.gen(function*() {
  const provisioner = yield* Provisioner
  for (let i = 0;; i++) {
    const id = `${name}-${i}`
    yield* provisioner.run([{
      _tag: "CreateUser",
      user: makeUser({
        id: UserId.make(id),
        email: `${id}@acme.com`,
        subjects: [{ namespace: "okta", subject: id }, { namespace: "azure", subject: id }],
        teams: [TeamId.make("base")],
        tokenTeams: [TeamId.make("base")]
      })
    }])
    yield* say(`user ${id}`)
  }
})

const apply = Effect.gen(function*() {
  const admin = yield* DirectoryAdmin
  for (let version = Number(from) + 1;; version++) {
    const models = [`version-${version}`]
    const teams = Array.from({ length: ROWS }, (_, index) => ({ id: `team-${index}`, models }))
    yield* admin.apply({ teams: [{ id: "base" }, ...teams] }, { actor: "test", prune: "file" })
    yield* say(`file ${version}`)
  }
})

const program = DirectoryAdmin.use((it) => it.apply({ teams: [{ id: "base" }] }, { actor: "test", prune: "none" }))
  .pipe(
    // It is killed, and what it had compiled would be lost to the next one.
    Effect.andThen(Effect.sync(flushCompileCache)),
    Effect.andThen(say("ready")),
    Effect.andThen(Effect.all([provision, apply], { concurrency: "unbounded" })),
    // What is asked here is what a kill leaves, not how long a busy machine takes.
    Effect.provide(storeOf({ url, connection: { timeout: "30s" } }))
  )

void Effect.runPromise(program)
