/** `explain` against a directory that others serve: it reads what they would decide on, and changes nothing there. */
import { assert, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { describeWith, Postgres } from "@jotgate/servers"
import { Clock, Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jotgate } from "../support/Shell.ts"

const iss = "https://idp.test"

/** A configuration over a directory, with somebody's token. */
const world = Effect.fnUntraced(function*(directory: string) {
  const path = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-explain-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const idp = yield* Issuer.make(iss)
  writeFileSync(join(path, "keys.json"), JSON.stringify(idp.jwks))
  const config = join(path, "jotgate.yaml")
  writeFileSync(
    config,
    `issuers: [{ id: idp, issuer: "${iss}", audience: "https://api.test", jwks: "file:keys.json", claims: { user: sub } }]
directory: ${directory}
policy: { withoutTeam: all }
cache: { dir: ./cache }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }
audit: { to: none }
`
  )
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const token = yield* idp.token({ now, claims: { sub: "u-1", jti: "j-1" } })
  return {
    path,
    run: (...args: ReadonlyArray<string>) => jotgate(...args, "--config", config),
    explain: jotgate("explain", "--config", config, "--token", token)
  }
})

it.live("explain on a SQLite file without our tables says so, and leaves the file as it was", () =>
  Effect.gen(function*() {
    const { explain, path } = yield* world("{ url: \"sqlite:./jotgate.db\" }")
    const file = join(path, "jotgate.db")
    writeFileSync(file, "")
    const ran = yield* explain
    assert.strictEqual(ran.code, 2)
    assert.match(ran.err, /it has no schema yet; run jotgate migrate/)
    assert.strictEqual(statSync(file).size, 0)
  }))

describeWith("postgres", "explain on PostgreSQL", () => {
  it.live("makes no schema where there is none, and says so", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.make()
      const { explain, run } = yield* world(`{ url: "${postgres.url}" }`)
      const ran = yield* explain
      assert.strictEqual(ran.code, 2)
      assert.match(ran.err, /it has no schema yet; run jotgate migrate/)
      assert.match((yield* run("migrate", "--status")).out, /missing/)
    }))

  it.live("decides on the rows and the deny list that are there, and adds nothing", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.make()
      const { explain, path, run } = yield* world(`{ url: "${postgres.url}", users: { create: true } }`)
      assert.strictEqual((yield* run("migrate")).code, 0)
      const before = yield* explain
      assert.strictEqual(before.code, 0, before.err)
      assert.match(before.out, /200 allow/)
      assert.notMatch((yield* run("user", "list")).out, /u-1/)
      assert.strictEqual((yield* run("deny", "create", "--issuer", iss, "--jti", "j-1")).code, 0)
      const after = yield* explain
      assert.strictEqual(after.code, 1)
      assert.match(after.out, /401 deny/)
      assert.match(after.out, /revoked/)
      assert.notInclude(readdirSync(path), "cache")
    }))

  it.live(
    "reads the deny list of a directory that is not written where that list is: in cache.dir",
    () =>
      Effect.gen(function*() {
        const postgres = yield* Postgres.make()
        const writable = yield* world(`{ url: "${postgres.url}" }`)
        assert.strictEqual((yield* writable.run("migrate")).code, 0)
        const { explain, run } = yield* world(`{ url: "${postgres.url}", write: false, users: { unknown: allow } }`)
        assert.strictEqual((yield* explain).code, 0)
        const denied = yield* run("deny", "create", "--issuer", iss, "--jti", "j-1")
        assert.strictEqual(denied.code, 0, denied.err)
        assert.match((yield* explain).out, /revoked/)
      })
  )
})
