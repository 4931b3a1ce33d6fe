/** The preset `dex` against a real dex, through the command and a served gate. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { describeWith, Dex } from "@jotgate/servers"
import { Effect, FileSystem } from "effect"
import { createServer } from "node:http"
import { start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

/** An upstream that says whom it was told, and with which credential. */
const upstream = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
    const server = createServer(({ headers }, response) => {
      const told = [headers["x-jotgate-user"], headers["x-jotgate-team"], headers["x-jotgate-email"]]
      response.end(JSON.stringify([...told, headers.authorization ?? null]))
    })
    server.listen(0, "127.0.0.1", () => {
      const at = server.address()
      const port = typeof at === "object" && at !== null ? at.port : 0
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const subjectOf = (token: string): string =>
  String(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub)

const dan = { id: "dan", email: "dan@acme.test", groups: ["red", "blue"] }

describeWith("dex", "dex", () => {
  it.live(
    "its tokens stand for the right person and team, its other clients' for nobody, before and after its keys change",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const [dex, behind] = yield* Effect.all([Dex.make(), upstream])
        const file = `${folder}/jotgate.yaml`
        yield* files.writeFileString(`${folder}/rows.yaml`, "teams: [{ id: blue, models: [gpt-4o] }]\n")
        yield* files.writeFileString(
          file,
          `issuers: [{ preset: dex, url: "${dex.issuer}", audience: llm-gateway }]
directory: { url: "memory:", file: rows.yaml, users: { unknown: allow } }
cache: { dir: null }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, upstream: { url: "${behind.url}" } }
`
        )
        assert.strictEqual((yield* jotgate("check", file)).out, `${file}: sound`)
        const serve = yield* start(["serve", "--config", file])
        const [, gate = ""] = yield* serve.until(/^ready gate=(\S+) admin=/m)
        const ask = (token: string) =>
          Effect.promise(async () => {
            const answer = await fetch(`${gate}/v1/chat/completions`, {
              method: "POST",
              headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
              body: `{"model":"gpt-4o","messages":[]}`
            })
            const body: unknown = await answer.json()
            return answer.ok ? body : `${answer.status} ${Reflect.get(Object(body), "code")}`
          })
        const signIn = (client: string, scopes?: string) => Effect.promise(() => dex.signIn(client, dan, scopes))

        const own = yield* signIn("llm-gateway")
        const told = [encodeURIComponent(subjectOf(own.id)), "blue", "dan%40acme.test", null]
        assert.deepStrictEqual(yield* ask(own.id), told)
        assert.deepStrictEqual(yield* ask(own.access), told)
        assert.deepStrictEqual(yield* ask((yield* signIn("llm-cli", "audience:server:client_id:llm-gateway")).id), told)
        assert.strictEqual(yield* ask((yield* signIn("llm-cli")).id), "401 invalid_token")
        assert.strictEqual(yield* ask((yield* signIn("other")).access), "401 invalid_token")
        // dex's own passwords bring no groups, and who has no row and no team may call nothing.
        const { id: ada } = yield* Effect.promise(() => dex.password("llm-gateway"))
        assert.strictEqual(yield* ask(ada), "403 user_model_denied")
        const explained = yield* jotgate("explain", "-c", file, "--token", own.id, "--model", "gpt-4o")
        assert.match(explained.out, /^200 allow {3}dan@acme\.test → team blue/m)

        // dex keeps everything in memory: after its restart it has other keys.
        yield* Effect.promise(() => dex.restart())
        const after = yield* signIn("llm-gateway")
        assert.deepStrictEqual(yield* ask(after.id), told)
        assert.strictEqual(yield* ask(`${own.id.slice(0, -8)}AAAAAAAA`), "401 invalid_token")
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
