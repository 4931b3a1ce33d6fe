/** One PostgreSQL for a test file, and an empty database of it for each test. */
import { Postgres } from "@jotgate/servers"
import { Duration, Effect, Layer, Redacted } from "effect"
import { afterAll, beforeAll } from "vitest"
import type { Options } from "../../src/postgres/PostgresClient.ts"
import { LookupDeadline } from "../../src/sql/Lookups.ts"

/** A database of a test that is not about deadlines may be as slow as the machine is. */
export const patient = Layer.succeed(LookupDeadline, Duration.seconds(20))

/** Starts the server before the tests of a file, stops it after them. */
export const shared = (options?: Postgres.Options) => {
  let server: Postgres.Postgres | undefined
  let databases = 0
  beforeAll(async () => {
    server = await Postgres.start(options)
  }, 60_000)
  afterAll(() => server?.stop())
  const current = (): Postgres.Postgres => {
    if (server === undefined) throw new Error("PostgreSQL is not started")
    return server
  }
  return {
    server: current,
    /** Options of a store on an empty database. */
    fresh: Effect.promise(async (): Promise<Options> => {
      const url = await current().createDatabase(`test_${++databases}`)
      return { url: Redacted.make(url), pool: 5, timeout: 10_000 }
    })
  }
}
