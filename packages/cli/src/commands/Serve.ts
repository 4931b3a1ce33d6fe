/**
 * `jotgate serve FILE`: the server.
 *
 * A change of the file, or SIGHUP, puts the new settings in force at once for
 * every request that follows; a file with a finding changes nothing.
 */
import type { LitellmRelease } from "@jotgate/core/Settings"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import { type Address, addressText, defaultTimeouts, grpcTls } from "@jotgate/server/GatewaySettings"
import * as LogLine from "@jotgate/server/LogLine"
import * as RegularFile from "@jotgate/server/RegularFile"
import { WorkerProgram } from "@jotgate/server/WorkerProgram"
import { Console, Effect, Layer, Option, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import cluster from "node:cluster"
import { dirname, resolve } from "node:path"
import { addressFlag, urlFlag } from "../Address.ts"
import { configFlag, fileOf, fromImport, load, sound, sourceOf } from "../Configuration.ts"
import { needsAttention, toText } from "../import/ParityReport.ts"
import { KeptProgram } from "../KeptProgram.ts"
import * as LastNet from "../LastNet.ts"
import * as NodeFlags from "../NodeFlags.ts"
import { Failure, failure, Negative } from "../Outcome.ts"
import { unreadable } from "../SecretCheck.ts"
import * as Signals from "../Signals.ts"
import { changes, seen } from "../Watch.ts"
import { imported, readYaml, release } from "./Import.ts"

/** Imports their file in memory; a file that needs somebody is not served. */
const loadLitellm = Effect.fnUntraced(function*(file: string, release: LitellmRelease) {
  const it = yield* imported(file, yield* readYaml(file), false, release)
  if (needsAttention(it.report)) return yield* new Negative({ lines: toText(it.report, release).split("\n") })
  return yield* fromImport(file, it)
})

/** Refuses a configuration whose secrets cannot be read, one line each. */
const readable = (config: ConfigFile) =>
  Effect.flatMap(unreadable(config), (lines) => lines.length === 0 ? Effect.void : new Failure({ lines }))

const optional = (name: string, metavar: string, what: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

/** What flags say goes before what the file says. */
const instead =
  (listen: Address | undefined, admin: Address | undefined, upstream: URL | undefined) =>
  (file: ConfigFile): ConfigFile => {
    const { gateway } = file.settings
    const plain = {
      authorization: "none",
      header: "authorization",
      onMissingTeamKey: "default",
      kind: "any",
      timeouts: defaultTimeouts
    } as const
    return {
      ...file,
      settings: {
        ...file.settings,
        gateway: {
          ...gateway,
          listen: listen ?? gateway.listen,
          admin: admin ?? gateway.admin,
          upstream: upstream === undefined ? gateway.upstream : { ...plain, ...gateway.upstream, url: upstream.href }
        }
      }
    }
  }

/** Settings that are fixed when the listeners open, as they stand in the file. */
const fixed = ({ settings: { audit, decisions, gateway, log, telemetry } }: ConfigFile): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ["gateway.listen", gateway.listen],
    ["gateway.admin", gateway.admin],
    ["gateway.grpc", gateway.grpc],
    ["gateway.hosts", gateway.hosts],
    ["gateway.tls", gateway.tls !== null],
    ["gateway.workers", gateway.workers],
    ["gateway.drain", gateway.drain],
    ["gateway.limits.headers", gateway.limits.headers],
    ["log", log],
    ["audit", audit],
    ["decisions", decisions],
    ["telemetry", telemetry]
  ])

/** The names of the fixed settings in which two files differ. */
const staying = (next: ConfigFile, first: ConfigFile): ReadonlyArray<string> => {
  const before = fixed(first)
  return [...fixed(next)].filter(([name, it]) => JSON.stringify(it) !== JSON.stringify(before.get(name))).map(([it]) =>
    it
  )
}

/** Files whose change is a reason to read everything again: the file itself, and what it has read at the start. */
const inForce = (name: string, { settings }: ConfigFile): ReadonlyArray<string> => {
  const { adminToken, tls } = settings.gateway
  const grpc = grpcTls(settings.gateway)
  const read = new Set([tls?.cert, tls?.key, adminToken, grpc?.cert, grpc?.key, grpc?.clientCa])
  return [name, ...[...read].flatMap((it) => it?.startsWith("file:") === true ? [it.slice("file:".length)] : [])]
}

const program = new KeptProgram(import.meta.url)

/** What a process that serves does when everything stands, before it says so. */
const stands = (wounded: (error: unknown) => void) =>
  LastNet.under(wounded).pipe(
    Effect.andThen(Effect.sync(NodeFlags.settle)),
    Effect.andThen(Effect.forkScoped(program.keep))
  )

/** One of the processes of `gateway.workers`: it is told what to serve, and when to read it again. */
const work = Effect.gen(function*() {
  // Whoever hangs up or reloads tells the owner; a group of processes is told as a whole.
  yield* Signals.ignored(["SIGHUP"])
  const Worker = yield* Effect.promise(() => import("@jotgate/server/Worker"))
  // What went wrong is the owner's to tell.
  yield* Effect.mapError(Worker.run(Worker.ofProcess, process.env, stands), () => new Failure({ lines: [] }))
})

export const serve = Command.make(
  "serve",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The configuration file"), Argument.optional),
    config: configFlag,
    litellm: Flag.String("litellm").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Serve what `import litellm FILE` writes"),
      Flag.optional
    ),
    release,
    listen: optional("listen", "HOST:PORT", "Instead of gateway.listen"),
    admin: optional("admin", "HOST:PORT", "Instead of gateway.admin"),
    upstream: optional("upstream", "URL", "Instead of the URL of gateway.upstream")
  },
  Effect.fn("serve")(function*({ admin, config: flag, file, listen, litellm, release, upstream }) {
    yield* Signals.ignored(["SIGUSR1", "SIGUSR2"])
    if (cluster.isWorker) return yield* work
    const hangup = yield* Signals.hangups
    const config = yield* fileOf(file, flag)
    if (Option.isSome(config) === Option.isSome(litellm)) {
      return yield* failure("which file? Give a configuration FILE, or --litellm FILE")
    }
    const name = Option.getOrElse(Option.orElse(config, () => litellm), () => "")
    const changed = instead(
      yield* addressFlag("listen", listen),
      yield* addressFlag("admin", admin),
      yield* urlFlag("upstream", upstream)
    )
    const read = Effect.flatMap(
      Effect.map(Option.isSome(config) ? load(name) : loadLitellm(name, release), changed),
      sound
    ).pipe(Effect.tap(readable))
    const before = yield* seen([name])
    const first = yield* read

    const Running = yield* Effect.promise(() => import("../Running.ts"))
    const run = Effect.gen(function*() {
      const server = yield* Running.Server
      yield* stands(server.wounded)
      yield* Console.log(
        `ready gate=http://${addressText(server.gate)} admin=http://${addressText(server.admin)}` +
          (server.grpc === undefined ? "" : ` grpc=http://${addressText(server.grpc)}`)
      )
      let current = first
      const reload = Effect.gen(function*() {
        // At the start a pipe may say what to serve; to read it again would be to wait without end.
        yield* Effect.mapError(
          RegularFile.check(name),
          (code) =>
            new Failure({
              lines: [`${name}: ${code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`}`]
            })
        )
        const next = yield* read
        yield* server.reload(next.settings, next.lines, sourceOf(next))
        current = next
        yield* Effect.logInfo(`${name} is in force`)
        const stays = staying(next, first)
        if (stays.length > 0) {
          yield* Effect.logWarning(`${stays.join(", ")}: what was stays in force until the next start`)
        }
      }).pipe(
        Effect.catch((error) =>
          Effect.andThen(
            server.refused(reasons(error)),
            Effect.logError(`${name} is not in force: what was stays`, { reasons: reasons(error).join("; ") })
          )
        )
      )
      const again = Stream.merge(changes(() => inForce(name, current), before), Stream.fromQueue(hangup))
      yield* Stream.runForEach(again, (reason) => {
        if (reason === "SIGHUP") server.reopen()
        return reload
      })
    })
    yield* Effect.provide(
      Effect.scoped(run),
      Running.layer({
        config: first,
        env: process.env,
        base: dirname(resolve(name)),
        source: sourceOf(first),
        names: { gate: "gateway.listen", admin: "gateway.admin" }
      }).pipe(
        Layer.provide(Layer.succeed(WorkerProgram, program.start)),
        Layer.provideMerge(LogLine.layer(first.settings.log.format))
      )
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Run the server"))

const reasons = (error: unknown): ReadonlyArray<string> =>
  typeof error === "object" && error !== null && "lines" in error && Array.isArray(error.lines)
    ? error.lines.map(String)
    : [error instanceof Error ? error.message : String(error)]
