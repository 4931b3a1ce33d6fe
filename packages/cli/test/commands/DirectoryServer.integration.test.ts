import { assert, describe, it } from "@effect/vitest"
import { describeWith, Ports, Postgres } from "@jotgate/servers"
import { Effect, Schedule } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A configuration file with these settings of directory and gateway. */
const configure = (path: string, name: string, directory: string, gateway: string) => {
  const file = join(path, name)
  writeFileSync(
    file,
    `issuers: [{ id: idp, issuer: "https://idp.test", audience: [llm] }]
directory: ${directory}
cache: { dir: null }
gateway: { listen: "127.0.0.1:0", drain: 0s, ${gateway} }
audit: { to: none }
`
  )
  return file
}

const token = "the-token-of-the-admin"

describe("the command line and a running server", { concurrent: true }, () => {
  it.live(
    "asks the listener that the configuration names; what is in its memory alone can be reached no other way",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        writeFileSync(join(path, "token"), token)
        const port = yield* Effect.promise(() => Ports.free())
        const gateway = `admin: "127.0.0.1:${port}", adminToken: "file:token"`
        const config = configure(path, "jotgate.yaml", "{ url: \"memory:\" }", gateway)
        const away = yield* jotgate("team", "list", "--config", config)
        assert.deepStrictEqual([away.code, away.out], [2, ""])
        assert.match(away.err, /does not answer[^]*memory:/)

        const serve = yield* start(["serve", "--config", config])
        yield* serve.until(/^ready /m)
        const made = yield* jotgate("team", "create", "red", "--models", "o1", "--config", config)
        assert.deepStrictEqual([made.code, made.err], [0, ""])
        const url = `http://127.0.0.1:${port}`
        const environment = process.env
        environment["JOTGATE_TEST_TOKEN"] = token
        const asked = yield* jotgate("team", "list", "--json", "--admin", url, "--token-env", "JOTGATE_TEST_TOKEN")
        assert.strictEqual(JSON.parse(asked.out)[0].id, "red")
        const refused = yield* jotgate("team", "list", "--admin", url)
        assert.deepStrictEqual([refused.code, refused.out], [2, ""])
        assert.match(refused.err, /does not accept this token/)
        const denied = yield* jotgate("deny", "create", "--config", config, "--issuer", "idp", "--jti", "t-1")
        assert.strictEqual(denied.code, 0, denied.err)
        const subject = ["decide", "--authzen", "--config", config, "--subject", "team:red", "--resource"]
        const may = yield* jotgate(...subject, "model:o1")
        assert.deepStrictEqual([may.code, JSON.parse(may.out).decision], [0, true], may.err)
        const mayNot = yield* jotgate(...subject, "model:gpt-4o")
        assert.deepStrictEqual([mayNot.code, JSON.parse(mayNot.out).context.code], [1, "team_model_denied"])
        const unknown = yield* jotgate("decide", "--config", config, "--token", "none", "--model", "o1")
        assert.deepStrictEqual([unknown.code, JSON.parse(unknown.out).code], [1, "invalid_token"])
        const who = yield* jotgate("who", "--model", "o1", "--config", config)
        assert.deepStrictEqual([who.code, who.out.includes("red")], [0, true])
      })
  )

  it.live(
    "works on the store itself when no listener is to be had, and the running server sees it in two seconds",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        writeFileSync(join(path, "token"), token)
        // Nobody can know the port of this listener from the file.
        const gateway = "admin: \"127.0.0.1:0\", adminToken: \"file:token\""
        const config = configure(path, "jotgate.yaml", "{ url: \"sqlite:./jotgate.db\" }", gateway)
        const serve = yield* start(["serve", "--config", config])
        const [, admin = ""] = yield* serve.until(/^ready .*admin=(\S+)$/m)
        const made = yield* jotgate(
          "deny",
          "create",
          "--config",
          config,
          "--issuer",
          "https://idp.test",
          "--jti",
          "t-1"
        )
        assert.deepStrictEqual([made.code, made.err], [0, ""])
        const denied = Effect.promise(async () => {
          const response = await fetch(`${admin}/admin/v1/deny`, { headers: { authorization: `Bearer ${token}` } })
          return (await response.json()).items
        })
        const seen = yield* Effect.flatMap(
          denied,
          ([it]) => it === undefined ? Effect.fail("not yet") : Effect.succeed(it)
        )
          .pipe(Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 40 }))
        assert.strictEqual(seen.jti, "t-1")
      })
  )
})

describeWith("postgres", "moving a directory from SQLite to PostgreSQL", () => {
  it.live("export and apply: the same rows, and applying again changes nothing", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const postgres = yield* Postgres.make()
      const from = configure(path, "sqlite.yaml", "{ url: \"sqlite:./jotgate.db\" }", "admin: \"127.0.0.1:0\"")
      const to = configure(path, "postgres.yaml", `{ url: "${postgres.url}" }`, "admin: \"127.0.0.1:0\"")
      const rows = join(path, "rows.yaml")
      writeFileSync(
        rows,
        `organizations: [{ id: acme, maxBudget: 5 }]
modelGroups: [{ id: cheap, models: [gpt-4o-mini] }]
teams: [{ id: red, organization: acme, modelGroups: [cheap], modelAliases: { fast: o1 } }, { id: "ü" }, { id: "U" }]
users: [{ id: u-1, email: A@acme.test, subjects: [{ namespace: okta, subject: 00u1 }], spend: 0.1 }, { id: u-2, blocked: true }]
endUsers: [{ id: c-1 }]
memberships: [{ user: u-1, team: red, models: [o1] }, { user: u-2, team: "ü", role: admin }]
`
      )
      const run = (...args: ReadonlyArray<string>) =>
        Effect.tap(jotgate(...args), ({ code, err }) =>
          Effect.sync(() => assert.strictEqual(code, 0, `${args.join(" ")}: ${err}`)))
      yield* run("directory", "apply", rows, "--config", from)
      const exported = join(path, "rows.json")
      yield* run("directory", "export", "--config", from, "--json", "--out", exported)
      assert.match((yield* run("migrate", "--config", to)).out, /made/)
      yield* run("directory", "apply", exported, "--config", to, "--direct")
      const again = yield* run("directory", "apply", exported, "--config", to, "--direct", "--prune")
      assert.strictEqual(again.out, "plan: 0 to create, 0 to change, 0 to remove")
      const [left, right] = [from, to].map((it) =>
        run("directory", "export", "--config", it)
      )
      assert.strictEqual((yield* left ?? Effect.die("")).out, (yield* right ?? Effect.die("")).out)
    }))
}, { concurrent: true })
