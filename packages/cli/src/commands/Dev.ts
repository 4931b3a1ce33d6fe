/**
 * `jotgate dev`: everything in one process on loopback, without a file, a
 * database or a network.
 *
 * A dev issuer, an echo upstream, a directory with three people, the gate and
 * the page. What it runs with stands in a configuration file in its folder, so
 * that `explain` and `check` work on it as on any other.
 */
import { parseConfig } from "@jotgate/server/ConfigFile"
import { addressText } from "@jotgate/server/GatewaySettings"
import { Console, Effect, Fiber, FileSystem, Option, Result, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { join, resolve } from "node:path"
import { stringify } from "yaml"
import { silence } from "../Address.ts"
import { sourceOf } from "../Configuration.ts"
import * as DevWorld from "../dev/DevWorld.ts"
import { failure } from "../Outcome.ts"
import * as Signals from "../Signals.ts"

const port = (name: string, fallback: number, what: string) =>
  Flag.Int(name).pipe(
    Flag.withDescription(what),
    Flag.withDefault(fallback),
    Flag.filter((it) => it >= 0 && it <= 65_535, (it) => `${it} is no port`)
  )

/** A word of a shell command, quoted when it has to be. */
const quoted = (word: string): string => /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

const folder = Effect.fnUntraced(function*(data: Option.Option<string>) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Option.match(data, {
    onNone: () => files.makeTempDirectoryScoped({ prefix: "jotgate-dev-" }),
    onSome: (directory) => Effect.as(files.makeDirectory(directory, { recursive: true }), resolve(directory))
  }).pipe(Effect.catchTag("PlatformError", () => failure("--data: this folder cannot be made")))
  return path
})

/** Asks until a whole request has gone through once: keys, directory, rules, upstream. */
const answered = (url: string, token: string) =>
  Effect.tryPromise({
    try: (signal) => fetch(url, { signal, headers: { authorization: `Bearer ${token}` } }),
    catch: (error) => failure(silence(url, error))
  }).pipe(
    Effect.flatMap((response) =>
      response.ok ? Effect.void : failure(`${url} answers ${response.status}: something of dev is not in order`)
    ),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 60 })
  )

/** A call of a tool, as a command. */
const toolCall = (gate: string, token: string, name: string): string => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } })
  return `curl ${gate}/mcp/github -H 'authorization: Bearer ${token}' -H 'content-type: application/json' ` +
    `-H 'accept: application/json, text/event-stream' -H 'mcp-protocol-version: 2025-06-18' -d '${body}'`
}

/** The gate that `jotgate token` asks unless it is told another. */
const usual = "http://127.0.0.1:4180"

const greeting = (at: {
  readonly gate: string
  readonly admin: string
  readonly issuer: string
  readonly upstream: string
  readonly config: string
  readonly token: string
  /** Whether rows and decisions outlive it. */
  readonly isKept: boolean
}) => {
  const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hello, gate!" }] })
  const people = DevWorld.people.map((it) => `${it.id} (${it.note})`).join(", ")
  return [
    `gate      ${at.gate}   an OpenAI-compatible endpoint: base URL ${at.gate}/v1`,
    `page      ${at.admin}/   why a request is allowed or denied`,
    `tools     ${at.gate}/mcp/github   an MCP server of five tools; alice may call three, ${DevWorld.agent} for her one`,
    `issuer    ${at.issuer}   ${people}; alice+${DevWorld.agent}: alice with an agent`,
    `upstream  ${at.upstream}   answers what it was told`,
    "",
    "Ask as alice (her token is good for an hour):",
    "",
    `curl -N ${at.gate}/v1/chat/completions -H 'authorization: Bearer ${at.token}' -H 'content-type: application/json' -d '${body}'`,
    "",
    "Call a tool of the MCP server as alice: the first is allowed, the second denied (an MCP client: URL, token as Bearer):",
    "",
    toolCall(at.gate, at.token, "get_repo"),
    toolCall(at.gate, at.token, "delete_repo"),
    "",
    "Ask why (any person, any model, any tool), who may, and what was asked so far:",
    "",
    `npx jotgate explain --config ${quoted(at.config)} --person alice --model gpt-4o`,
    `npx jotgate explain --config ${
      quoted(at.config)
    } --person alice --agent ${DevWorld.agent} --tool github/create_issue`,
    `npx jotgate who --config ${quoted(at.config)} --tool github/create_issue`,
    `npx jotgate decisions --config ${quoted(at.config)} --steps`,
    "",
    `Another token: npx jotgate token bob${at.gate === usual ? "" : ` --gate ${at.gate}`}        Stop: Ctrl-C${
      at.isKept ? "" : " (rows and decisions go with it; --data DIR keeps them)"
    }`
  ].join("\n")
}

export const dev = Command.make(
  "dev",
  {
    port: port("port", 4180, "Port of the gate; 0 takes a free one"),
    adminPort: port("admin-port", 4181, "Port of the admin listener and the page; 0 takes a free one"),
    data: Flag.String("data").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("Keep the directory there instead of in a temporary folder"),
      Flag.optional
    )
  },
  Effect.fn("dev")(function*({ adminPort, data, port }) {
    const files = yield* FileSystem.FileSystem
    const hungUp = yield* Effect.forkScoped(Signals.hungUp, { startImmediately: true })
    const path = yield* folder(data)
    const [Running, DevIssuer, EchoUpstream, ToolServer, { shrink }] = yield* Effect.promise(() =>
      Promise.all([
        import("../Running.ts"),
        import("../dev/DevIssuer.ts"),
        import("../dev/EchoUpstream.ts"),
        import("../dev/ToolServer.ts"),
        import("../dev/Footprint.ts")
      ])
    )
    const issuer = yield* DevIssuer.make
    const upstream = yield* EchoUpstream.make
    const tools = yield* ToolServer.make
    const config = join(path, "jotgate.yaml")
    const written = (gate: string, admin: string) =>
      stringify(DevWorld.configuration({
        issuer: issuer.url,
        upstream,
        tools,
        database: join(path, "jotgate.db"),
        cache: join(path, "cache"),
        gate,
        admin
      }))
    const parsed = yield* Result.match(
      parseConfig({
        name: config,
        text: written(`127.0.0.1:${port}`, `127.0.0.1:${adminPort}`),
        directory: path,
        env: {}
      }),
      { onFailure: (error) => Effect.die(error), onSuccess: (it) => Effect.succeed(it) }
    )
    const run = Effect.gen(function*() {
      const server = yield* Running.Server
      const [gate, admin] = [addressText(server.gate), addressText(server.admin)]
      yield* files.writeFileString(config, written(gate, admin)).pipe(
        Effect.catchTag("PlatformError", () => failure(`${config}: cannot be written`))
      )
      const token = yield* issuer.token("alice")
      yield* answered(`http://${gate}/v1/models`, token ?? "")
      yield* Console.log(greeting({
        gate: `http://${gate}`,
        admin: `http://${admin}`,
        issuer: issuer.url,
        upstream,
        config,
        token: token ?? "",
        isKept: Option.isSome(data)
      }))
      yield* shrink
      return yield* Fiber.join(hungUp)
    })
    const people = {
      people: DevWorld.people.map(({ id, note }) => ({ id, note })),
      token: (id: string) => issuer.token(id)
    }
    return yield* Effect.provide(
      run,
      Running.layer(
        {
          config: parsed,
          env: {},
          base: path,
          source: sourceOf(parsed),
          names: { gate: "--port", admin: "--admin-port" }
        },
        { people, seed: DevWorld.rows }
      )
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Try it: an issuer, an upstream, a gate and a page on this machine"))
