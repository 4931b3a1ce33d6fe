import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect } from "effect"
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import workerd from "workerd"

const source = fileURLToPath(new URL("../src/workerd/worker.ts", import.meta.url))

/** An issuer whose key set is a value. */
const publishing = (keys: () => ReadonlyArray<unknown>) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly origin: string; readonly close: () => Promise<void>; hits: number }>((resume) => {
      const it = { origin: "", hits: 0, close: () => new Promise<void>((done) => server.close(() => done())) }
      const server = createServer((request, response) => {
        const isKeys = request.url === "/keys"
        if (isKeys) it.hits++
        const body = isKeys
          ? { keys: keys() }
          : { issuer: it.origin, jwks_uri: `${it.origin}/keys` }
        response.writeHead(200, { "content-type": "application/json", connection: "close" })
        void setTimeout(20).then(() => response.end(JSON.stringify(body)))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        it.origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
        resume(Effect.succeed(it))
      })
    }),
    (it) => Effect.promise(it.close)
  )

const config = (issuer: string): string =>
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  bindings = [(name = "ISSUER", text = "${issuer}"), (name = "AUDIENCE", text = "https://api.test")]
);
`

/** The example's Worker, bundled and served by workerd. */
const serving = Effect.fnUntraced(function*(issuer: string) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-workerd-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const bundled = yield* Effect.promise(() =>
    build({
      stdin: { contents: `export { worker as default } from ${JSON.stringify(source)}`, resolveDir: dirname(source) },
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["source", "workerd", "import"],
      outfile: join(folder, "worker.js"),
      metafile: true,
      logLevel: "silent"
    })
  )
  writeFileSync(join(folder, "config.capnp"), config(issuer))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(workerd, ["serve", "--control-fd=1", join(folder, "config.capnp")], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (it) =>
      Effect.promise(() =>
        new Promise<void>((done) => {
          it.on("exit", () => done())
          it.kill("SIGKILL")
        })
      )
  )
  const port = yield* Effect.callback<number>((resume) => {
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
      const found = /"socket":"http","port":(\d+)/.exec(out)
      if (found !== null) resume(Effect.succeed(Number(found[1])))
    })
  })
  return { url: `http://127.0.0.1:${port}`, inputs: Object.keys(bundled.metafile.inputs) }
})

describe("the Worker, on workerd", () => {
  it.live(
    "a thousand requests, cold and at once, over three rotations of the issuer's keys: no hang, no wrong answer",
    () =>
      Effect.gen(function*() {
        let published: ReadonlyArray<Issuer.TestKey> = []
        const issuer = yield* publishing(() => published.map((it) => it.publicJwk))
        const { inputs, url } = yield* serving(issuer.origin)
        assert.isFalse(inputs.some((it) => it.startsWith("node:") || /platform-node|NodeSignature/.test(it)))
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        let late = 0
        const ask = async (token: string | undefined, model: string): Promise<string> => {
          const response = await fetch(`${url}/v1/chat/completions`, {
            method: "POST",
            headers: {
              "content-type": "application/json",
              ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
            },
            body: JSON.stringify({ model }),
            signal: AbortSignal.timeout(20_000)
          })
          const body = await response.json()
          // On a busy machine the issuer's answer can come too late; a client asks again when it is told to.
          if (response.status === 503) {
            late++
            await setTimeout(1_000 * Number(response.headers.get("retry-after")))
            return ask(token, model)
          }
          return response.ok ? `200 ${body.model}` : `${response.status} ${body.code}`
        }
        const keys = yield* Effect.forEach(["one", "two", "three", "four"], (kid) => Issuer.makeKey("ES256", kid))
        for (const [round, key] of keys.entries()) {
          // As providers do: the old key stays for a while, and the last one was published before it signs.
          published = keys.slice(Math.max(0, round - 1), round < 2 ? round + 1 : 4)
          const claims = {
            iss: issuer.origin,
            aud: "https://api.test",
            sub: "ada",
            groups: ["red"],
            iat: now,
            exp: now + 600
          }
          const token = yield* Issuer.signAnything(key, Issuer.headerOf(key), claims)
          const answers = yield* Effect.promise(() =>
            Promise.all(
              Array.from(
                { length: 252 },
                (_, i) => i % 3 === 0 ? ask(token, "gpt-4o") : i % 3 === 1 ? ask(token, "o1") : ask(undefined, "gpt-4o")
              )
            )
          )
          const counts = Map.groupBy(answers, (it) => it)
          assert.deepStrictEqual(
            new Map([...counts].map(([answer, all]) => [answer, all.length])),
            new Map([["200 gpt-4o", 84], ["403 team_model_denied", 84], ["401 token_missing", 84]])
          )
        }
        if (late === 0) assert.isAtMost(issuer.hits, 3)
      })
  )
})
