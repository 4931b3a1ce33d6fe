import { assert, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Ports } from "@jotgate/servers"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import OpenAI, { APIError } from "openai"
import { start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

/** A configuration of a gate that keeps records, its folder, and a token of bob. */
const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-past-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const admin = yield* Effect.promise(() => Ports.free())
  const configured = (name: string, models: ReadonlyArray<string>) => {
    writeFileSync(join(folder, `${name}-rows.json`), JSON.stringify({ teams: [{ id: "blue", models }] }))
    const file = join(folder, `${name}.json`)
    writeFileSync(
      file,
      JSON.stringify({
        issuers: [{
          id: "idp",
          issuer: idp.iss,
          audience: "https://api.test",
          jwks: idp.jwks,
          claims: { user: "sub", teams: "groups" }
        }],
        directory: { url: "memory:", file: `${name}-rows.json`, users: { unknown: "allow" } },
        cache: { dir: null },
        gateway: {
          listen: "127.0.0.1:0",
          admin: `127.0.0.1:${admin}`,
          drain: "0s",
          upstream: { url: "http://127.0.0.1:1" }
        },
        audit: { to: "none" },
        decisions: { store: "sqlite:records.db" }
      })
    )
    return file
  }
  const token = yield* idp.token({
    now: Math.floor(Date.now() / 1_000),
    claims: { sub: "bob", groups: ["blue"], exp: Math.floor(Date.now() / 1_000) + 3_600 }
  })
  return { admin: `http://127.0.0.1:${admin}`, configured, folder, token }
})

it.live(
  "a 403 in the exception of an OpenAI client is found by its id, before and after a restart; plan asks the running gate",
  () =>
    Effect.gen(function*() {
      const { admin, configured, token } = yield* world
      const config = configured("jotgate", ["o1"])
      const serve = yield* start(["serve", "--config", config])
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/m)
      const client = new OpenAI({ baseURL: `${gate}/v1`, apiKey: token, maxRetries: 0 })
      const ask = (model: string) =>
        Effect.promise(() =>
          client.chat.completions.create({ model, messages: [{ role: "user", content: "hi" }] }).then(
            () => assert.fail("must be refused"),
            (error: unknown) => error instanceof APIError ? error : assert.fail(String(error))
          )
        )
      const refused = yield* ask("gpt-4o")
      assert.strictEqual(refused.status, 403)
      const id = refused.headers?.get("x-jotgate-decision") ?? ""
      assert.match(id, /^d_/)

      const explain = jotgate("explain", "--config", config, "--decision", id)
      const running = yield* explain
      assert.strictEqual(running.code, 0, running.err)
      assert.match(running.out, /^403 deny {3}team_model_denied {3}bob/)
      assert.match(running.out, /^ → operator: Add "gpt-4o" to models of the team "blue"/m)

      const record = yield* Effect.promise(() => fetch(`${admin}/admin/v1/decisions/${id}`).then((it) => it.json()))
      const { changes } = record.steps.at(-1).facts
      assert.deepInclude(changes.at(-1), { change: "operator", setting: "directory", line: 1 }, "the line of the file")

      // The rules allowed this one, and nothing is upstream.
      assert.strictEqual((yield* ask("o1")).status, 502)
      const search = ["decisions", "--config", config, "--who", "bob", "--json"]
      const listed = yield* jotgate(...search)
      const api = yield* Effect.promise(() =>
        fetch(`${admin}/admin/v1/decisions?who=bob&limit=20`).then((it) => it.json())
      )
      assert.deepStrictEqual(JSON.parse(listed.out), api, "as the admin API answers")

      const plan = (file: string) => jotgate("plan", "--config", file, "--from", admin, "--json")
      const same = yield* plan(config)
      assert.strictEqual(same.code, 0, same.err)
      assert.deepStrictEqual(JSON.parse(same.out), { asked: 2, lost: [], gained: [], moved: [] })
      const other = yield* plan(configured("other", ["gpt-4o"]))
      const { gained, lost } = JSON.parse(other.out)
      const told = (it: ReadonlyArray<{ readonly who: string; readonly model: string }>) =>
        it.map(({ model, who }) => `${who} ${model}`)
      assert.deepStrictEqual([other.code, told(lost), told(gained)], [1, ["bob o1"], ["bob gpt-4o"]], other.err)

      serve.process.kill("SIGTERM")
      assert.strictEqual(yield* serve.ended, 0)
      const stopped = yield* explain
      assert.strictEqual(stopped.out, running.out, "out of the store")
      assert.deepStrictEqual(JSON.parse((yield* jotgate(...search)).out), api)

      const again = yield* start(["serve", "--config", config])
      yield* again.until(/^ready /m)
      assert.strictEqual((yield* explain).out, running.out, "of the gate that was started anew")
    }),
  240_000
)
