import { assert, it } from "@effect/vitest"
import { describeWith, Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { DirectoryAdmin } from "../../src/manage/DirectoryAdmin.ts"
import { StoreHealth } from "../../src/StoreHealth.ts"
import { put } from "../support/Outage.ts"
import { storeOf } from "../support/StoreOf.ts"

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8")

const secrets = { "file:ca.pem": pem("ca.pem"), "file:other-ca.pem": pem("other-ca.pem") }
const tls = { cert: pem("server.pem"), key: pem("server-key.pem") }

const settings = { log_connections: "on" }

/** What the server notes when it lets one of ours in. */
const letIn = /connection authorized: .*application_name=jotgate/

/** A store that asks for encryption by this authority. */
const store = (url: string, ca: string) => storeOf({ url, connection: { ca, pool: 2 } }, {}, secrets)

const encrypted = "SELECT string_agg(DISTINCT ssl::text, ',') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) " +
  "WHERE application_name = 'jotgate'"

/** What a store's health comes to. */
const health = Effect.match(StoreHealth.use((it) => it.check), {
  onSuccess: () => "well",
  onFailure: (error) => error._tag
})

describeWith("postgres", "PostgreSQL over TLS", () => {
  it.live(
    "with the authority that signed the server's certificate every connection is encrypted",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make({ tls, settings })
        yield* Effect.gen(function*() {
          yield* put("teams", { id: "red" })
          assert.strictEqual(yield* Effect.promise(() => server.query(encrypted)), "true")
          assert.match(server.log(), letIn)
        }).pipe(Effect.provide(store(server.url, "file:ca.pem")))
      })
  )

  it.live(
    "a certificate of another authority is refused before anybody says who they are",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make({ tls, settings })
        assert.strictEqual(
          yield* Effect.provide(health, store(server.url, "file:other-ca.pem")),
          "DirectoryUnavailable"
        )
        assert.notMatch(server.log(), letIn)
      })
  )

  it.live(
    "a server that does not encrypt is refused: there is no way back to plain text",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make({ settings })
        assert.strictEqual(yield* Effect.provide(health, store(server.url, "file:ca.pem")), "DirectoryUnavailable")
        assert.notMatch(server.log(), letIn)
      })
  )
}, { concurrent: true })

describeWith("postgres", "a statement on PostgreSQL", () => {
  it.live(
    "is ended by the server after connection.timeout, also when nobody waits for it any more",
    () =>
      Effect.gen(function*() {
        const server = yield* Postgres.make()
        yield* Effect.gen(function*() {
          yield* put("teams", { id: "red" })
          const timeout = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'"
          assert.strictEqual(yield* Effect.promise(() => server.query(timeout)), "0", "the server itself has none")
          const count = (what: string) => Effect.promise(() => server.query(`SELECT count(*) FROM ${what}`))
          const locks =
            "pg_locks WHERE relation = 'jotgate.teams'::regclass AND mode = 'AccessExclusiveLock' AND granted"
          const locked = server.query("BEGIN; LOCK TABLE jotgate.teams; SELECT pg_sleep(600)").then(() => {}, () => {})
          while ((yield* count(locks)) === "0") yield* Effect.sleep("20 millis")
          const failed = yield* Effect.flip(DirectoryAdmin.use((it) => it.list("teams", { limit: 1 })))
          assert.strictEqual(failed._tag, "DirectoryUnavailable")
          // Somebody else still has the table, and nothing of ours waits for it.
          const waiting = "pg_stat_activity WHERE application_name = 'jotgate' AND wait_event_type = 'Lock'"
          while ((yield* count(waiting)) !== "0") yield* Effect.sleep("20 millis")
          assert.strictEqual(yield* count(locks), "1")
          yield* Effect.promise(() =>
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
          )
          yield* Effect.promise(() => locked)
        }).pipe(Effect.provide(storeOf({ url: server.url, connection: { timeout: "1s" } })))
      })
  )
}, { concurrent: true })
