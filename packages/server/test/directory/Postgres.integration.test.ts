import { describeWith, Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import { afterAll, beforeAll } from "vitest"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import { suites } from "./suite/Suites.ts"

describeWith("postgres", "the admin listener on PostgreSQL", () => {
  let server: Postgres.Postgres | undefined
  let databases = 0
  beforeAll(async () => {
    server = await Postgres.start()
  })
  afterAll(() => server?.stop())

  const url = Effect.promise(async () => {
    if (server === undefined) throw new Error("PostgreSQL is not started")
    return server.createDatabase(`world_${++databases}`)
  })
  suites.forEach((it) => it(DirectoryWorld.on(url)))
})
