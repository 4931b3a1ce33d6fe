/**
 * The server and what explains its decisions, over the live systems that the
 * settings name. The verbs that need neither do not load this module: it is
 * what takes time to start.
 */
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import type { ConfigFile } from "@jotgate/server/ConfigFile"
import { DevPeople, type DevPeople as People } from "@jotgate/server/DevPeople"
import { deploymentOf, Server } from "@jotgate/server/Server"
import { Effect, Layer } from "effect"
import * as Directory from "./Directory.ts"
import { type ListenerNames, startFailure } from "./StartFailure.ts"

export { Server }

/** What is run, and where its secrets come from. */
export interface Running {
  readonly config: Pick<ConfigFile, "settings" | "lineOf">
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative file names of secrets are relative to. */
  readonly base: string
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
export const layer = ({ base, config, env, names }: Running, dev?: Dev) =>
  Server.layer(config.settings, {
    ...(dev === undefined ? {} : { directory: (settings) => Directory.seeded(settings, dev.seed) }),
    env,
    base,
    lineOf: config.lineOf,
    ...(dev === undefined ? {} : { grace: 500 })
  }).pipe(
    Layer.provide(Layer.succeed(DevPeople, dev?.people)),
    Layer.catch((error) => Layer.effect(Server, startFailure(names)(error)))
  )

/** The pipeline alone, which writes nothing: no row, no file, no saved key set. */
export const dry = ({ config: { lineOf, settings }, base, env }: Omit<Running, "names">) =>
  deploymentOf({
    ...settings,
    cache: { ...settings.cache, dir: null },
    // Rows of a file are applied only where they are gone afterwards.
    directory: { ...settings.directory, file: Directory.isPassing(settings) ? settings.directory.file : null }
  }, {
    // The deny list of a directory that is not written is a file of the folder.
    directory: (it) => Directory.readOnly({ ...it, cache: settings.cache }),
    env,
    base,
    lineOf
  }).pipe(Effect.mapError(startFailure(settingNames)))
