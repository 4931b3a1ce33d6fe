/**
 * A server that is told what to do by a file: the reverse proxies.
 *
 * The file is written into a folder of the server's own, is the whole configuration, and may name the port and the
 * folder that the server was given.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type * as Catalog from "./Catalog.ts"
import * as Folder from "./Folder.ts"
import * as Ports from "./Ports.ts"
import * as Process from "./Process.ts"

/** Where a server lives: what its configuration may need to know. */
export interface Place {
  readonly host: string
  readonly port: number
  /** Where the configuration and the `files` lie, and where the server may write. */
  readonly folder: string
}

export type Text = string | ((place: Place) => string)

export interface Options {
  /** The complete configuration; it makes the server listen on `host:port`. */
  readonly config: Text
  /** Further files by name: certificates, scripts, dynamic configuration. */
  readonly files?: Readonly<Record<string, Text>>
  /** The port that the configuration names, when it was written before. */
  readonly port?: number
  /** Whether it does what the tests ask of it; when absent, accepting connections is enough. */
  readonly ready?: (place: Place) => Promise<boolean>
}

export interface Configured extends Process.Process, Place {
  /** `http://host:port`. */
  readonly url: string
  /** Replaces the configuration and restarts; files not named stay as they are. */
  readonly configure: (config: Text, files?: Options["files"]) => Promise<void>
}

export interface Program {
  readonly name: Catalog.Name
  readonly program: string
  /** The file that holds the configuration. */
  readonly file: string
  readonly args: (file: string, config: string, place: Place) => ReadonlyArray<string>
  readonly env?: (place: Place) => Readonly<Record<string, string>>
  readonly stopSignal?: NodeJS.Signals
}

export const start = async (it: Program, options: Options): Promise<Configured> => {
  if (options.port !== undefined && await Ports.answers(options.port)) {
    // Its answer would pass for the one of our server.
    throw new Process.ServerFailed({ server: it.name, message: `${it.name}: port ${options.port} is taken` })
  }
  const folder = Folder.make(it.name)
  const place: Place = { host: Ports.host, port: options.port ?? await Ports.free(), folder: folder.path }
  const file = join(folder.path, it.file)
  const textOf = (text: Text): string => typeof text === "string" ? text : text(place)
  const write = (config: Text, files: Options["files"] = {}): string => {
    const text = textOf(config)
    for (const [name, content] of Object.entries({ ...files, [it.file]: text })) {
      const path = join(folder.path, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, textOf(content))
    }
    return text
  }
  const launch = (config: string): Promise<Process.Process> =>
    Process.start({
      name: it.name,
      program: it.program,
      args: it.args(file, config, place),
      cwd: folder.path,
      ready: async () => await Ports.answers(place.port) && (options.ready === undefined || await options.ready(place)),
      ...(it.env === undefined ? {} : { env: it.env(place) }),
      ...(it.stopSignal === undefined ? {} : { stopSignal: it.stopSignal })
    })
  try {
    const server = await launch(write(options.config, options.files))
    return {
      ...place,
      ...server,
      url: `http://${place.host}:${place.port}`,
      configure: async (config, files) => {
        write(config, files)
        await server.restart()
      },
      stop: () => server.stop().finally(folder.remove)
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}
