import { assert, it } from "@effect/vitest"
import { Catalog, describeWith } from "@jotgate/servers"
import { Effect, Exit, Scope } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { snippet } from "../../src/snippets/Snippet.ts"
import * as ServerWorld from "../support/ServerWorld.ts"

interface Said {
  readonly status: number
  readonly detail?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly user_id?: string
  readonly user_role?: string
  readonly team_id?: string
  readonly models?: ReadonlyArray<string>
}

interface Question {
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body?: string
}

/** Runs the printed file as LiteLLM would, beside stand-ins for what it imports. */
const run = (gate: string, questions: ReadonlyArray<Question>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-litellm-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true }))
    )
    cpSync(join(import.meta.dirname, "../fixtures/litellm-stubs"), folder, { recursive: true })
    writeFileSync(join(folder, "jotgate_auth.py"), snippet("litellm", { gate: new URL(gate) }))
    const input = questions.map((it) => JSON.stringify({ method: "POST", path: "/v1/chat/completions", ...it })).join(
      "\n"
    )
    const { stderr, stdout } = yield* Effect.promise(() => python(folder, input, env))
    const answers: ReadonlyArray<Said> = stdout.trim().split("\n").filter((it) => it !== "").map((it) => JSON.parse(it))
    assert.strictEqual(answers.length, questions.length, stderr)
    return answers
  })

/** The gate answers in this process, so Python must not stop it. */
const python = (folder: string, input: string, env: Readonly<Record<string, string>>) =>
  new Promise<{ readonly stdout: string; readonly stderr: string }>((done, fail) => {
    const child = spawn(Catalog.locate("python"), ["ask.py"], { cwd: folder, env: { PATH: "/usr/bin:/bin", ...env } })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
    child.on("error", fail).on("close", () => done({ stdout, stderr }))
    child.stdin.end(`${input}\n`)
  })

const bearer = (token: string) => [["authorization", `Bearer ${token}`], ["content-type", "application/json"]] as const

const gpt = `{"model":"gpt-4o"}`

describeWith("python", "the snippet of litellm", () => {
  it.live(
    "allows with user, team, role and the names of the models that fit the team's patterns",
    () =>
      Effect.gen(function*() {
        const { admin, token } = yield* ServerWorld.make()
        const [alice, root, both] = yield* run(admin, [
          { headers: bearer(yield* token("alice", { groups: ["red"] })), body: gpt },
          { headers: bearer(yield* token("root")), method: "GET", path: "/v1/models" },
          {
            headers: bearer(yield* token("alice", { groups: ["red", "blue"] })),
            method: "GET",
            path: "/v1/models",
            query: "a=1"
          }
        ])
        assert.deepInclude({ ...alice }, { status: 200, user_id: "alice", user_role: "internal_user", team_id: "red" })
        assert.deepStrictEqual(alice?.models, ["gpt-4o", "gpt-4o-mini", "gpt-4oh.1"])
        assert.deepInclude({ ...root }, { status: 200, user_id: "root", user_role: "proxy_admin" })
        assert.include(both?.models ?? [], "claude-x")
        assert.notInclude(both?.models ?? [], "o1")
      })
  )

  it.live(
    "denies with the gate's status, code and decision, and a challenge where there is one",
    () =>
      Effect.gen(function*() {
        const { admin, token } = yield* ServerWorld.make()
        const alice = bearer(yield* token("alice", { groups: ["red"] }))
        const said = yield* run(admin, [
          { headers: alice, body: `{"model":"o1"}` },
          { headers: alice, body: `{"model":"gpt-4o","model":"o1"}` },
          { headers: alice, body: "no JSON" },
          { headers: bearer("bad"), body: gpt },
          { headers: [["content-type", "application/json"]], body: gpt },
          { headers: bearer(yield* token("nobody")), body: gpt },
          { headers: [...alice, ["authorization", "Bearer other"]], body: gpt }
        ])
        const codes = said.map(({ detail, status }) => `${status} ${detail?.split(",", 1)[0]}`)
        assert.deepStrictEqual(codes, [
          "403 team_model_denied",
          "400 request_ambiguous",
          "400 body_invalid",
          "401 invalid_token",
          "401 token_missing",
          "404 user_not_found",
          "400 credential_conflict"
        ])
        for (const { detail } of said) assert.match(detail ?? "", /^[a-z_]+, decision d_[0-9A-Z]{26}$/)
        assert.deepStrictEqual(said[3]?.headers, { "WWW-Authenticate": `Bearer realm="jotgate"` })
        assert.notExists(said[0]?.headers)
      })
  )

  it.live("judges the fields of a form that LiteLLM has read already", () =>
    Effect.gen(function*() {
      const { admin, token } = yield* ServerWorld.make()
      const bearer = `Bearer ${yield* token("alice", { groups: ["red"] })}`
      const form = (...models: ReadonlyArray<string>) => ({
        path: "/v1/audio/transcriptions",
        headers: [["authorization", bearer], ["content-type", "multipart/form-data; boundary=B"]] as const,
        body: [
          `--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n`,
          ...models.map((it) => `--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n${it}\r\n`),
          "--B--\r\n"
        ].join("")
      })
      const said = yield* run(admin, [
        form("gpt-4o"),
        form("o1"),
        form("gpt-4o", "o1"),
        { ...form("gpt-4o"), body: `${form("o1").body}trailing` },
        {
          headers: [["authorization", bearer], ["content-type", "application/x-www-form-urlencoded; charset=utf-8"]],
          path: "/v1/audio/transcriptions",
          body: "model=o1"
        }
      ])
      assert.deepStrictEqual(said.map(({ status }) => status), [200, 403, 400, 403, 403])
      assert.match(said[1]?.detail ?? "", /^team_model_denied/)
      assert.match(said[2]?.detail ?? "", /^(?:request_ambiguous|body_invalid)/)
    }))

  it.live(
    "is closed while the gate is down, says something else, or does not know the admin token",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { admin, token } = yield* Scope.provide(
          ServerWorld.make({ gateway: { adminToken: "env:ADMIN" } }, { ADMIN: "s".repeat(32) }),
          scope
        )
        const asked = [{ headers: bearer(yield* token("alice", { groups: ["red"] })), body: gpt }]
        const known = yield* run(admin, asked, { JOTGATE_ADMIN_TOKEN: "s".repeat(32) })
        assert.strictEqual(known[0]?.status, 200)
        const closed: Said = { status: 503, detail: "gate_unreachable", headers: { "Retry-After": "5" } }
        assert.deepStrictEqual(yield* run(admin, asked), [closed])
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* run(admin, asked, { JOTGATE_ADMIN_TOKEN: "s".repeat(32) }), [closed])
        for (const body of ["{}", "[]", "null", `{"allowed":"yes"}`, "<html>", `{"allowed":true`]) {
          const server = yield* Effect.acquireRelease(
            Effect.callback<ReturnType<typeof createServer>>((resume) => {
              const it = createServer((_, response) => response.end(body))
              it.listen(0, "127.0.0.1", () => resume(Effect.succeed(it)))
            }),
            (it) => Effect.sync(() => it.close())
          )
          const address = server.address()
          const port = typeof address === "object" ? address?.port ?? 0 : 0
          const [said] = yield* run(`http://127.0.0.1:${port}`, asked)
          assert.deepStrictEqual(said, closed, body)
        }
      })
  )

  it("is Python that compiles, without a warning", () => {
    const text = snippet("litellm")
    const { status, stderr } = spawnSync(
      Catalog.locate("python"),
      ["-W", "error", "-c", "import sys; compile(sys.stdin.read(), 'jotgate_auth.py', 'exec')"],
      { input: text, encoding: "utf8" }
    )
    assert.strictEqual(status, 0, stderr)
  })
})
