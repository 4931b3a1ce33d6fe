/**
 * The server and what explains its decisions, over the live systems that the
 * settings name. The verbs that need neither do not load this module: it is
 * what takes time to start.
 */
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import type { ConfigSource } from "@jotgate/server/ConfigState"
import type { Deployment } from "@jotgate/server/Deployment"
import { DevPeople, type DevPeople as People } from "@jotgate/server/DevPeople"
import { deploymentOf, Server } from "@jotgate/server/Server"
import { Effect, Layer, References, type Scope } from "effect"
import * as Directory from "./Directory.ts"
import type { Failure } from "./Outcome.ts"
import { type ListenerNames, startFailure } from "./StartFailure.ts"

export { Server }

/** What is run, and where its secrets come from. */
export interface Running {
  readonly config: Pick<ConfigFile, "settings" | "lines">
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative file names of secrets are relative to. */
  readonly base: string
  /** Where the configuration comes from. */
  readonly source?: ConfigSource
  /** How the listeners are called when one cannot be opened. */
  readonly names: ListenerNames
}

/** What `dev` has more than `serve`. */
export interface Dev {
  readonly people: People
  readonly seed: DirectoryFile
}

const settingNames: ListenerNames = { gate: "gateway.listen", admin: "gateway.admin" }

/** Both listeners. */
export const layer = ({ base, config, env, names, source }: Running, dev?: Dev) =>
  Server.layer(config.settings, {
    ...(dev === undefined ? {} : { directory: (settings) => Directory.seeded(settings, dev.seed) }),
    env,
    base,
    lines: config.lines,
    workers: config.settings.gateway.workers,
    source,
    ...(dev === undefined ? {} : { grace: 500 })
  }).pipe(
    Layer.provide(Layer.succeed(DevPeople, dev?.people)),
    Layer.catch((error) => Layer.effect(Server, startFailure(names)(error)))
  )

/** A deployment that is only looked at, and which rows it has. */
export interface Look extends Deployment {
  readonly rows: string
}

/**
 * The pipeline alone, which writes nothing: no row, no file, no saved key set. The rows of `directory.file` are laid
 * over those of the store, as a start would; `rows` says which were used.
 */
export const dry = (
  { config: { lines, settings }, base, env }: Omit<Running, "names" | "source">
): Effect.Effect<Look, Failure, Scope.Scope> =>
  Effect.gen(function*() {
    const looked = yield* Directory.looked(settings)
    const deployment = yield* deploymentOf({
      ...settings,
      cache: { ...settings.cache, dir: null },
      directory: { ...settings.directory, file: looked.file }
    }, {
      // The deny list of a directory that is not written is a file of the folder.
      directory: (it) => looked.layer({ ...it, cache: settings.cache }),
      env,
      base,
      lines
    })
    return { ...deployment, rows: looked.rows }
  }).pipe(
    // What a server would log of its start is nothing to whoever asks one question.
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.mapError(startFailure(settingNames))
  )
